package dev.autoprog.cli.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.autoprog.cli.report.RunMetrics.End;
import dev.autoprog.cli.report.RunMetrics.Evaluation;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@link Comparison} and what is written of it, against numbers worked out by hand. */
class ComparisonTest {
  @TempDir Path folder;

  /** A run whose evaluations come after 10, 20, … seconds. */
  private static ComparedRun run(
      String arm, long seed, double train, double search, double... accuracies) {
    List<Evaluation> evaluations = new ArrayList<>();
    for (double accuracy : accuracies) {
      evaluations.add(new Evaluation(10.0 * (evaluations.size() + 1), accuracy));
    }
    End end = new End(accuracies[accuracies.length - 1], train, search, 1, 100);
    RunMetrics metrics =
        new RunMetrics(List.of(), evaluations, List.of(), List.of(), Optional.of(end));
    return new ComparedRun(arm, seed, "momentum", arm + "/seed-" + seed, metrics);
  }

  private static final Comparison TWO_SEEDS =
      new Comparison(
          List.of(
              run("full", 1, 100, 0, 0.52, 0.70, 0.80),
              run("full", 2, 120, 0, 0.50, 0.72, 0.82),
              run("autoprog-one", 1, 40, 10, 0.60, 0.78, 0.83),
              run("autoprog-one", 2, 75, 5, 0.55, 0.69, 0.79),
              run("manual", 3, 50, 0, 0.60)));

  @Test
  void aSpeedupIsFullsWorkOverTheArmsWorkSeedBySeed() {
    assertThat(TWO_SEEDS.arms()).containsExactly("full", "autoprog-one", "manual");
    assertThat(TWO_SEEDS.speedups("autoprog-one")).containsEntry(1L, 2.0).containsEntry(2L, 1.5);
    assertThat(TWO_SEEDS.speedups("full")).containsEntry(1L, 1.0).containsEntry(2L, 1.0);
    assertThat(TWO_SEEDS.speedups("manual")).isEmpty();
    assertThat(TWO_SEEDS.accuracyGains("autoprog-one").get(1L)).isCloseTo(0.03, within(1e-12));
    assertThat(TWO_SEEDS.accuracyGains("autoprog-one").get(2L)).isCloseTo(-0.03, within(1e-12));
  }

  @Test
  void aSpreadIsThatOfASample() {
    Spread spread = Spread.of(List.of(2.0, 1.5, 1.0));
    assertThat(spread).isEqualTo(new Spread(1.5, 0.5, 1, 2));
    assertThat(Spread.of(List.of(3.0))).isEqualTo(new Spread(3, null, 3, 3));
    assertThatThrownBy(() -> Spread.of(List.of())).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void levelsAreThoseThatSomeRunReachedWhileWatched() {
    // the worst first evaluation had 50 %, the best of all 83 %
    assertThat(TWO_SEEDS.levels())
        .containsExactly(0.55, 0.60, 0.65, 0.70, 0.75, 0.80, 0.81, 0.82, 0.83);
    assertThat(new Comparison(List.of()).levels()).isEmpty();
  }

  @Test
  void aTimeToAccuracyIsTheMeanOverSeedsThatAllReachedIt() {
    assertThat(TWO_SEEDS.secondsTo("autoprog-one", 0.55)).contains(new Spread(10, 0.0, 10, 10));
    Spread seventy = TWO_SEEDS.secondsTo("autoprog-one", 0.70).orElseThrow();
    assertThat(seventy.mean()).isEqualTo(25);
    assertThat(seventy.std()).isCloseTo(Math.sqrt(50), within(1e-12));
    assertThat(TWO_SEEDS.secondsTo("autoprog-one", 0.80)).isEmpty();
    assertThat(TWO_SEEDS.secondsTo("full", 0.80)).contains(new Spread(30, 0.0, 30, 30));
  }

  @Test
  void theSummaryHasEveryRunAndTheSpeedupWithItsSpread() throws Exception {
    Path file = folder.resolve("summary.json");
    SummaryFile.write(file, new Setting("tiny", "ViT", 3, 10, "a machine", 2), TWO_SEEDS);
    JsonNode summary = new ObjectMapper().readTree(file.toFile());
    JsonNode arm = summary.at("/arms/autoprog-one");
    assertThat(arm.at("/speedup/mean").asDouble()).isEqualTo(1.75);
    assertThat(arm.at("/speedup/std").asDouble()).isCloseTo(Math.sqrt(0.125), within(1e-12));
    assertThat(arm.at("/speedup/least").asDouble()).isEqualTo(1.5);
    assertThat(arm.at("/speedup/greatest").asDouble()).isEqualTo(2);
    assertThat(arm.at("/speedup/seeds/2").asDouble()).isEqualTo(1.5);
    assertThat(arm.at("/runs/1/seed").asLong()).isEqualTo(2);
    assertThat(arm.at("/runs/1/train_seconds").asDouble()).isEqualTo(75);
    assertThat(arm.at("/runs/1/search_seconds").asDouble()).isEqualTo(5);
    assertThat(arm.at("/runs/1/evaluation_seconds").asDouble()).isEqualTo(1);
    assertThat(arm.at("/runs/1/test_accuracy").asDouble()).isEqualTo(0.79);
    assertThat(arm.at("/runs/0/seconds_to_accuracy/3/accuracy").asDouble()).isEqualTo(0.7);
    assertThat(arm.at("/runs/0/seconds_to_accuracy/3/seconds").asDouble()).isEqualTo(20);
    assertThat(arm.at("/runs/1/seconds_to_accuracy/8/seconds").isNull()).isTrue();
    assertThat(summary.at("/arms/manual/speedup").isNull()).isTrue();
    assertThat(summary.at("/arms/manual/test_accuracy/std").isNull()).isTrue();
  }

  @Test
  void theTableTellsOfSpreadOnlyWhereThereIsOne() {
    assertThat(ResultTable.rows(TWO_SEEDS))
        .containsExactly(
            List.of(
                "full",
                "81.0 ± 1.4 %",
                "+0.0",
                "110.0 ± 14.1 s",
                "0.0 ± 0.0 s",
                "1.0 ± 0.0 s",
                "1.00× (1.00 – 1.00)"),
            List.of(
                "autoprog-one",
                "81.0 ± 2.8 %",
                "+0.0",
                "57.5 ± 24.7 s",
                "7.5 ± 3.5 s",
                "1.0 ± 0.0 s",
                "1.75× (1.50 – 2.00)"),
            List.of("manual", "60.0 %", "–", "50.0 s", "0.0 s", "1.0 s", "–"));
  }
}
