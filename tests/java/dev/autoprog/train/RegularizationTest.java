package dev.autoprog.train;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the settings that change images and targets do to a run. */
class RegularizationTest {
  private static final String[] OFF = {
    "regularization.rand_augment=0",
    "regularization.mixup_alpha=0",
    "regularization.cutmix_alpha=0",
    "regularization.mixup_probability=1",
  };

  @TempDir Path directory;
  private List<Double> plain;

  @BeforeEach
  void trainWithoutAny() throws Exception {
    plain = losses("plain");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "regularization.rand_augment=9",
        "regularization.mixup_alpha=0.8",
        "regularization.cutmix_alpha=1"
      })
  void eachChangesTheRun(String setting) throws Exception {
    List<Double> changed = losses("changed", setting);
    assertThat(changed).hasSameSizeAs(plain).doesNotContainAnyElementsOf(plain.subList(1, 30));
  }

  /** Some of them only after the first stage. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "regularization.label_smoothing=0.3",
        "regularization.flip=0",
        "regularization.shift=0.3",
        "regularization.min_crop_area=0.2",
        "regularization.erase=0.1",
        "regularization.stochastic_depth=0.5"
      })
  void everyOtherSettingReachesTheRun(String setting) throws Exception {
    assertThat(losses("changed", setting)).hasSameSizeAs(plain).isNotEqualTo(plain);
  }

  /** Probability 0, or switched always to what is off. */
  @ParameterizedTest
  @CsvSource({
    "regularization.mixup_probability=0, regularization.mixup_alpha=0.8",
    "regularization.rand_augment_std=3, regularization.mixup_switch_probability=1"
  })
  void whatIsOffChangesNoBit(String first, String second) throws Exception {
    assertThat(losses("off", first, second)).isEqualTo(plain);
  }

  /** From half the magnitude, as the stages say that begin. */
  @Test
  void theMagnitudeGrowsWithTheStages() throws Exception {
    losses("growing", "regularization.rand_augment=8");
    List<Double> magnitudes = new ArrayList<>();
    for (JsonNode line : lines("growing")) {
      if (line.get("event").asText().equals("stage")) {
        magnitudes.add(line.path("strength").path("rand_augment").asDouble());
      }
    }
    assertThat(magnitudes).containsExactly(4.0, 6.0, 8.0);
  }

  /** Of two halves of images, the loss is above that of either: never near 0. */
  @Test
  void mixedTargetsKeepTheLossUp() throws Exception {
    List<Double> mixed = losses("mixed", "regularization.mixup_alpha=1000", "training.epochs=20");
    List<Double> alone = losses("alone", "training.epochs=20");
    assertThat(last(mixed)).isGreaterThan(0.4).isGreaterThan(last(alone));
  }

  /** A configuration from before these settings were there is one without them. */
  @Test
  void aConfigurationWithoutTheseKeysHasThemOff() throws Exception {
    Path file = directory.resolve("plain").resolve("config.yaml");
    List<String> older =
        Files.readAllLines(file).stream()
            .filter(line -> !line.contains("mixup_") && !line.contains("cutmix_"))
            .filter(line -> !line.contains("rand_augment"))
            .toList();
    assertThat(older).hasSize(Files.readAllLines(file).size() - 7);
    Files.write(file, older);
    assertThat(Trainer.configOf(directory.resolve("plain"))).isEqualTo(config());
  }

  private static double last(List<Double> losses) {
    List<Double> end = losses.subList(losses.size() - 20, losses.size());
    return end.stream().mapToDouble(loss -> loss).average().orElseThrow();
  }

  private static RunConfig config(String... settings) throws Exception {
    List<String> all = new ArrayList<>(List.of(OFF));
    all.addAll(List.of(settings));
    return TinyRuns.config(all.toArray(String[]::new));
  }

  private List<Double> losses(String run, String... settings) throws Exception {
    TinyRuns.train(config(settings), directory.resolve(run), TrainingListener.NONE);
    List<Double> losses = new ArrayList<>();
    for (JsonNode line : lines(run)) {
      if (line.get("event").asText().equals("step")) {
        losses.add(line.get("loss").asDouble());
      }
    }
    return losses;
  }

  private List<JsonNode> lines(String run) throws IOException {
    List<JsonNode> lines = new ArrayList<>();
    for (String line : Files.readAllLines(directory.resolve(run).resolve("metrics.jsonl"))) {
      lines.add(new ObjectMapper().readTree(line));
    }
    return lines;
  }
}
