package dev.autoprog.cli;

import static dev.autoprog.cli.Commands.run;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

/** Whole comparisons of fine-tuning of a very small DiT on the embedded images. */
class CompareFinetuneCommandTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final List<String> ARMS =
      List.of("full", "manual", "autoprog-zero", "autoprog-zero-no-sid", "full-4");

  @TempDir static Path shared;
  @TempDir Path directory;

  private static final List<String> TINY =
      List.of(
          "--batch=8",
          "--set=model.dit.patch=7",
          "--set=model.dit.width=16",
          "--set=model.dit.depth=2",
          "--set=model.dit.heads=1",
          "--set=noise.steps=50",
          "--set=validation.every=4",
          "--set=validation.images=16",
          "--set=precision=fp32");

  @BeforeAll
  static void aModelAndAnExtractorAreTrained() {
    requireDone(
        Stream.concat(
            Stream.of("pretrain-diffusion", "--steps=4", "--run=" + shared.resolve("model")),
            TINY.stream()));
    requireDone(
        Stream.of(
            "train",
            "--run=" + shared.resolve("classifier"),
            "--epochs=1",
            "--set=model.patch=14",
            "--set=model.width=16",
            "--set=model.depth=1",
            "--set=model.heads=1",
            "--set=progressive.stages=1"));
  }

  private static void requireDone(Stream<String> arguments) {
    Commands.Outcome outcome = run(arguments.toArray(String[]::new));
    assertThat(outcome.err()).isEmpty();
    assertThat(outcome.code()).isZero();
  }

  private static String extractor() {
    return "--extractor=run:" + shared.resolve("classifier");
  }

  /** Later settings count. */
  private static Commands.Outcome compare(String... more) {
    return run(
        Stream.of(
                Stream.of(
                    "compare-finetune",
                    "--steps=8",
                    "--from=" + shared.resolve("model"),
                    "--set=data.classes=[3, 5]",
                    "--set=progressive.stages=3",
                    "--set=progressive.search.samples=4"),
                TINY.stream(),
                Stream.of(more))
            .flatMap(s -> s)
            .toArray(String[]::new));
  }

  private static JsonNode end(Path run) throws IOException {
    List<String> lines = Files.readAllLines(run.resolve("metrics.jsonl"));
    return JSON.readTree(lines.get(lines.size() - 1));
  }

  private static JsonNode quality(Path run) throws IOException {
    return JSON.readTree(run.resolve("quality.json").toFile());
  }

  @Test
  void aComparisonReportsWhatItsRunsMeasured() throws Exception {
    Path out = directory.resolve("a comparison");
    String[] arguments = {
      "--out=" + out, extractor(), "--count=20", "--arms=" + String.join(",", ARMS)
    };
    Commands.Outcome outcome = compare(arguments);
    assertThat(outcome.err()).isEmpty();
    assertThat(outcome.code()).isZero();
    assertThat(outcome.out())
        .contains("classes 3, 5: full, manual, ", "; 8 steps each, seeds 1; ")
        .containsPattern("(?m)^run 1/5  full +seed 1  validation .*  Fréchet .* s of training$")
        .containsPattern("(?m)^run 3/5  autoprog-zero +seed 1 .* s of training \\+ .* s of search$")
        .containsPattern("(?m)^ +full .* 1\\.00× .* \\+0\\.00 .* %$")
        .containsPattern("(?m)^ +full .* s .* 1\\.00×$")
        .contains(out.resolve("report.html").toString());

    requireSummaryOf(out);
    requireGoodPage(Files.readString(out.resolve("report.html")), out);
    requireNothingIsDoneTwice(out, arguments);
  }

  private static void requireSummaryOf(Path out) throws IOException {
    JsonNode summary = JSON.readTree(out.resolve("summary.json").toFile());
    assertThat(summary.at("/setting/weights").asText()).isEqualTo(shared + "/model");
    JsonNode arms = summary.get("arms");
    assertThat(arms.fieldNames()).toIterable().containsExactlyElementsOf(ARMS);
    JsonNode full = end(out.resolve("full/seed-1"));
    double fullDistance = quality(out.resolve("full/seed-1")).get("frechet_distance").asDouble();
    for (String arm : ARMS) {
      Path run = out.resolve(arm).resolve("seed-1");
      JsonNode told = arms.at("/" + arm + "/runs/0");
      JsonNode end = end(run);
      for (String field :
          List.of(
              "validation_mse", "train_seconds", "search_seconds", "validation_seconds", "steps")) {
        assertThat(told.get(field)).as(arm + " " + field).isEqualTo(end.get(field));
      }
      JsonNode quality = quality(run);
      assertThat(told.get("frechet_distance")).isEqualTo(quality.get("frechet_distance"));
      assertThat(told.get("class_accuracy")).isEqualTo(quality.get("class_accuracy"));
      assertThat(quality.get("samples").asInt()).isEqualTo(20);
      assertThat(arms.at("/" + arm + "/speedup/seeds/1").asDouble())
          .isCloseTo(work(full) / work(end), within(1e-9));
      assertThat(arms.at("/" + arm + "/mse_ratio/mean").asDouble())
          .isCloseTo(
              end.get("validation_mse").asDouble() / full.get("validation_mse").asDouble(),
              within(1e-9));
      assertThat(arms.at("/" + arm + "/frechet_difference/least").asDouble())
          .isCloseTo(quality.get("frechet_distance").asDouble() - fullDistance, within(1e-9));
      assertThat(end.get("steps").asLong()).isEqualTo(arm.equals("full-4") ? 4 : 8);
      assertThat(end.get("search_seconds").asDouble() > 0)
          .as(arm)
          .isEqualTo(arm.startsWith("autoprog-zero"));
    }
  }

  private static double work(JsonNode end) {
    return end.get("train_seconds").asDouble() + end.get("search_seconds").asDouble();
  }

  private static void requireGoodPage(String page, Path out) throws Exception {
    Document document = Pages.requireSelfContained(page);
    assertThat(Pages.pictures(document))
        .containsExactly(
            "Validation error over seconds of training and search",
            "Training loss over seconds of training and search",
            "level over seconds of training and search",
            "resolution, pixels over seconds of training and search");
    assertThat(document.getDocumentElement().getTextContent())
        .contains("autoprog-zero, seed 1, stage 1", "autoprog-zero-no-sid, seed 1, stage 2")
        .contains("has the least vote");
    assertThat(Pages.chosenRows(document))
        .hasSize(4)
        .allMatch(row -> row.matches("\\d+ px, level \\d✓.*"));

    List<byte[]> grids = new ArrayList<>();
    NodeList images = document.getElementsByTagName("img");
    for (int i = 0; i < images.getLength(); i++) {
      String source = ((Element) images.item(i)).getAttribute("src");
      grids.add(Base64.getDecoder().decode(source.substring(source.indexOf(',') + 1)));
      assertThat(images.item(i).getParentNode().getTextContent())
          .startsWith(ARMS.get(i) + ", seed 1: Fréchet distance ");
    }
    assertThat(grids).hasSize(ARMS.size());
    for (int i = 0; i < ARMS.size(); i++) {
      Path file = out.resolve(ARMS.get(i)).resolve("seed-1/samples.png");
      assertThat(grids.get(i)).isEqualTo(Files.readAllBytes(file));
      var grid = ImageIO.read(new ByteArrayInputStream(grids.get(i)));
      assertThat(grid.getWidth()).isEqualTo(8 * 28 + 7 * 2);
      assertThat(grid.getHeight()).isEqualTo(2 * 28 + 2);
    }
  }

  private static void requireNothingIsDoneTwice(Path out, String[] arguments) throws IOException {
    Map<Path, FileTime> before = runFiles(out);
    Commands.Outcome again = compare(arguments);
    assertThat(again.err()).isEmpty();
    assertThat(again.out())
        .containsPattern("(?m)^run 1/5  full .*\\(found\\)$")
        .containsPattern("(?m)^run 5/5  full-4 .*\\(found\\)$");
    assertThat(runFiles(out)).isEqualTo(before);

    Path quality = out.resolve("manual/seed-1/quality.json");
    String judged = Files.readString(quality);
    Files.delete(quality);
    Commands.Outcome resumed = run("compare-finetune", "--resume=" + out);
    assertThat(resumed.err()).isEmpty();
    assertThat(resumed.code()).isZero();
    assertThat(resumed.out())
        .containsPattern("(?m)^run 1/5  full .*\\(found\\)$")
        .containsPattern("(?m)^run 2/5  manual +seed 1  validation .* s of training$")
        .containsPattern("(?m)^run 3/5  autoprog-zero .*\\(found\\)$");
    assertThat(quality).hasContent(judged);
    Map<Path, FileTime> after = runFiles(out);
    for (Path rewritten : List.of(quality, quality.resolveSibling("samples.png"))) {
      assertThat(after.remove(rewritten)).isGreaterThan(before.remove(rewritten));
    }
    assertThat(after).isEqualTo(before);
  }

  /** When each file of a run was written last; locks and what stands above the runs are not. */
  private static Map<Path, FileTime> runFiles(Path out) throws IOException {
    Map<Path, FileTime> times = new TreeMap<>();
    try (Stream<Path> files = Files.walk(out)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        if (out.relativize(file).getNameCount() > 1 && !file.endsWith(".lock")) {
          times.put(file, Files.getLastModifiedTime(file));
        }
      }
    }
    return times;
  }

  @Test
  void anotherNumberOfSamplesIsJudgedAnewAndNothingTrained() throws Exception {
    Path out = directory.resolve("judged");
    Path run = out.resolve("manual/seed-1");
    assertThat(compare("--out=" + out, extractor(), "--count=10", "--arms=manual").err()).isEmpty();
    String metrics = Files.readString(run.resolve("metrics.jsonl"));
    Commands.Outcome more = compare("--out=" + out, extractor(), "--count=12", "--arms=manual");
    assertThat(more.err()).isEmpty();
    assertThat(more.out()).doesNotContain("(found)");
    assertThat(quality(run).get("samples").asInt()).isEqualTo(12);
    assertThat(run.resolve("metrics.jsonl")).hasContent(metrics);
    JsonNode summary = JSON.readTree(out.resolve("summary.json").toFile());
    assertThat(summary.at("/arms/manual/speedup").isNull()).isTrue();
    assertThat(summary.at("/setting/samples").asInt()).isEqualTo(12);
  }

  @Test
  void withOtherWeightsOfTheExtractorSamplesAreJudgedAnew() throws Exception {
    Path out = directory.resolve("retrained");
    Path quality = out.resolve("manual/seed-1/quality.json");
    String[] call = {"--out=" + out, extractor(), "--count=10", "--arms=manual"};
    assertThat(compare(call).err()).isEmpty();
    String judged = Files.readString(quality);
    Files.writeString(quality, judged.replaceFirst("[0-9a-f]{64}", "0".repeat(64)));
    assertThat(compare(call).out()).doesNotContain("(found)");
    assertThat(quality).hasContent(judged);
    assertThat(compare(call).out()).contains("(found)");
  }

  @Test
  void allRunsBeginWithTheSameWeights() throws Exception {
    Path weights = directory.resolve("weights.safetensors");
    Files.copy(shared.resolve("model/weights.safetensors"), weights);
    String out = "--out=" + directory.resolve("begun");
    String from = "--set=model.weights=" + weights;
    assertThat(compare(out, extractor(), from, "--count=10", "--arms=manual").err()).isEmpty();
    byte[] others = Files.readAllBytes(weights);
    others[others.length - 2] ^= 1;
    Files.write(weights, others);
    assertThat(compare(out, extractor(), from, "--count=10", "--arms=manual,full").err())
        .contains("weights.safetensors: other weights", "weights.sha256");
    assertThat(directory.resolve("begun/full")).doesNotExist();
    assertThat(compare(out, extractor(), from, "--count=10", "--arms=manual").err()).isEmpty();
  }

  /** Its weights are nowhere, so that it ends when it has said what it would do. */
  @Test
  void withoutSeedsEachArmRunsWithTheRecipes() {
    String[] arguments = {
      "--out=" + directory.resolve("none"), extractor(), "--set=model.weights=nowhere"
    };
    assertThat(compare(arguments).out()).contains("seeds 1; ");
    String[] set = Arrays.copyOf(arguments, 4);
    set[3] = "--set=seed=5";
    assertThat(compare(set).out()).contains("seeds 5; ");
    String[] told = Arrays.copyOf(set, 5);
    told[4] = "--seeds=6,7";
    assertThat(compare(told).out()).contains("seeds 6, 7; ");
  }

  @Test
  void badCallsSaySoBeforeAnythingIsTrained() {
    String out = "--out=" + directory.resolve("none");
    assertThat(compare(out, extractor(), "--arms=fast").err())
        .contains("no arm fast", "autoprog-zero-no-sid");
    assertThat(compare(out, extractor(), "--set=progressive.stages=1").err())
        .contains("stages is 1");
    assertThat(compare(out, extractor(), "--set=model.weights=").err())
        .contains("compare-finetune", "no weights to begin with", "--from WEIGHTS");
    assertThat(
            compare(out, extractor(), "--set=model.weights=" + directory.resolve("nowhere")).err())
        .contains("nowhere");
    assertThat(compare(out).err()).contains("--extractor", "run:DIR");
    assertThat(compare(out, "--extractor=inception").err()).contains("resnet20:FILE");
    assertThat(compare(out, extractor(), "--count=999999").err()).contains("999999");
    assertThat(compare(out, extractor(), "--set=noise.steps=20").err()).contains("at least 50");
    assertThat(directory.resolve("none")).doesNotExist();
    assertThat(run("compare-finetune", "--resume=" + directory, "--count=3").err())
        .contains("--resume", "other settings");
  }
}
