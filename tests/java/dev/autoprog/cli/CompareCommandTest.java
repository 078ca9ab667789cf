package dev.autoprog.cli;

import static dev.autoprog.cli.Commands.run;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Document;

/** Whole comparisons of a very small network on the embedded images. */
class CompareCommandTest {
  private static final List<String> TINY =
      List.of(
          "--set=progressive.stages=2",
          "--set=progressive.search.epochs=1",
          "--set=progressive.search.batches=2",
          "--set=progressive.search.probes=2",
          "--set=model.patch=14",
          "--set=model.width=16",
          "--set=model.depth=2",
          "--set=model.heads=1",
          "--set=regularization.erase=0.5",
          "--set=training.batch=256",
          "--set=optimizer.warmup_epochs=0");

  @TempDir Path directory;

  private static String[] compare(Path out, String... more) {
    return Stream.of(Stream.of("compare", "--out=" + out), TINY.stream(), Stream.of(more))
        .flatMap(s -> s)
        .toArray(String[]::new);
  }

  private static List<JsonNode> metrics(Path run) throws IOException {
    List<JsonNode> lines = new ArrayList<>();
    for (String line : Files.readAllLines(run.resolve("metrics.jsonl"))) {
      lines.add(new ObjectMapper().readTree(line));
    }
    return lines;
  }

  private static JsonNode end(Path run) throws IOException {
    List<JsonNode> lines = metrics(run);
    return lines.get(lines.size() - 1);
  }

  @Test
  void aComparisonReportsWhatItsRunsMeasured() throws Exception {
    Path out = directory.resolve("a comparison");
    Commands.Outcome outcome = run(compare(out, "--epochs=2", "--seeds=1,2", "--operators=random"));
    assertThat(outcome.err()).isEmpty();
    assertThat(outcome.code()).isZero();
    assertThat(outcome.out())
        .containsPattern("(?m)^run 1/8  full +seed 1  test [0-9.]+ %  [0-9.]+ s of training$")
        .containsPattern("(?m)^run 3/8  autoprog-one +seed 1 .* s of training \\+ .* s of search$")
        .containsPattern("(?m)^run 8/8  manual-random +seed 2 ")
        .containsPattern("(?m)^ +full +[0-9.]+ ± [0-9.]+ % +\\+0.0 .* 1.00× \\(1.00 – 1.00\\)$")
        .contains(out.resolve("report.html").toString());

    JsonNode arms = new ObjectMapper().readTree(out.resolve("summary.json").toFile()).get("arms");
    assertThat(arms.fieldNames())
        .toIterable()
        .containsExactly("full", "manual", "autoprog-one", "manual-random");
    for (var arm : arms.properties()) {
      double sum = 0;
      for (int seed = 1; seed <= 2; seed++) {
        Path run = out.resolve(arm.getKey()).resolve("seed-" + seed);
        JsonNode end = end(run);
        JsonNode told = arm.getValue().at("/runs/" + (seed - 1));
        for (String field :
            List.of(
                "test_accuracy",
                "train_seconds",
                "search_seconds",
                "evaluation_seconds",
                "steps")) {
          assertThat(told.get(field)).as(arm.getKey() + " " + field).isEqualTo(end.get(field));
        }
        double speedup = work(end(out.resolve("full/seed-" + seed))) / work(end);
        assertThat(arm.getValue().at("/speedup/seeds/" + seed).asDouble())
            .isCloseTo(speedup, within(1e-9));
        sum += speedup;
        assertThat(stepSeconds(run)).isCloseTo(end.get("train_seconds").asDouble(), within(1e-6));
      }
      assertThat(arm.getValue().at("/speedup/mean").asDouble()).isCloseTo(sum / 2, within(1e-9));
    }
    assertThat(arms.at("/autoprog-one/runs/0/search_seconds").asDouble()).isPositive();
    requireGoodPage(Files.readString(out.resolve("report.html")));
  }

  private static double work(JsonNode end) {
    return end.get("train_seconds").asDouble() + end.get("search_seconds").asDouble();
  }

  /** What the report's clock is made of. */
  private static double stepSeconds(Path run) throws IOException {
    return metrics(run).stream()
        .filter(line -> line.get("event").asText().equals("step"))
        .mapToDouble(line -> 256 / line.get("images_per_second").asDouble())
        .sum();
  }

  private static void requireGoodPage(String page) throws Exception {
    Document document = Pages.requireSelfContained(page);
    assertThat(document.getElementsByTagName("img").getLength()).isZero();
    assertThat(Pages.pictures(document))
        .extracting(label -> label.replace(" over seconds of training and search", ""))
        .containsExactly(
            "Test accuracy",
            "Training loss",
            "depth, blocks",
            "resolution, pixels",
            "erasing, probability",
            "Test accuracy",
            "Training loss");
    assertThat(Pages.chosenRows(document))
        .hasSize(2)
        .allMatch(row -> row.matches("28×28 px, depth [12]✓.*"));
    assertThat(document.getDocumentElement().getTextContent())
        .contains("Growth operators", "autoprog-one, seed 2, stage 1");
  }

  @Test
  void aStoppedComparisonGoesOnWhereItWasAndKeepsWhatIsComplete() throws Exception {
    Path out = directory.resolve("stopped");
    Path first = out.resolve("full/seed-1/metrics.jsonl");
    Path second = out.resolve("manual/seed-1/metrics.jsonl");
    Process process = start(compare(out, "--epochs=60", "--arms=full,manual"));
    while (!Files.exists(second) || Files.readAllLines(second).size() < 50) {
      assertThat(process.isAlive()).as(output()).isTrue();
      TimeUnit.MILLISECONDS.sleep(10);
    }
    process.destroy();
    process.waitFor();
    assertThat(output()).contains("./autoprog compare --resume " + out);
    assertThat(Files.readString(second)).doesNotContain("\"event\":\"end\"");
    long reached = steps(second).size();
    String firstBefore = Files.readString(first);

    Commands.Outcome outcome = run("compare", "--resume=" + out);
    assertThat(outcome.err()).isEmpty();
    assertThat(outcome.code()).isZero();
    assertThat(outcome.out())
        .containsPattern("(?m)^run 1/2  full .*\\(found\\)$")
        .containsPattern("(?m)^run 2/2  manual .*  goes on  test ");
    assertThat(Files.readString(first)).isEqualTo(firstBefore);
    List<Long> steps = steps(second);
    assertThat(reached).isLessThan(steps.size());
    for (int i = 0; i < steps.size(); i++) {
      assertThat(steps.get(i)).isEqualTo(i);
    }
    assertThat(end(second.getParent()).get("steps").asLong()).isEqualTo(steps.size());

    Commands.Outcome again = run(compare(out, "--epochs=60", "--arms=full,manual"));
    assertThat(again.out()).containsPattern("run 2/2 .*\\(found\\)");
    Commands.Outcome other = run(compare(out, "--epochs=61", "--arms=full,manual"));
    assertThat(other.code()).isNotZero();
    assertThat(other.err()).contains("seed-1", "another configuration");
  }

  private static List<Long> steps(Path log) throws IOException {
    return metrics(log.getParent()).stream()
        .filter(line -> line.get("event").asText().equals("step"))
        .map(line -> line.get("step").asLong())
        .toList();
  }

  @Test
  void aRunThatDiedBeforeItsFirstCheckpointBeginsAnew() throws Exception {
    Path out = directory.resolve("died");
    String[] arguments = compare(out, "--epochs=2", "--arms=manual");
    assertThat(run(arguments).code()).isZero();
    Path run = out.resolve("manual/seed-1");
    Files.writeString(run.resolve("metrics.jsonl"), "");
    try (Stream<Path> files = Files.walk(run.resolve("checkpoints"))) {
      for (Path file : files.sorted((a, b) -> b.compareTo(a)).toList()) {
        Files.delete(file);
      }
    }
    Commands.Outcome outcome = run(arguments);
    assertThat(outcome.err()).isEmpty();
    assertThat(outcome.out()).doesNotContain("found", "goes on");
    assertThat(end(run).get("steps").asLong()).isEqualTo(70);
  }

  @Test
  void withoutSeedsEachArmRunsWithTheRecipes() throws Exception {
    Path recipe = Files.writeString(directory.resolve("recipe.yaml"), "seed: 7\n");
    Path first = directory.resolve("first");
    String[] arguments = compare(first, "--epochs=2", "--arms=full", recipe.toString());
    assertThat(run(arguments).err()).isEmpty();
    assertThat(first.resolve("full/seed-7/config.yaml")).content().contains("seed: 7");
    Path second = directory.resolve("second");
    String[] set = compare(second, "--epochs=2", "--arms=full", "--set=seed=8");
    assertThat(run(set).out())
        .containsPattern("seeds 8; ")
        .containsPattern("(?m)^run 1/1 .* seed 8 ");
    Path third = directory.resolve("third");
    String[] told = compare(third, "--epochs=2", "--arms=full", "--set=seed=8", "--seeds=9");
    assertThat(run(told).out()).containsPattern("(?m)^run 1/1 .* seed 9 ");
  }

  /** Among the arms of an unchanged recipe, too, whose warm-up alone is longer. */
  @Test
  void aRunOfOneEpochWarmsUpAndComesDown() throws Exception {
    Path out = directory.resolve("short");
    String[] arguments =
        compare(out, "--epochs=8", "--arms=full-1", "--set=optimizer.warmup_epochs=2");
    assertThat(run(arguments).err()).isEmpty();
    List<Double> rates =
        metrics(out.resolve("full-1/seed-1")).stream()
            .filter(line -> line.get("event").asText().equals("step"))
            .map(line -> line.get("learning_rate").asDouble())
            .toList();
    assertThat(rates).hasSize(35);
    assertThat(rates.stream().max(Double::compare).orElseThrow()).isEqualTo(1e-3);
    assertThat(rates.get(34)).isLessThan(2e-5);
  }

  @Test
  void resumeTakesNoOtherSettings() {
    Commands.Outcome outcome = run("compare", "--resume=" + directory, "--seeds=1");
    assertThat(outcome.code()).isNotZero();
    assertThat(outcome.err()).contains("--resume", "other settings");
    assertThat(run("compare", "--resume=" + directory).err()).contains("comparison.yaml");
  }

  @Test
  void anUnknownArmOrOperatorIsRefused() {
    assertThat(run("compare", "--arms=fast").err()).contains("fast", "autoprog-one");
    assertThat(run("compare", "--operators=clone").err()).contains("clone", "momentum");
  }

  private Process start(String... arguments) throws IOException {
    return Commands.start(directory.resolve("output"), List.of(arguments));
  }

  private String output() throws IOException {
    return Files.readString(directory.resolve("output"));
  }
}
