package dev.autoprog.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BenchTableTest {
  @TempDir Path directory;

  /** One result as JMH writes it, with the fields that nobody reads left out. */
  private static String result(
      String benchmark, String parameters, String implementation, String times, String facts) {
    return """
        {"benchmark": "dev.autoprog.jmh.%s.run", "mode": "avgt",
         "params": {%s "implementation": "%s", "threads": "0"},
         "primaryMetric": {"score": 1, "scoreUnit": "ms/op", "rawData": %s},
         "secondaryMetrics": {%s}}
        """
        .formatted(benchmark, parameters, implementation, times, facts);
  }

  private static String fact(String name, double value) {
    return facts(name, value);
  }

  /** One value per iteration of one process. */
  private static String facts(String name, double... values) {
    return "\"%s\": {\"score\": 1, \"scoreUnit\": \"\", \"rawData\": [%s]}"
        .formatted(name, Arrays.toString(values));
  }

  private static final String PEAKS =
      fact("peak.float32", 4e11)
          + ","
          + fact("peak.bfloat16", 1e12)
          + ","
          + fact("peak.memory", 5e10);

  private List<BenchResult> read(String... results) throws IOException {
    Path json = directory.resolve("results.json");
    Files.writeString(json, "[" + String.join(",", results) + "]");
    return BenchResult.read(json);
  }

  private static List<String> table(List<BenchResult> results) {
    StringWriter text = new StringWriter();
    new BenchTable(results).print(new PrintWriter(text, true));
    return text.toString().lines().toList();
  }

  private List<String> block() throws IOException {
    String work = fact("work.operations", 1e11);
    String name = "TransformerBlockBenchmark";
    String sizes = "\"batch\": \"128\", \"tokens\": \"65\",";
    return table(
        read(
            result(name, sizes, "autoprog-fp32", "[[500, 510], [490, 530]]", work + "," + PEAKS),
            result(name, sizes, "autoprog-bf16", "[[200, 200], [200, 200]]", work),
            result(name, sizes, "libtorch", "[[2000, 2000]]", work),
            result(name, sizes, "libtorch-best", "[[1000, 1000]]", work),
            result(name, sizes, "libtorch-bf16", "[[800, 800]]", work)));
  }

  @Test
  void aResultHasItsTimesInSecondsOfAllForks() throws IOException {
    BenchResult result =
        read(result("GeluBenchmark", "\"n\": \"7\",", "libtorch", "[[4, 1], [2, 3]]", PEAKS))
            .get(0);
    assertThat(result.benchmark()).isEqualTo("GeluBenchmark");
    assertThat(result.implementation()).isEqualTo("libtorch");
    assertThat(result.parameters()).containsEntry("n", "7").doesNotContainKey("implementation");
    assertThat(result.seconds())
        .containsExactly(new double[] {4e-3, 1e-3, 2e-3, 3e-3}, within(1e-9));
    assertThat(result.median()).isCloseTo(2.5e-3, within(1e-9));
    assertThat(result.quantile(0.25)).isCloseTo(1.75e-3, within(1e-9));
    assertThat(result.quantile(1)).isCloseTo(4e-3, within(1e-9));
    assertThat(result.fact("peak.memory")).isEqualTo(5e10);
    assertThat(result.fact("work.bytes")).isZero();
  }

  @Test
  void aScoreThatIsNoTimeIsRefused() {
    String odd = result("A", "", "libtorch", "[[1]]", "").replace("ms/op", "ops/ms");
    assertThatThrownBy(() -> read(odd)).hasMessageContaining("ops/ms");
  }

  @Test
  void eachRowHasMedianQuartilesRateAndShareOfItsPeak() throws IOException {
    assertThat(block())
        .anyMatch(
            line ->
                line.matches(
                    " +128 +65 +autoprog-fp32 +505 ms +498 – 515 ms +198 GFLOP/s +50 % +1\\.98×"));
  }

  @Test
  void aRowIsComparedWithTheFastestPeerThatIsNoLessPrecise() throws IOException {
    assertThat(block())
        .anyMatch(line -> line.matches(" +autoprog-bf16 .* 500 GFLOP/s +50 % +4\\.00×"))
        .anyMatch(line -> line.matches(" +libtorch .* 0\\.50×"))
        .anyMatch(line -> line.matches(" +libtorch-best .* 1\\.00×"))
        .anyMatch(line -> line.matches(" +libtorch-bf16 .* 1\\.00×"));
  }

  @Test
  void bfloat16IsComparedWithAPeerInFloat32WhereThatIsFaster() throws IOException {
    List<String> lines =
        table(
            read(
                result("A", "", "autoprog-fp32", "[[500]]", ""),
                result("A", "", "autoprog-bf16", "[[400]]", ""),
                result("A", "", "libtorch-best", "[[1000]]", ""),
                result("A", "", "libtorch-bf16", "[[2000]]", "")));
    assertThat(lines)
        .anyMatch(line -> line.matches(" +autoprog-fp32 .* 2\\.00×"))
        .anyMatch(line -> line.matches(" +autoprog-bf16 .* 2\\.50×"));
  }

  @Test
  void columnsEndInTheSamePlace() throws IOException {
    List<String> rows = block().stream().filter(line -> line.contains("GFLOP/s  ")).toList();
    assertThat(rows).hasSize(5);
    assertThat(rows.stream().map(String::length).distinct()).hasSize(1);
  }

  @Test
  void memoryBoundWorkIsMeasuredByTheTriad() throws IOException {
    List<String> lines =
        table(
            read(
                result(
                    "GeluBenchmark",
                    "",
                    "autoprog-fp32",
                    "[[0.5]]",
                    fact("work.bytes", 2e7) + "," + PEAKS)));
    assertThat(lines)
        .anyMatch(line -> line.matches(" +autoprog-fp32 +500 µs +500 – 500 µs +40.0 GB/s +80 % +–"))
        .contains(
            "Peaks of this run: 400 GFLOP/s float32, 1000 GFLOP/s bfloat16, 50 GB/s memory"
                + " (triad).");
  }

  @Test
  void eachIterationIsMeasuredByThePeakBeforeIt() throws IOException {
    String facts = facts("work.bytes", 1e7, 1e7, 1e7) + "," + facts("peak.memory", 1e10, 2e10, 5e9);
    List<BenchResult> results =
        read(
            result("GeluBenchmark", "", "autoprog-fp32", "[[1], [0.5, 4]]", facts),
            result("GeluBenchmark", "", "libtorch", "[[2, 2]]", fact("work.bytes", 1e7)));
    assertThat(results.get(0).shareOf("peak.memory", "work.bytes")).isCloseTo(1, within(1e-9));
    assertThat(results.get(1).shareOf("peak.memory", "work.bytes")).isZero();
    assertThat(table(results))
        .anyMatch(line -> line.matches(" +autoprog-fp32 .* 10.0 GB/s +100 % .*"))
        .anyMatch(line -> line.matches(" +libtorch .* 5.0 GB/s +50 % .*"));
  }

  @Test
  void withoutAPeakThereIsNoShare() throws IOException {
    List<String> lines =
        table(read(result("A", "", "libtorch", "[[2000]]", fact("work.images", 128))));
    assertThat(lines)
        .anyMatch(line -> line.matches(" +libtorch +2\\.00 s .*64 images/s.* – +1\\.00×"));
    assertThat(lines).noneMatch(line -> line.contains("Peaks"));
  }

  @Test
  void otherSizesAreNotCompared() throws IOException {
    List<String> lines =
        table(
            read(
                result("A", "\"n\": \"1\",", "autoprog-fp32", "[[1]]", ""),
                result("A", "\"n\": \"2\",", "libtorch", "[[2]]", "")));
    assertThat(lines).anyMatch(line -> line.matches(" +1 +autoprog-fp32 .* –"));
  }
}
