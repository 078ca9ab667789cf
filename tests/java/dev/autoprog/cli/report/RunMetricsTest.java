package dev.autoprog.cli.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.autoprog.InputException;
import dev.autoprog.cli.report.RunMetrics.Candidate;
import dev.autoprog.cli.report.RunMetrics.Evaluation;
import dev.autoprog.cli.report.RunMetrics.Search;
import dev.autoprog.cli.report.RunMetrics.StageBegin;
import dev.autoprog.cli.report.RunMetrics.Step;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@link RunMetrics}: what a log comes to on the clock of the work. */
class RunMetricsTest {
  private static final int BATCH = 10;

  /** Steps of 0.1, 0.2 and 0.5 s, and a search of 2 s between the second and the third. */
  static final String LOG =
      """
      {"event":"step","seconds":1,"step":0,"stage":0,"loss":2.0,"images_per_second":100}
      {"event":"step","seconds":2,"step":1,"stage":0,"loss":null,"images_per_second":50}
      {"event":"eval","seconds":9,"step":1,"stage":0,"epoch":1,"train_loss":1,"test_accuracy":0.5}
      {"event":"search","seconds":12,"step":2,"stage":0,"candidates":[\
      {"resolution":16,"depth":3,"losses":[1.5,1.25],"mean_loss":1.375,"step_seconds":0.002,\
      "score":1.4,"score_error":0.01,"parameters":1000000,"flops":2000000.0},\
      {"resolution":16,"depth":4,"losses":[1.5,null],"mean_loss":null,"step_seconds":0.003,\
      "score":null},{"resolution":20,"depth":3}],"a":null,"b":null,"w":0.0,"fallback":"too few",\
      "winner":{"resolution":16,"depth":3},"reason":"It is faster.","search_seconds":2.0}
      {"event":"stage","seconds":12,"step":2,"stage":0,"resolution":16,"depth":3,"epochs":2,\
      "strength":{"erase":0.25}}
      {"event":"novelty","seconds":12}
      {"event":"step","seconds":13,"step":2,"stage":0,"loss":1.0,"images_per_second":20}
      {"event":"eval","seconds":14,"step":2,"stage":0,"epoch":2,"train_loss":1,"test_accuracy":0.7}
      {"event":"end","seconds":15,"test_accuracy":0.7,"train_seconds":0.8,"search_seconds":2.0,\
      "evaluation_seconds":8.0,"steps":3}
      """;

  @TempDir Path folder;

  private RunMetrics read(String log) throws Exception {
    Path file = folder.resolve("metrics.jsonl");
    Files.writeString(file, log);
    return RunMetrics.read(file, BATCH);
  }

  @Test
  void theClockCountsStepsAndSearchesAndNothingElse() throws Exception {
    RunMetrics metrics = read(LOG);
    assertThat(metrics.steps().stream().map(Step::seconds).toList())
        .usingElementComparator((a, b) -> Math.abs(a - b) < 1e-9 ? 0 : Double.compare(a, b))
        .containsExactly(0.1, 0.3, 2.8);
    assertThat(metrics.end().orElseThrow().trainSeconds()).isCloseTo(0.8, within(1e-9));
    assertThat(metrics.end().orElseThrow().searchSeconds()).isCloseTo(2.0, within(1e-9));
    assertThat(metrics.evaluations().stream().map(Evaluation::accuracy)).containsExactly(0.5, 0.7);
    assertThat(metrics.evaluations().get(0).seconds()).isCloseTo(0.3, within(1e-9));
    StageBegin stage = metrics.stages().get(0);
    assertThat(stage.seconds()).isCloseTo(2.3, within(1e-9));
    assertThat(stage.strength()).containsOnlyKeys("erase").containsEntry("erase", 0.25);
  }

  @Test
  void anAccuracyIsReachedByTheFirstEvaluationThatHasIt() throws Exception {
    RunMetrics metrics = read(LOG);
    assertThat(metrics.secondsTo(0.5).getAsDouble()).isCloseTo(0.3, within(1e-9));
    assertThat(metrics.secondsTo(0.51).getAsDouble()).isCloseTo(2.8, within(1e-9));
    assertThat(metrics.secondsTo(0.71)).isEmpty();
  }

  @Test
  void aSearchHasItsTableAndWhatTheLogDoesNotKnowIsNaN() throws Exception {
    Search search = read(LOG).searches().get(0);
    assertThat(search.candidates())
        .extracting(Candidate::chosen)
        .containsExactly(true, false, false);
    assertThat(search.candidates().get(0))
        .isEqualTo(
            new Candidate(16, 3, List.of(1.5, 1.25), 1.375, 0.002, 1.4, 0.01, 1e6, 2e6, true));
    assertThat(search.candidates().get(1).meanLoss()).isNaN();
    assertThat(search.candidates().get(1).losses().get(1)).isNaN();
    assertThat(search.candidates().get(1).parameters()).isNaN();
    assertThat(search.a()).isNaN();
    assertThat(search.w()).isZero();
    assertThat(search.fallback()).isEqualTo("too few");
    assertThat(search.seconds()).isCloseTo(2.3, within(1e-9));
    assertThat(read(LOG).steps().get(1).loss()).isNaN();
  }

  @Test
  void aRunThatWasKilledHasNoEndAndMayHaveHalfALine() throws Exception {
    RunMetrics metrics = read(LOG.substring(0, LOG.length() - 20));
    assertThat(metrics.end()).isEmpty();
    assertThat(metrics.steps()).hasSize(3);
  }

  @Test
  void aDamagedLineIsNamed() {
    assertThatThrownBy(() -> read(LOG.replaceFirst("\\{\"event\":\"eval\"", "{event")))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("metrics.jsonl, line 3");
    assertThatThrownBy(() -> RunMetrics.read(folder.resolve("none.jsonl"), BATCH))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("none.jsonl");
  }
}
