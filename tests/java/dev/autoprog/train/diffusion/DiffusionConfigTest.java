package dev.autoprog.train.diffusion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.autoprog.InputException;
import dev.autoprog.config.ConfigFile;
import dev.autoprog.diffusion.DiffusionProcess;
import dev.autoprog.diffusion.NoiseSchedule;
import dev.autoprog.diffusion.Prediction;
import dev.autoprog.diffusion.Variance;
import dev.autoprog.optim.LearningRate;
import dev.autoprog.train.TinyImages;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What settings come to, and those that no run can go by: refused before anything is begun. */
class DiffusionConfigTest {
  private static DiffusionConfig config(String... settings) throws InputException {
    return ConfigFile.override(DiffusionConfig.DEFAULT, List.of(settings));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "threads=-1",
        "data.folder_side=0",
        "data.folder_side=40000",
        "data.per_class=-1",
        "data.flip=1.5",
        "model.resolution=-12",
        "noise.steps=1",
        "noise.label_drop=-0.1",
        "noise.label_drop=.nan",
        "training.steps=0",
        "training.batch=0",
        "training.checkpoint_seconds=0",
        "optimizer.learning_rate=0",
        "optimizer.learning_rate=.inf",
        "optimizer.final_learning_rate=.inf",
        "optimizer.warmup_steps=-1",
        "optimizer.decay_share=0",
        "optimizer.beta1=1",
        "optimizer.beta2=1",
        "optimizer.epsilon=.inf",
        "optimizer.weight_decay=.inf",
        "optimizer.clip_norm=.inf",
        "optimizer.average_decay=1",
        "progressive.resolution_scale=0",
        "progressive.identifier_drop=1.5",
        "progressive.search.samples=1",
        "progressive.search.batches=1",
        "progressive.search.steps=0",
        "progressive.search.time=-1",
        "progressive.search.ntk=.nan",
        "progressive.search.zico=.inf",
        "validation.every=0",
        "validation.images=0"
      })
  void aValueOutOfItsRangeIsRefusedByName(String setting) {
    String path = setting.substring(0, setting.indexOf('='));
    String key = path.substring(path.lastIndexOf('.') + 1);
    assertThatThrownBy(() -> config(setting))
        .isInstanceOf(InputException.class)
        .hasMessageContaining(key + " is ");
  }

  @Test
  void aSearchThatGoesByNothingIsRefused() {
    List<String> zero = List.of("search.time=0", "search.ntk=0", "search.zico=0");
    assertThatThrownBy(
            () -> config(zero.stream().map(s -> "progressive." + s).toArray(String[]::new)))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("time + ntk + zico is 0.0");
  }

  private static DiffusionPlan plan(String... settings) throws InputException {
    return DiffusionPlan.of(config(settings), TinyImages.split(100, 8).train());
  }

  @Test
  void theProcessIsTheOneAskedFor() throws Exception {
    assertThat(plan("noise.steps=50").process())
        .isEqualTo(
            new DiffusionProcess(
                NoiseSchedule.linear(50), Prediction.EPSILON, Variance.FIXED_LARGE));
    assertThat(plan("noise.betas=scaled_linear", "noise.prediction=velocity").process())
        .isEqualTo(
            new DiffusionProcess(
                NoiseSchedule.scaledLinear(1000), Prediction.VELOCITY, Variance.FIXED_LARGE));
    assertThat(plan("noise.betas=cosine", "noise.learned_variance=true").process())
        .isEqualTo(
            new DiffusionProcess(
                NoiseSchedule.cosine(1000), Prediction.EPSILON, Variance.LEARNED_RANGE));
  }

  @Test
  void theLearningRateRisesStaysAndFallsAsAskedFor() throws Exception {
    DiffusionConfig config =
        config(
            "training.steps=100",
            "optimizer.learning_rate=0.2",
            "optimizer.final_learning_rate=0.1",
            "optimizer.warmup_steps=20",
            "optimizer.decay_share=0.5");
    LearningRate rate =
        DiffusionPlan.of(config, TinyImages.split(100, 8).train()).learningRate(config.optimizer());
    assertThat(rate.at(0)).isCloseTo(0.01, within(1e-12));
    assertThat(rate.at(19)).isCloseTo(0.2, within(1e-12));
    assertThat(rate.at(60)).isCloseTo(0.2, within(1e-12));
    assertThat(rate.at(80)).isCloseTo(0.15, within(1e-12));
    assertThat(rate.at(100)).isCloseTo(0.1, within(1e-12));
  }

  @Test
  void anEpochIsOfWholeBatches() throws Exception {
    assertThat(plan("training.batch=30").batchesPerEpoch()).isEqualTo(3);
    assertThat(plan("training.batch=100").batchesPerEpoch()).isEqualTo(1);
  }
}
