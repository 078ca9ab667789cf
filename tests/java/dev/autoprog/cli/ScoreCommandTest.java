package dev.autoprog.cli;

import static dev.autoprog.cli.Commands.run;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.awt.image.BufferedImage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whole scores of very small networks on the embedded images. */
class ScoreCommandTest {
  @TempDir Path directory;

  private static Commands.Outcome score(String... more) {
    return run(
        Stream.concat(
                Stream.of(
                    "score",
                    "--set=model.patch=14",
                    "--set=model.resolution=28",
                    "--set=model.width=16",
                    "--set=model.depth=3",
                    "--set=model.heads=1",
                    "--set=precision=fp32"),
                Stream.of(more))
            .toArray(String[]::new));
  }

  @Test
  void everyCandidateIsMeasuredAndTheVoteIsTheRanks() throws Exception {
    Path out = directory.resolve("a score");
    Commands.Outcome outcome = score("--candidates=14x1,28x1,28x3", "--samples=6", "--out=" + out);
    assertThat(outcome.err()).isEmpty();
    assertThat(outcome.code()).isZero();
    assertThat(outcome.out())
        .containsPattern("(?m)^ +candidate .* M params .* NTK κ +ZiCo .* vote$")
        .containsPattern("(?m)^ +28 px, 3 blocks ")
        .contains(" has the least vote, ", out.toString());

    JsonNode scores = new ObjectMapper().readTree(out.resolve("scores.json").toFile());
    int chosen = 0;
    for (JsonNode line : scores.get("candidates")) {
      assertThat(line.get("step_seconds").asDouble()).isPositive();
      assertThat(line.get("parameters").asDouble()).isGreaterThan(1000);
      assertThat(line.get("flops").asDouble()).isGreaterThan(1000);
      assertThat(line.get("zico").isDouble()).isTrue();
      assertThat(line.get("ntk_kappa").isNull())
          .isEqualTo(!line.get("ntk_obstacle").asText().isEmpty());
      assertThat(line.get("vote").asDouble())
          .isEqualTo(
              line.get("rank_time").asInt()
                  + 0.5 * line.get("rank_ntk").asInt()
                  + 0.5 * line.get("rank_zico").asInt());
      chosen += line.get("chosen").asBoolean() ? 1 : 0;
    }
    assertThat(scores.get("candidates")).hasSize(3);
    assertThat(chosen).isEqualTo(1);
    List<String> csv = Files.readAllLines(out.resolve("scores.csv"));
    assertThat(csv).hasSize(4);
    assertThat(csv.get(0)).startsWith("resolution,depth,parameters,flops,step_seconds,ntk_kappa");
    assertThat(csv.get(1)).startsWith("14,1,");

    for (String picture :
        List.of("ntk-14x1.png", "ntk-28x1.png", "ntk-28x3.png", "ntk-spectra.png")) {
      BufferedImage image = ImageIO.read(out.resolve(picture).toFile());
      Set<Integer> colours = new HashSet<>();
      for (int y = 0; y < image.getHeight(); y += 7) {
        for (int x = 0; x < image.getWidth(); x += 7) {
          colours.add(image.getRGB(x, y));
        }
      }
      assertThat(colours).as(picture).hasSizeGreaterThan(5);
    }
  }

  @Test
  void aSingleCandidateIsMeasuredToo() throws Exception {
    Path out = directory.resolve("single");
    Commands.Outcome outcome = score("--candidates=28x1", "--samples=4", "--out=" + out);
    assertThat(outcome.err()).isEmpty();
    assertThat(outcome.out()).contains("the only candidate: there is none to compare it with");
    JsonNode line = new ObjectMapper().readTree(out.resolve("scores.json").toFile());
    assertThat(line.at("/candidates/0/step_seconds").asDouble()).isPositive();
    assertThat(line.at("/candidates/0/zico").isDouble()).isTrue();
    assertThat(out.resolve("ntk-28x1.png")).isNotEmptyFile();
    assertThat(out.resolve("ntk-spectra.png")).isNotEmptyFile();
  }

  /** What is measured is the same again, but for the time. */
  @Test
  void theSameSeedGivesTheSameMeasures() throws Exception {
    for (String out : List.of("first", "second")) {
      score("--candidates=14x1,28x2", "--seed=5", "--out=" + directory.resolve(out));
    }
    ObjectMapper json = new ObjectMapper();
    JsonNode first = json.readTree(directory.resolve("first/scores.json").toFile());
    JsonNode second = json.readTree(directory.resolve("second/scores.json").toFile());
    for (int i = 0; i < 2; i++) {
      for (String measure : List.of("ntk_kappa", "zico", "rank_ntk", "rank_zico")) {
        assertThat(second.at("/candidates/" + i + "/" + measure))
            .isEqualTo(first.at("/candidates/" + i + "/" + measure));
      }
    }
  }

  @Test
  void withoutCandidatesItTakesAFirstStages() {
    Commands.Outcome outcome = score("--set=progressive.stages=2", "--samples=4");
    assertThat(outcome.code()).isZero();
    assertThat(outcome.out()).contains("28 px, 3 blocks");
  }

  @Test
  void badCandidatesAreRefused() {
    for (String bad : List.of("14", "14x0", "axb", "14x1x1")) {
      Commands.Outcome outcome = score("--candidates=14x1," + bad);
      assertThat(outcome.code()).as(bad).isEqualTo(1);
      assertThat(outcome.err())
          .contains("--candidates: " + bad + ": no network; expected resolution and depth");
    }
    assertThat(score("--candidates=15x1").err()).contains("15 px are no multiple of the patch");
    assertThat(score("--samples=1").err())
        .contains("--batches: 1 sample and 2 batches; expected at least 2 of each. Ask for more.");
    assertThat(score("--batches=1").err())
        .contains("--batches: 16 samples and 1 batch; expected at least 2 of each. Ask for more.");
    assertThat(score("--samples=9000").err()).contains("at most 9000 images");
    assertThat(score("--samples=16", "--batches=268435456", "--candidates=28x1,28x2").err())
        .contains("268435456 batches of 16; expected at most 9000 images")
        .doesNotContain("\tat ");
  }
}
