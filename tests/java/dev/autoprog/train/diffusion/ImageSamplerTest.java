package dev.autoprog.train.diffusion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.autoprog.InputException;
import dev.autoprog.autograd.Tape;
import dev.autoprog.backend.Backend;
import dev.autoprog.backend.Session;
import dev.autoprog.data.latent.LatentSpace;
import dev.autoprog.diffusion.DdimSampler;
import dev.autoprog.diffusion.DdpmSampler;
import dev.autoprog.diffusion.DiffusionProcess;
import dev.autoprog.diffusion.NoiseSchedule;
import dev.autoprog.diffusion.Prediction;
import dev.autoprog.diffusion.Sampler;
import dev.autoprog.diffusion.Variance;
import dev.autoprog.model.Conditions;
import dev.autoprog.model.DenoisingNetwork;
import dev.autoprog.model.DiffusionTransformer;
import dev.autoprog.model.DitConfig;
import dev.autoprog.nn.Parameter;
import dev.autoprog.nn.Precision;
import dev.autoprog.tensor.DType;
import dev.autoprog.tensor.Shape;
import dev.autoprog.tensor.Tensor;
import dev.autoprog.testing.Candidate;
import dev.autoprog.testing.Closeness;
import dev.autoprog.testing.RandomData;
import dev.autoprog.train.diffusion.ImageSampler.Settings;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ImageSamplerTest {
  private static final int[] LABELS = {0, 2, 1, 3, 2};
  private static final int SIZE = 12 * 12;

  private static Settings settings(int batch) {
    return new Settings(5, false, 2, -1, 12, batch);
  }

  private static ImageSampler sampler(Session session, boolean learned) {
    return sampler(session, learned, Optional.empty());
  }

  private static ImageSampler sampler(
      Session session, boolean learned, Optional<LatentSpace> latents) {
    DitConfig config = new DitConfig(12, 3, 1, 3, 16, 2, 2, 4, learned, 2);
    DiffusionTransformer dit = DiffusionTransformer.create(session, config, Precision.FP32, 1);
    RandomData random = RandomData.of("sampler", learned);
    for (Parameter parameter : dit.parameters().all()) {
      parameter.value().set(random.uniform(parameter.value().elements(), -0.2, 0.2));
    }
    dit.parameters().valuesChanged();
    Variance variance = learned ? Variance.LEARNED_RANGE : Variance.FIXED_LARGE;
    return new ImageSampler(
        session,
        dit,
        new DiffusionProcess(NoiseSchedule.linear(50), Prediction.EPSILON, variance),
        12,
        latents);
  }

  private static Session session() {
    return Session.open(Backend.named(Candidate.nameOr("cpu")));
  }

  private static float[] sample(ImageSampler sampler, int[] labels, Settings settings, long seed)
      throws InputException {
    return sampler.sample(labels, settings, seed, () -> false).orElseThrow();
  }

  /** Products of other sizes are rounded otherwise, so not to the bit. */
  @Test
  void anImageIsTheSameInEveryBatchAndOfEverySeedAnother() throws Exception {
    for (boolean learned : new boolean[] {false, true}) {
      try (Session session = session();
          ImageSampler sampler = sampler(session, learned)) {
        float[] together = sample(sampler, LABELS, settings(8), 7);
        float[] apart = sample(sampler, LABELS, settings(2), 7);
        assertThat(together).hasSize(5 * SIZE);
        for (int i = 0; i < together.length; i++) {
          assertThat(apart[i]).isCloseTo(together[i], org.assertj.core.data.Offset.offset(1e-3f));
        }
        assertThat(sample(sampler, LABELS, settings(8), 7)).isEqualTo(together);
        assertThat(sample(sampler, LABELS, settings(8), 8)).isNotEqualTo(together);
        assertThat(Arrays.copyOf(together, SIZE))
            .isNotEqualTo(Arrays.copyOfRange(together, SIZE, 2 * SIZE));
      }
    }
  }

  @Test
  void classStageAndGuidanceMatter() throws Exception {
    try (Session session = session();
        ImageSampler sampler = sampler(session, false)) {
      int[] label = {1};
      float[] plain = sample(sampler, label, new Settings(5, true, 1, 1, 12, 8), 7);
      assertThat(sample(sampler, label, new Settings(5, true, 1, -1, 12, 8), 7)).isEqualTo(plain);
      assertThat(sample(sampler, label, new Settings(5, true, 1, 0, 12, 8), 7)).isNotEqualTo(plain);
      assertThat(sample(sampler, label, new Settings(5, true, 3, 1, 12, 8), 7)).isNotEqualTo(plain);
      assertThat(sample(sampler, new int[] {2}, new Settings(5, true, 1, 1, 12, 8), 7))
          .isNotEqualTo(plain);
      assertThat(sample(sampler, label, new Settings(5, true, 1, 1, 6, 8), 7)).hasSize(36);
    }
  }

  @Test
  void anInterruptedSamplingGivesNothingAndItsMemoryBack() throws Exception {
    try (Session session = session();
        ImageSampler sampler = sampler(session, false)) {
      sample(sampler, LABELS, settings(2), 7); // the arena keeps what it has grown to
      long before = session.allocatedBytes();
      int[] asked = new int[1];
      Optional<float[]> images = sampler.sample(LABELS, settings(2), 7, () -> ++asked[0] > 7);
      assertThat(images).isEmpty();
      assertThat(asked[0]).isEqualTo(8);
      assertThat(session.allocatedBytes()).isEqualTo(before);
    }
  }

  @Test
  void whatTheModelDoesNotHaveIsRefused() throws Exception {
    try (Session session = session();
        ImageSampler sampler = sampler(session, false)) {
      assertThatThrownBy(() -> sample(sampler, new int[] {4}, settings(2), 1))
          .hasMessageContaining("class 4; expected 0 to 2");
      assertThatThrownBy(() -> sample(sampler, LABELS, new Settings(5, true, 1, 2, 12, 8), 1))
          .hasMessageContaining("stage identifier 2; expected 0 to 1");
      assertThatThrownBy(() -> sample(sampler, LABELS, new Settings(51, true, 1, 0, 12, 8), 1))
          .hasMessageContaining("at most the process's 50");
      assertThatThrownBy(() -> sample(sampler, LABELS, new Settings(5, true, 1, 0, 11, 8), 1))
          .hasMessageContaining("a multiple of 3");
      int[] many = new int[1 << 16];
      assertThatThrownBy(() -> sample(sampler, many, new Settings(5, true, 1, 0, 192, 8), 1))
          .isInstanceOf(InputException.class)
          .hasMessageContaining("65536 of 1×192×192 numbers each; expected at most 58254");
    }
  }

  /** The published sampler with the published guidance, and latents given back in their units. */
  @ParameterizedTest
  @CsvSource({"true, false", "false, false", "true, true"})
  void imagesAreWhatTheSettingsAskFor(boolean deterministic, boolean ofLatents) throws Exception {
    float scale = ofLatents ? 0.25f : 1;
    LatentSpace space = new LatentSpace(scale, "", List.of("a", "b", "c"));
    try (Session session = session();
        ImageSampler sampler =
            sampler(session, false, ofLatents ? Optional.of(space) : Optional.empty())) {
      DiffusionProcess process =
          new DiffusionProcess(NoiseSchedule.linear(50), Prediction.EPSILON, Variance.FIXED_LARGE)
              .respaced(5);
      Sampler published =
          deterministic
              ? new DdimSampler(process, 0, !ofLatents)
              : new DdpmSampler(process, !ofLatents);
      Tensor x = session.allocate(DType.FLOAT32, Shape.of(LABELS.length, 1, 12, 12));
      published.sample(
          session,
          (in, timestep, out) -> out.set(guided(session, sampler.network(), in, timestep)),
          x,
          7,
          0,
          () -> false);
      double[] expected = Closeness.widen(x.toFloats());
      session.free(x);
      Arrays.setAll(expected, i -> expected[i] / scale);
      float[] drawn = sample(sampler, LABELS, new Settings(5, deterministic, 3, 0, 12, 8), 7);
      Closeness.assertClose("images", drawn, expected, 1e-4);
    }
  }

  /** Three times as far from the prediction without a class as that with one is. */
  private static float[] guided(Session session, DenoisingNetwork network, Tensor x, int timestep) {
    float[] told = predicted(session, network, x, timestep, LABELS);
    float[] untold = predicted(session, network, x, timestep, new int[] {3, 3, 3, 3, 3});
    for (int i = 0; i < told.length; i++) {
      untold[i] += 3 * (told[i] - untold[i]);
    }
    return untold;
  }

  private static float[] predicted(
      Session session, DenoisingNetwork network, Tensor x, int timestep, int[] labels) {
    session.arena().reset();
    float[] timesteps = new float[labels.length];
    Arrays.fill(timesteps, timestep);
    Conditions conditions = new Conditions(timesteps, labels, new int[labels.length], null);
    return network.forward(Tape.inference(session), x, conditions).value().toFloats();
  }
}
