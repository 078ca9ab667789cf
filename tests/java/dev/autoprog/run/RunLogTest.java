package dev.autoprog.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.autoprog.InputException;
import dev.autoprog.progressive.growth.Strength;
import dev.autoprog.run.RunLog.Event;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** {@link RunLog}: what a line looks like, and what a resumed run keeps. */
class RunLogTest {
  @TempDir Path folder;
  private Path file;
  private final AtomicLong nanos = new AtomicLong(5_000_000_000L);

  @BeforeEach
  void nameFile() {
    file = folder.resolve("run/metrics.jsonl");
  }

  private void wait(double seconds) {
    nanos.addAndGet(Math.round(seconds * 1e9));
  }

  private List<String> lines() throws Exception {
    String text = Files.readString(file);
    assertThat(text.isEmpty() || text.endsWith("\n")).isTrue();
    return text.lines().toList();
  }

  @Test
  void aLineHasItsFieldsInOrderAndIsThereAtOnce() throws Exception {
    try (RunLog log = RunLog.create(file, nanos::get)) {
      wait(1.5);
      Map<String, Object> more = new LinkedHashMap<>();
      more.put("zeta", 1);
      more.put("alpha", List.of(112, 224));
      log.line(Event.STEP)
          .put("step", 3)
          .put("loss", 0.25f)
          .put("name", "é\n")
          .putAll(more)
          .write();
      assertThat(lines())
          .containsExactly(
              "{\"event\":\"step\",\"seconds\":1.5,\"step\":3,\"loss\":0.25,\"name\":\"é\\n\","
                  + "\"zeta\":1,\"alpha\":[112,224]}");
      wait(0.1234567);
      log.line(Event.END).write();
      assertThat(lines().get(1)).isEqualTo("{\"event\":\"end\",\"seconds\":1.623457}");
    }
  }

  @Test
  void partsOfAFieldAreNamedLikeFields() throws Exception {
    try (RunLog log = RunLog.create(file, nanos::get)) {
      log.line(Event.STAGE).put("strength", new Strength(0.25, 0.5, 0.75, 9)).write();
    }
    assertThat(lines())
        .containsExactly(
            "{\"event\":\"stage\",\"seconds\":0.0,\"strength\":"
                + "{\"stochastic_depth\":0.25,\"erase\":0.5,\"min_crop_area\":0.75,\"rand_augment\":9.0}}");
  }

  @Test
  void theEventsHaveTheirNames() throws Exception {
    try (RunLog log = RunLog.create(file)) {
      for (Event event : Event.values()) {
        log.line(event).write();
      }
    }
    List<String> names = new ArrayList<>();
    for (String line : lines()) {
      names.add(new ObjectMapper().readTree(line).path("event").asText());
    }
    assertThat(names).containsExactly("step", "stage", "eval", "search", "end");
  }

  @Test
  void aNumberThatIsNotFiniteIsNull() throws Exception {
    try (RunLog log = RunLog.create(file, nanos::get)) {
      log.line(Event.STEP)
          .put("a", Double.NaN)
          .put("b", Float.POSITIVE_INFINITY)
          .put("c", new double[] {1, Double.NEGATIVE_INFINITY})
          .put("d", Map.of("e", List.of(Float.NaN)))
          .put("f", null)
          .put("g", "NaN")
          .write();
    }
    assertThat(lines())
        .containsExactly(
            "{\"event\":\"step\",\"seconds\":0.0,\"a\":null,\"b\":null,\"c\":[1.0,null],"
                + "\"d\":{\"e\":[null]},\"f\":null,\"g\":\"NaN\"}");
  }

  @Test
  void aFieldTwiceIsAProgrammersError() throws Exception {
    try (RunLog log = RunLog.create(file)) {
      assertThatThrownBy(() -> log.line(Event.STEP).put("seconds", 1))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void anExistingLogIsNotOverwritten() throws Exception {
    RunLog.create(file).close();
    assertThatThrownBy(() -> RunLog.create(file))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("metrics.jsonl")
        .hasMessageContaining("exists");
    assertThatThrownBy(() -> RunLog.create(file.resolve("below")))
        .isInstanceOf(InputException.class);
  }

  private static final String STEP_1 = "{\"event\":\"step\",\"seconds\":1.0,\"step\":1}\n";
  private static final String STAGE = "{\"event\":\"stage\",\"seconds\":1.2}\n";
  private static final String STEP_2 = "{\"event\":\"step\",\"seconds\":2.0,\"step\":2}\n";
  private static final String EVAL_2 = "{\"event\":\"eval\",\"seconds\":2.5,\"step\":2}\n";
  private static final String SEARCH = "{\"event\":\"search\",\"seconds\":2.7}\n";
  private static final String STEP_3 = "{\"event\":\"step\",\"seconds\":3.0,\"step\":3}\n";
  private static final String ALL = STEP_1 + STAGE + STEP_2 + EVAL_2 + SEARCH + STEP_3;

  private void resume(String content, long step) throws Exception {
    Files.createDirectories(file.getParent());
    Files.writeString(file, content);
    RunLog.resume(file, step, 0).close();
  }

  @ParameterizedTest
  @CsvSource({"0, 0", "1, 1", "2, 4", "3, 6", "99, 6"})
  void linesAfterTheCheckpointAreCutOff(long step, int kept) throws Exception {
    resume(ALL, step);
    assertThat(lines()).isEqualTo(ALL.lines().limit(kept).toList());
  }

  @Test
  void aHalfWrittenLastLineIsDropped() throws Exception {
    for (int length = 1; length < STEP_3.length(); length++) {
      resume(STEP_1 + STEP_3.substring(0, length), 9);
      assertThat(Files.readString(file)).isEqualTo(STEP_1);
    }
  }

  @Test
  void whatIsCutOffNeedNotBeValid() throws Exception {
    resume(STEP_1 + "\0\0\0\n" + "[]\n" + "{\n", 1);
    assertThat(Files.readString(file)).isEqualTo(STEP_1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"{x", "[1]", "", "{\"step\":1"})
  void aDamagedLineThatWouldBeKeptIsReported(String damaged) throws Exception {
    String content = STEP_1 + damaged + "\n" + STEP_2;
    assertThatThrownBy(() -> resume(content, 2))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("metrics.jsonl, line 2: no JSON object");
    assertThat(Files.readString(file)).isEqualTo(content);
  }

  @Test
  void timeGoesOnFromTheCheckpoint() throws Exception {
    resume(ALL, 2);
    try (RunLog log = RunLog.resume(file, 2, 10, nanos::get)) {
      wait(0.5);
      assertThat(log.seconds()).isEqualTo(10.5);
      log.line(Event.STEP).put("step", 3).write();
    }
    assertThat(lines())
        .hasSize(5)
        .last()
        .isEqualTo("{\"event\":\"step\",\"seconds\":10.5,\"step\":3}");
  }

  @Test
  void timeNeverGoesBack() throws Exception {
    resume(ALL, 2);
    try (RunLog log = RunLog.resume(file, 2, 2.1, nanos::get)) {
      assertThat(log.seconds()).isEqualTo(2.5);
    }
  }

  @Test
  void aMissingLogIsBegunAnewWithAWarning() throws Exception {
    try (CapturedLog warnings = new CapturedLog()) {
      try (RunLog log = RunLog.resume(file, 2, 3, nanos::get)) {
        log.line(Event.STEP).write();
      }
      assertThat(warnings.text()).contains("metrics.jsonl is missing");
    }
    assertThat(lines()).containsExactly("{\"event\":\"step\",\"seconds\":3.0}");
  }

  @Test
  void aClosedLogRefuses() throws Exception {
    RunLog log = RunLog.create(file);
    log.close();
    log.close();
    assertThatThrownBy(() -> log.line(Event.END).write()).isInstanceOf(InputException.class);
  }
}
