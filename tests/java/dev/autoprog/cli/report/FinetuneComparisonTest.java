package dev.autoprog.cli.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.autoprog.cli.report.FinetuneMetrics.End;
import dev.autoprog.cli.report.FinetuneMetrics.Search;
import dev.autoprog.cli.report.FinetuneMetrics.StageBegin;
import dev.autoprog.cli.report.FinetuneMetrics.Validation;
import dev.autoprog.progressive.unfreeze.Unfreezing;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@link FinetuneComparison} and {@link FinetuneMetrics}, against numbers worked out by hand. */
class FinetuneComparisonTest {
  @TempDir Path folder;

  private static FinetunedRun run(
      String arm, long seed, double error, double frechet, Double accuracy, double... seconds) {
    End end = new End(error, seconds[0], seconds[1], 2, 100);
    return new FinetunedRun(
        arm,
        seed,
        arm + "/seed-" + seed,
        new FinetuneMetrics(List.of(), List.of(), List.of(), List.of(), Optional.of(end)),
        new SampleQuality("run:a", "0f", 20, frechet, accuracy, accuracy == null ? null : 0.9),
        Path.of("samples.png"));
  }

  private static final FinetuneComparison TWO_SEEDS =
      new FinetuneComparison(
          List.of(
              run("full", 1, 0.08, 6, 0.75, 100, 0),
              run("full", 2, 0.10, 8, 0.85, 120, 0),
              run("autoprog-zero", 1, 0.10, 12, 0.5, 40, 10),
              run("autoprog-zero", 2, 0.115, 9, 0.7, 75, 5),
              run("manual", 3, 0.09, 7, null, 50, 0)));

  @Test
  void eachMeasureIsSetAgainstFullsOfTheSameSeed() {
    assertThat(TWO_SEEDS.speedups("autoprog-zero")).containsEntry(1L, 2.0).containsEntry(2L, 1.5);
    assertThat(TWO_SEEDS.errorRatios("autoprog-zero").get(1L)).isCloseTo(1.25, within(1e-12));
    assertThat(TWO_SEEDS.errorRatios("autoprog-zero").get(2L)).isCloseTo(1.15, within(1e-12));
    assertThat(TWO_SEEDS.frechetDifferences("autoprog-zero"))
        .containsEntry(1L, 6.0)
        .containsEntry(2L, 1.0);
    assertThat(TWO_SEEDS.speedups("manual")).isEmpty();
    assertThat(TWO_SEEDS.classAccuracy("manual")).isEmpty();
    assertThat(TWO_SEEDS.realAccuracy()).contains(0.9);
  }

  @Test
  void theTableTellsOfSpreadOnlyWhereThereIsOne() {
    List<List<List<String>>> tables = FinetuneTable.tables(TWO_SEEDS);
    assertThat(tables.get(0))
        .startsWith(FinetuneTable.QUALITY)
        .endsWith(
            List.of(
                "autoprog-zero",
                "0.1075 ± 0.0106",
                "1.20× (1.15 – 1.25)",
                "10.50 ± 2.12",
                "+3.50",
                "60.0 ± 14.1 %"),
            List.of("manual", "0.0900", "–", "7.00", "–", "–"));
    assertThat(tables.get(1))
        .startsWith(FinetuneTable.TIME)
        .endsWith(
            List.of(
                "autoprog-zero",
                "57.5 ± 24.7 s",
                "7.5 ± 3.5 s",
                "2.0 ± 0.0 s",
                "1.75× (1.50 – 2.00)"),
            List.of("manual", "50.0 s", "0.0 s", "2.0 s", "–"));
    assertThat(tables).hasSize(2).allSatisfy(table -> assertThat(table).hasSize(4));
  }

  @Test
  void aLogComesToItsWorkAndItsSearches() throws Exception {
    Path file = folder.resolve("metrics.jsonl");
    Files.writeString(
        file,
        """
        {"event":"search","seconds":2,"step":0,"stage":0,"candidates":[\
        {"candidate":{"resolution":14,"level":1},"measures":{"step_seconds":0.5,\
        "trainability":{"kappa":null,"obstacle":"two samples are alike"},"zico":3.5,\
        "cost":{"parameters":1000,"flops":null}},\
        "ranks":{"time":1,"ntk":2,"zico":2,"vote":3.0}},\
        {"candidate":{"resolution":28,"level":2},"measures":{"step_seconds":0.75,\
        "trainability":{"kappa":12.5,"obstacle":""},"zico":4.5,\
        "cost":{"parameters":2000,"flops":5000}},\
        "ranks":{"time":2,"ntk":1,"zico":1,"vote":2.5}}],\
        "winner":{"resolution":28,"level":2},"reason":"It is better.","search_seconds":2.0}
        {"event":"stage","seconds":2,"step":0,"stage":0,"resolution":28,"level":2,"steps":2}
        {"event":"step","seconds":3,"step":0,"stage":0,"loss":1.5,"images_per_second":100}
        {"event":"step","seconds":4,"step":1,"stage":0,"loss":1.0,"images_per_second":50}
        {"event":"eval","seconds":9,"step":2,"stage":0,"validation_mse":0.5}
        {"event":"end","seconds":9,"validation_mse":0.5,"train_seconds":0.3,"search_seconds":2.0,\
        "validation_seconds":4.0,"full_seconds":0.4,"steps":2}
        """);
    FinetuneMetrics metrics = FinetuneMetrics.read(file, 10);
    assertThat(metrics.steps().get(1).seconds()).isCloseTo(2.3, within(1e-9));
    Validation validation = metrics.validations().get(0);
    assertThat(validation.seconds()).isCloseTo(2.3, within(1e-9));
    assertThat(validation.error()).isEqualTo(0.5);
    assertThat(metrics.stages()).containsExactly(new StageBegin(2.0, new Unfreezing(28, 2)));
    assertThat(metrics.end()).contains(new End(0.5, 0.3, 2, 4, 2));

    Search search = metrics.searches().get(0);
    assertThat(search.decision().winner()).isEqualTo(new Unfreezing(28, 2));
    assertThat(ScoreFiles.row(search.decision().table().get(0)))
        .containsExactly(
            "14 px, level 1", "0.001000", "–", "500.0", "–", "3.500", "1", "2", "2", "3.000");
    assertThat(ScoreFiles.row(search.decision().table().get(1)))
        .containsExactly(
            "28 px, level 2",
            "0.002000",
            "0.005000",
            "750.0",
            "12.50",
            "4.500",
            "2",
            "1",
            "1",
            "2.500");
    assertThat(ScoreFiles.obstacles(search.decision()))
        .containsExactly("14 px, level 1 has no condition number: two samples are alike.");
  }
}
