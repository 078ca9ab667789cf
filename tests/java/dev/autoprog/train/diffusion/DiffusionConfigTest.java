package dev.autoprog.train.diffusion;

import static dev.autoprog.testing.Closeness.assertSameBits;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.autoprog.InputException;
import dev.autoprog.backend.Backend;
import dev.autoprog.backend.Session;
import dev.autoprog.config.ConfigFile;
import dev.autoprog.data.Batch;
import dev.autoprog.data.BatchCursor;
import dev.autoprog.data.BatchLoader;
import dev.autoprog.diffusion.DiffusionProcess;
import dev.autoprog.diffusion.NoiseSchedule;
import dev.autoprog.diffusion.Prediction;
import dev.autoprog.diffusion.Variance;
import dev.autoprog.optim.AdamW;
import dev.autoprog.optim.LearningRate;
import dev.autoprog.testing.Candidate;
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

  @Test
  void theOptimizerAndTheAverageAreThoseAskedFor() throws Exception {
    DiffusionConfig config =
        config(
            "training.batch=8",
            "model.dit.patch=3",
            "model.dit.width=16",
            "model.dit.depth=1",
            "model.dit.heads=2",
            "optimizer.beta1=0.8",
            "optimizer.beta2=0.7",
            "optimizer.epsilon=0.01",
            "optimizer.weight_decay=0.3",
            "optimizer.clip_norm=0.5",
            "optimizer.average_decay=0.2");
    try (Session session = Session.open(Backend.named(Candidate.nameOr("auto")))) {
      var data = new DiffusionData.Images(TinyImages.split(96, 8));
      DiffusionSetup setup = DiffusionSetup.of(session, config, data);
      DiffusionPlan plan = setup.plan();
      try (DiffusionLearner asked = setup.newLearner(DiffusionListener.NONE);
          DiffusionLearner byHand =
              new DiffusionLearner(
                  session,
                  plan.model().create(session, config.precision().in(session), config.seed()),
                  plan.process(),
                  new AdamW.Settings(0.8, 0.7, 0.01, 0.3, 0.5),
                  0.2);
          DiffusionBatches batches = new DiffusionBatches(setup);
          BatchLoader loader = new BatchLoader(data.train(), 8, 1, 1)) {
        for (DiffusionLearner learner : List.of(asked, byHand)) {
          try (BatchCursor cursor = loader.sequential()) {
            for (int step = 0; step < 3; step++) {
              try (Batch batch = cursor.next()) {
                DiffusionBatches.Step read = batches.training(batch, 12, 0, 0, step);
                learner.step(read.noisy(), read.conditions(), step, 0.01);
              }
            }
          }
        }
        assertSameBits("weights", weights(asked), weights(byHand));
        assertSameBits(
            "average", asked.average().values().toFloats(), byHand.average().values().toFloats());
      }
    }
  }

  private static float[] weights(DiffusionLearner learner) {
    return learner.network().parameters().values().toFloats();
  }
}
