package dev.autoprog.train;

import static dev.autoprog.testing.Closeness.assertSameBits;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.autoprog.InputException;
import dev.autoprog.backend.Backend;
import dev.autoprog.backend.Session;
import dev.autoprog.config.ConfigFile;
import dev.autoprog.data.ImageDataset;
import dev.autoprog.model.VisionTransformer;
import dev.autoprog.optim.AdamW;
import dev.autoprog.optim.LearningRate;
import dev.autoprog.tensor.DType;
import dev.autoprog.tensor.Shape;
import dev.autoprog.tensor.Tensor;
import dev.autoprog.testing.RandomData;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What settings come to, and those that no run can go by: refused before anything is begun. */
class RunConfigTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "threads=-1",
        "threads=100000",
        "data.folder_side=0",
        "data.folder_side=40000",
        "model.resolution=-12",
        "training.checkpoint_seconds=0",
        "optimizer.learning_rate=.inf",
        "optimizer.learning_rate=.nan",
        "optimizer.final_learning_rate=.inf",
        "optimizer.warmup_epochs=.inf",
        "optimizer.decay_share=0",
        "optimizer.epsilon=.inf",
        "optimizer.weight_decay=.inf",
        "optimizer.clip_norm=.inf",
        "averages.decays=[.nan]",
        "progressive.search.epochs=.inf",
        "progressive.search.epochs=.nan",
        "progressive.search.epochs=0",
        "regularization.flip=1.5",
        "regularization.rand_augment=10.5",
        "regularization.rand_augment=-1",
        "regularization.rand_augment_std=.inf",
        "regularization.mixup_alpha=-1",
        "regularization.mixup_alpha=1e-9",
        "regularization.cutmix_alpha=.inf",
        "regularization.mixup_probability=1.5",
        "regularization.mixup_switch_probability=.nan"
      })
  void aValueOutOfItsRangeIsRefusedByName(String setting) {
    String path = setting.substring(0, setting.indexOf('='));
    String key = path.substring(path.lastIndexOf('.') + 1);
    assertThatThrownBy(() -> TinyRuns.config(setting))
        .isInstanceOf(InputException.class)
        .hasMessageContaining(key + " is ");
  }

  @Test
  void theLearningRateRisesStaysAndFallsAsAskedFor() throws Exception {
    RunConfig config =
        TinyRuns.config(
            "training.epochs=10", // of six steps
            "optimizer.learning_rate=0.2",
            "optimizer.final_learning_rate=0.1",
            "optimizer.warmup_epochs=2.5",
            "optimizer.decay_share=0.5");
    LearningRate rate =
        RunPlan.of(config, TinyRuns.IMAGES.train()).learningRate(config.optimizer());
    assertThat(rate.at(0)).isCloseTo(0.2 / 15, within(1e-12));
    assertThat(rate.at(14)).isCloseTo(0.2, within(1e-12));
    assertThat(rate.at(37)).isCloseTo(0.2, within(1e-12));
    assertThat(rate.at(38)).isLessThan(0.2);
    assertThat(rate.at(60)).isCloseTo(0.1, within(1e-12));
  }

  @Test
  void theOptimizerAndTheAveragesAreThoseAskedFor() throws Exception {
    RunConfig config =
        TinyRuns.config(
            "optimizer.beta1=0.8",
            "optimizer.beta2=0.7",
            "optimizer.epsilon=0.01",
            "optimizer.weight_decay=0.3",
            "optimizer.clip_norm=0.5",
            "averages.decays=[0.6]",
            "averages.warmup=false");
    try (Session session = Session.open(Backend.named(config.backend()));
        Learner asked = RunSetup.of(session, config, TinyRuns.IMAGES).newLearner(2);
        Learner byHand =
            new Learner(
                session,
                VisionTransformer.create(
                    session, asked.model().config(), asked.model().precision(), config.seed()),
                new AdamW.Settings(0.8, 0.7, 0.01, 0.3, 0.5),
                new RunConfig.Averages(List.of(0.6), false),
                RunConfig.Moments.COPY,
                config.seed())) {
      for (Learner learner : List.of(asked, byHand)) {
        RandomData random = RandomData.of("optimizer");
        for (int step = 0; step < 3; step++) {
          session.arena().reset();
          Tensor images = session.arena().allocate(DType.FLOAT32, Shape.of(3, 1, 12, 12));
          images.set(random.gaussian(images.elements()));
          learner.step(images, random.integers(3, 0, 4), 0, 0, step, 0.01);
        }
      }
      assertSameBits("weights", weights(asked), weights(byHand));
      assertSameBits("average", average(asked), average(byHand));
    }
  }

  private static float[] weights(Learner learner) {
    return learner.model().parameters().values().toFloats();
  }

  private static float[] average(Learner learner) {
    return learner.averages().get(0).values().toFloats();
  }

  private static final String[] GIVEN = {
    "progressive.schedule=given",
    "progressive.stages=2",
    "progressive.given=[{epochs: 2, resolution: 6, depth: 2}, {epochs: 4, resolution: 12, depth: 4}]",
    "averages.decays=[]"
  };

  /** Only a search and growth by momentum read averages. */
  @Test
  void aGivenScheduleNeedsNoAverages(@TempDir Path directory) throws Exception {
    RunConfig config = ConfigFile.override(given("stack"), List.of("training.epochs=6"));
    RunSummary summary = TinyRuns.train(config, directory, TrainingListener.NONE);
    assertThat(summary.complete()).isTrue();
    assertThat(summary.stages()).extracting(StageReport::depth).containsExactly(2, 4);
    assertThatThrownBy(() -> given("momentum"))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("decays is []; expected at least one for growth by momentum");
  }

  private static RunConfig given(String operator) throws InputException {
    return ConfigFile.override(TinyRuns.config("progressive.operator=" + operator), List.of(GIVEN));
  }

  @ParameterizedTest
  @ValueSource(strings = {"0.001", "1e12", ".inf", ".nan", "-3"})
  void anMlpWithoutAHiddenWidthIsRefused(String ratio) throws Exception {
    RunConfig config = TinyRuns.config("model.mlp_ratio=" + ratio);
    assertThatThrownBy(() -> RunPlan.of(config, TinyRuns.IMAGES.train()))
        .isInstanceOf(InputException.class)
        .hasMessageContainingAll("MLP ratio", "model.mlp_ratio");
  }

  @Test
  void theNarrowestMlpIsTaken() throws Exception {
    RunConfig config = TinyRuns.config("model.mlp_ratio=0.05");
    assertThat(RunPlan.of(config, TinyRuns.IMAGES.train()).model().hidden()).isEqualTo(1);
  }

  @Test
  void aBatchBeyondTwoGibibytesIsRefused() throws Exception {
    RunConfig config = TinyRuns.config("training.batch=16");
    assertThatThrownBy(() -> RunPlan.of(config, new Blank(8192)))
        .isInstanceOf(InputException.class)
        .hasMessageContainingAll("16 images", "3221225472 bytes", "training.batch");
  }

  /** A hundred white squares in colour. */
  private record Blank(int side) implements ImageDataset {
    @Override
    public int size() {
      return 100;
    }

    @Override
    public int channels() {
      return 3;
    }

    @Override
    public int height() {
      return side;
    }

    @Override
    public int width() {
      return side;
    }

    @Override
    public List<String> classNames() {
      return List.of("white");
    }

    @Override
    public int label(int index) {
      return 0;
    }

    @Override
    public void read(int index, ByteBuffer to) {
      while (to.hasRemaining()) {
        to.put((byte) -1);
      }
    }
  }
}
