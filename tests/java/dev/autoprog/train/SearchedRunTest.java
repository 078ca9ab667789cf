package dev.autoprog.train;

import static dev.autoprog.train.RunFiles.assertSameCheckpoint;
import static dev.autoprog.train.RunFiles.events;
import static dev.autoprog.train.RunFiles.lines;
import static dev.autoprog.train.RunFiles.losses;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import com.fasterxml.jackson.databind.JsonNode;
import dev.autoprog.InputException;
import dev.autoprog.backend.Backend;
import dev.autoprog.backend.Session;
import dev.autoprog.config.ConfigFile;
import dev.autoprog.data.DataSplit;
import dev.autoprog.data.ImageDataset;
import dev.autoprog.progressive.growth.GrowthOperator;
import dev.autoprog.progressive.growth.Stage;
import dev.autoprog.progressive.search.Candidate;
import dev.autoprog.progressive.search.SearchDecision;
import dev.autoprog.progressive.search.SearchSpace;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * AutoProg-One: three stages of two epochs of six steps, the first epoch of two stages a search.
 */
class SearchedRunTest {
  @TempDir Path directory;

  private static RunConfig config(String... overrides) throws InputException {
    List<String> all =
        new ArrayList<>(
            List.of(
                "progressive.schedule=search",
                "progressive.search.epochs=1",
                "progressive.search.batches=2",
                "progressive.search.probes=3"));
    all.addAll(List.of(overrides));
    return TinyRuns.config(all.toArray(String[]::new));
  }

  private static List<JsonNode> searches(Path run) throws Exception {
    return lines(run).stream().filter(line -> line.get("event").asText().equals("search")).toList();
  }

  /** What was decided, and from what; seconds are left out. */
  private static List<String> decisions(Path run) throws Exception {
    return searches(run).stream()
        .map(s -> s.get("stage") + " " + s.get("candidates") + s.get("w") + s.get("winner"))
        .toList();
  }

  @Test
  void everyStageButTheLastIsSearchedAndTrainsItsWinner() throws Exception {
    List<String> heard = new ArrayList<>();
    TrainingListener listener =
        new TrainingListener() {
          @Override
          public void searchStarted(Stage planned, SearchSpace space) {
            heard.add("search " + planned.index());
          }

          @Override
          public void searched(Stage stage, SearchDecision decision) {
            heard.add(
                "found " + stage.index() + " " + Candidate.of(stage).equals(decision.winner()));
          }

          @Override
          public void stageStarted(Stage stage, long steps) {
            heard.add("stage " + stage.index());
          }
        };
    RunSummary summary = TinyRuns.train(config(), directory, listener);
    assertThat(heard)
        .containsExactly(
            "search 0",
            "found 0 true",
            "stage 0",
            "search 1",
            "found 1 true",
            "stage 1",
            "stage 2");
    assertThat(summary.complete()).isTrue();
    assertThat(summary.steps()).isEqualTo(36);
    assertThat(summary.searchSeconds()).isPositive();

    List<StageReport> stages = summary.stages();
    StageReport last = stages.get(2);
    assertThat(last.depth()).isEqualTo(4);
    for (int s = 0; s < 2; s++) {
      JsonNode search = searches(directory).get(s);
      assertThat(search.get("winner").get("depth").asInt()).isEqualTo(stages.get(s).depth());
      assertThat(search.get("winner").get("resolution").asInt())
          .isEqualTo(stages.get(s).resolution());
      assertThat(stages.get(s).depth()).isLessThanOrEqualTo(stages.get(s + 1).depth());
      assertThat(stages.get(s).steps()).isEqualTo(12);
      for (JsonNode candidate : search.get("candidates")) {
        assertThat(candidate.get("losses")).hasSize(3);
        assertThat(candidate.get("parameters").asDouble()).isPositive();
        assertThat(candidate.get("flops").asDouble()).isPositive();
      }
    }
    assertThat(searches(directory)).hasSize(2);
  }

  /** Steps of a search are spread over its candidates, those behind it are of the winner alone. */
  @Test
  void aSearchTrainsItsCandidatesByTurns() throws Exception {
    TinyRuns.train(
        config("training.epochs=27", "progressive.search.epochs=8"),
        directory,
        TrainingListener.NONE);
    List<String> searched = networks(0, 48);
    assertThat(searched.stream().distinct().count())
        .isEqualTo(searches(directory).get(0).get("candidates").size());
    assertThat(networks(48, 54).stream().distinct()).hasSize(1);
  }

  private List<String> networks(long from, long to) throws Exception {
    return lines(directory).stream()
        .filter(line -> line.get("event").asText().equals("step"))
        .filter(line -> line.get("step").asLong() >= from && line.get("step").asLong() < to)
        .map(line -> line.get("resolution") + " " + line.get("depth"))
        .toList();
  }

  /** In searches, at their ends, behind them, at the end of a stage, in the unsearched stage. */
  @ParameterizedTest
  @ValueSource(longs = {1, 3, 6, 7, 12, 13, 17, 18, 20, 24, 30})
  void aRunThatWasStoppedReachesTheSameBits(long stopAfter) throws Exception {
    assertStoppedAfter(stopAfter, config());
  }

  /** In the second search, when blocks have been added. */
  @ParameterizedTest
  @EnumSource(GrowthOperator.class)
  void aRunThatGrowsByAnyOperatorReachesTheSameBits(GrowthOperator operator) throws Exception {
    String name = operator.name().toLowerCase(Locale.ROOT);
    RunConfig config = config("progressive.operator=" + name, "progressive.depth_scale=0.25");
    assertStoppedAfter(16, config);
    assertThat(searches(directory.resolve("whole")).get(0).get("candidates"))
        .extracting(candidate -> candidate.get("depth").asInt())
        .contains(1, 4);
  }

  private void assertStoppedAfter(long steps, RunConfig config) throws Exception {
    Path whole = directory.resolve("whole");
    Path broken = directory.resolve("broken");
    assertThat(TinyRuns.train(config, whole, TrainingListener.NONE).complete()).isTrue();
    assertThat(TinyRuns.trainUntil(steps, config, broken).complete()).isFalse();
    assertThat(TinyRuns.resume(Trainer.configOf(broken), broken).complete()).isTrue();

    assertSameCheckpoint(whole, broken);
    assertThat(losses(broken)).isEqualTo(losses(whole));
    assertThat(events(broken)).isEqualTo(events(whole));
    assertThat(decisions(broken)).isEqualTo(decisions(whole));
  }

  /**
   * Of 9 steps, or of 4: stages of two epochs of six go on with the winner in the middle of one.
   */
  @ParameterizedTest
  @ValueSource(doubles = {1.5, 0.66})
  void aSearchThatEndsWithinAnEpochLeavesItsRestToTheWinner(double epochs) throws Exception {
    RunConfig config = config("progressive.search.epochs=" + epochs);
    Path whole = directory.resolve("whole");
    Path broken = directory.resolve("broken");
    RunSummary summary = TinyRuns.train(config, whole, TrainingListener.NONE);
    assertThat(summary.steps()).isEqualTo(36);
    assertThat(summary.stages()).extracting(StageReport::steps).containsExactly(12L, 12L, 12L);
    long searched = Math.round(6 * epochs);
    assertThat(searches(whole).get(0).get("step").asLong()).isEqualTo(searched);
    assertThat(lines(whole).stream().filter(l -> l.get("event").asText().equals("eval")))
        .hasSize(6);

    TinyRuns.trainUntil(1, config, broken);
    for (long steps = 2; steps <= 24; steps++) {
      TinyRuns.resumeUntil(steps, config, broken);
    }
    TinyRuns.resume(config, broken);
    assertSameCheckpoint(whole, broken);
    assertThat(decisions(broken)).isEqualTo(decisions(whole));
  }

  /** A longer search with the same winners, the fastest, ends with the same weights. */
  @Test
  void withoutInheritanceTheSearchIsBesideTheRun() throws Exception {
    Path brief = directory.resolve("brief");
    Path lengthy = directory.resolve("lengthy");
    RunConfig config =
        config("progressive.search.inherit=false", "progressive.search.least_time_weight=50");
    RunSummary summary = TinyRuns.train(config, brief, TrainingListener.NONE);
    TinyRuns.train(
        ConfigFile.override(config, List.of("progressive.search.epochs=2.5")),
        lengthy,
        TrainingListener.NONE);
    assertThat(summary.stages()).extracting(StageReport::steps).containsExactly(12L, 12L, 12L);
    assertThat(winners(brief)).isEqualTo(winners(lengthy));
    assertThat(decisions(brief)).isNotEqualTo(decisions(lengthy));
    assertThat(losses(brief)).hasSize(36).isEqualTo(losses(lengthy));
    assertSameCheckpoint(brief, lengthy);
  }

  private static List<JsonNode> winners(Path run) throws Exception {
    return searches(run).stream().map(search -> search.get("winner")).toList();
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aRunThatIsStoppedAfterEveryStepReachesTheSameBits(boolean inherit) throws Exception {
    RunConfig config = config("progressive.search.inherit=" + inherit);
    Path whole = directory.resolve("whole");
    Path broken = directory.resolve("broken");
    TinyRuns.train(config, whole, TrainingListener.NONE);
    TinyRuns.trainUntil(1, config, broken);
    for (long steps = 2; steps <= 36; steps++) {
      TinyRuns.resumeUntil(steps, config, broken);
    }
    TinyRuns.resume(config, broken);
    assertSameCheckpoint(whole, broken);
    assertThat(events(broken)).isEqualTo(events(whole));
    assertThat(decisions(broken)).isEqualTo(decisions(whole));
  }

  /** With a checkpoint after every step and every measurement, and a death at any of them. */
  @ParameterizedTest
  @CsvSource({
    "searchStarted,true", "searched,true", "stageStarted,true", "evaluated,true",
    "stageFinished,true", "searchStarted,false", "searched,false", "stageFinished,false"
  })
  void aRunThatDiedReachesTheSameBits(String moment, boolean inherit) throws Exception {
    RunConfig config =
        config("training.checkpoint_seconds=1e-9", "progressive.search.inherit=" + inherit);
    Path whole = directory.resolve("whole");
    Path broken = directory.resolve("broken");
    TinyRuns.train(config, whole, TrainingListener.NONE);
    assertThatThrownBy(() -> TinyRuns.train(config, broken, dyingAt(moment))).hasMessage("dead");
    TinyRuns.resume(config, broken);
    assertSameCheckpoint(whole, broken);
    assertThat(events(broken)).isEqualTo(events(whole));
    assertThat(decisions(broken)).isEqualTo(decisions(whole));
  }

  /** At the end of a search's first epoch, of two. */
  @Test
  void aRunThatWasStoppedWhileTheSupernetWasEvaluatedReachesTheSameBits() throws Exception {
    RunConfig config = config("progressive.search.epochs=2");
    Path whole = directory.resolve("whole");
    Path broken = directory.resolve("broken");
    TinyRuns.train(config, whole, TrainingListener.NONE);
    Trainer[] trainer = new Trainer[1];
    DataSplit stopping =
        new DataSplit(
            TinyRuns.IMAGES.name(),
            TinyRuns.IMAGES.train(),
            callingAtRead(1, TinyRuns.IMAGES.test(), () -> trainer[0].requestStop()));
    try (Session session = Session.open(Backend.named(config.backend()))) {
      trainer[0] = TinyRuns.trainer(session, config, broken, TrainingListener.NONE).on(stopping);
      assertThat(trainer[0].train().steps()).isEqualTo(6);
    }
    assertThat(events(broken)).noneMatch(event -> event.startsWith("eval"));
    TinyRuns.resume(config, broken);
    assertSameCheckpoint(whole, broken);
    assertThat(events(broken)).isEqualTo(events(whole));
    assertThat(decisions(broken)).isEqualTo(decisions(whole));
  }

  /** In its probes and its steps. */
  @ParameterizedTest
  @ValueSource(ints = {20, 500, 1000, 1200})
  void aRunThatWasStoppedInASearchBesideItReachesTheSameBits(int reads) throws Exception {
    RunConfig config = config("progressive.search.inherit=false", "progressive.search.epochs=12");
    Path whole = directory.resolve("whole");
    Path broken = directory.resolve("broken");
    TinyRuns.train(config, whole, TrainingListener.NONE);
    Trainer[] trainer = new Trainer[1];
    DataSplit stopping =
        new DataSplit(
            TinyRuns.IMAGES.name(),
            callingAtRead(reads, TinyRuns.IMAGES.train(), () -> trainer[0].requestStop()),
            TinyRuns.IMAGES.test());
    try (Session session = Session.open(Backend.named(config.backend()))) {
      trainer[0] = TinyRuns.trainer(session, config, broken, TrainingListener.NONE).on(stopping);
      assertThat(trainer[0].train().steps()).isZero();
    }
    assertThat(events(broken)).isEmpty();
    TinyRuns.resume(config, broken);
    assertSameCheckpoint(whole, broken);
    assertThat(events(broken)).isEqualTo(events(whole));
    assertThat(decisions(broken)).isEqualTo(decisions(whole));
  }

  private static ImageDataset callingAtRead(int read, ImageDataset images, Runnable action) {
    AtomicInteger reads = new AtomicInteger();
    return (ImageDataset)
        Proxy.newProxyInstance(
            SearchedRunTest.class.getClassLoader(),
            new Class<?>[] {ImageDataset.class},
            (proxy, method, arguments) -> {
              if (method.getName().equals("read") && reads.incrementAndGet() == read) {
                action.run();
              }
              return method.invoke(images, arguments);
            });
  }

  private static TrainingListener dyingAt(String moment) {
    return (TrainingListener)
        Proxy.newProxyInstance(
            SearchedRunTest.class.getClassLoader(),
            new Class<?>[] {TrainingListener.class},
            (proxy, method, arguments) -> {
              if (method.getName().equals(moment)) {
                throw new IllegalStateException("dead");
              }
              return null;
            });
  }

  @Test
  void aSearchThatIsLongerThanItsStageIsRefused() {
    assertThatThrownBy(
            () ->
                TinyRuns.train(
                    config("progressive.search.epochs=3"), directory, TrainingListener.NONE))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("a search of 3.0 epochs in a stage of 2");
  }

  @Test
  void aSearchWithoutAveragesIsRefused() {
    assertThatThrownBy(() -> config("averages.decays=[]", "progressive.operator=stack"))
        .hasMessageContaining("at least one for a search");
  }

  /** Of one block and a resolution that cannot shrink there is one candidate. */
  @Test
  void withOneCandidateNothingIsSearched() throws Exception {
    RunConfig config = config("model.depth=1", "progressive.resolution_scale=1");
    TinyRuns.train(config, directory, TrainingListener.NONE);
    for (JsonNode search : searches(directory)) {
      assertThat(search.get("reason").asText()).contains("the only candidate");
      assertThat(search.get("fallback").asText()).contains("one candidate");
    }
    assertThat(searches(directory)).hasSize(2);
  }

  @Test
  void whatASearchFoundCanBeTrainedAgainWithoutOne() throws Exception {
    RunSummary found = TinyRuns.train(config(), directory.resolve("found"), TrainingListener.NONE);
    RunConfig given =
        ConfigFile.override(
            config("seed=5"), ScheduleFile.settings(directory.resolve("found/schedule.yaml")));
    RunSummary again = TinyRuns.train(given, directory.resolve("again"), TrainingListener.NONE);
    assertThat(again.stages())
        .extracting(StageReport::epochs, StageReport::resolution, StageReport::depth)
        .isEqualTo(
            found.stages().stream()
                .map(s -> tuple(s.epochs(), s.resolution(), s.depth()))
                .toList());
    assertThat(again.searchSeconds()).isZero();
    assertThat(searches(directory.resolve("again"))).isEmpty();
  }

  @Test
  void aScheduleThatDoesNotFitTheRunIsRefused() throws Exception {
    TinyRuns.train(config(), directory.resolve("found"), TrainingListener.NONE);
    RunConfig given =
        ConfigFile.override(
            config(), ScheduleFile.settings(directory.resolve("found/schedule.yaml")));
    assertThatThrownBy(() -> trainGiven(given, "training.epochs=7"))
        .hasMessageContaining("progressive.given lasts 6 epochs, training.epochs is 7");
    assertThatThrownBy(() -> trainGiven(given, "model.depth=5"))
        .hasMessageContaining("expected the full network, 5 at");
    assertThatThrownBy(() -> trainGiven(given, "progressive.stages=2"))
        .hasMessageContaining("as many stages as progressive.stages, 2");
    assertThatThrownBy(
            () ->
                trainGiven(
                    given,
                    "progressive.given=[{epochs: 3, resolution: 7, depth: 2}, {epochs: 3, resolution: 12, depth: 4}]",
                    "progressive.stages=2"))
        .hasMessageContaining("stage 0: 7 px are no multiple of the patch");
  }

  private void trainGiven(RunConfig given, String... overrides) throws Exception {
    TinyRuns.train(
        ConfigFile.override(given, List.of(overrides)),
        directory.resolve("refused"),
        TrainingListener.NONE);
  }

  @Test
  void theScheduleOfARunWithoutAFinishedStageIsRefused() throws Exception {
    Path file = directory.resolve("schedule.yaml");
    ConfigFile.write(file, new ScheduleFile(List.of()));
    assertThatThrownBy(() -> ScheduleFile.settings(file))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("no stages");
  }
}
