package dev.autoprog.diffusion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.autoprog.backend.Session;
import dev.autoprog.tensor.DType;
import dev.autoprog.tensor.Shape;
import dev.autoprog.tensor.Tensor;
import dev.autoprog.testing.Candidate;
import dev.autoprog.testing.Closeness;
import dev.autoprog.testing.RandomData;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class GuidanceTest {
  private static final int BATCH = 3;
  private static final int CHANNELS = 4;
  private static final int PIXELS = 7;

  static Stream<Candidate> candidates() {
    return Candidate.all().stream();
  }

  private static float[] conditional(int outputs) {
    return RandomData.of("conditional").gaussian(BATCH * outputs * PIXELS);
  }

  private static float[] unconditional(int outputs) {
    return RandomData.of("unconditional").gaussian(BATCH * outputs * PIXELS);
  }

  /** What comes out for networks with so many channels; {@code guided} is null for all of x's. */
  private static float[] guide(Candidate candidate, int outputs, double weight, Integer guided) {
    try (Session session = candidate.open()) {
      Tensor x = session.zeros(Shape.of(BATCH, CHANNELS, PIXELS));
      Tensor out = session.allocate(DType.FLOAT32, Shape.of(BATCH, outputs, PIXELS));
      long before = session.allocatedBytes();
      Guidance guidance =
          Guidance.of(
              session,
              (in, timestep, to) -> to.set(conditional(outputs)),
              (in, timestep, to) -> to.set(unconditional(outputs)),
              weight);
      (guided == null ? guidance : guidance.onFirstChannels(guided)).predict(x, 5, out);
      assertThat(session.allocatedBytes()).isEqualTo(before);
      return out.toFloats();
    }
  }

  private static double[] expected(int outputs, double weight, int guided) {
    double[] result = Closeness.widen(conditional(outputs));
    float[] other = unconditional(outputs);
    for (int i = 0; i < result.length; i++) {
      if (i / PIXELS % outputs < guided) {
        result[i] = other[i] + weight * (result[i] - other[i]);
      }
    }
    return result;
  }

  @ParameterizedTest
  @MethodSource("candidates")
  void weightsTheDifference(Candidate candidate) {
    for (double weight : new double[] {-0.5, 0.25, 1.5, 4}) {
      Closeness.assertClose(
          "all channels", guide(candidate, 4, weight, null), expected(4, weight, 4), 1e-6);
      Closeness.assertClose(
          "beside a variance", guide(candidate, 8, weight, null), expected(8, weight, 4), 1e-6);
      Closeness.assertClose(
          "three channels", guide(candidate, 8, weight, 3), expected(8, weight, 3), 1e-6);
      Closeness.assertClose(
          "more than there are", guide(candidate, 8, weight, 9), expected(8, weight, 4), 1e-6);
    }
  }

  @ParameterizedTest
  @MethodSource("candidates")
  void weightsOneAndZeroAreTheNetworksThemselves(Candidate candidate) {
    assertThat(guide(candidate, 8, 1, null)).isEqualTo(conditional(8));
    assertThat(guide(candidate, 4, 0, null)).isEqualTo(unconditional(4));
  }

  @Test
  void theUnconditionalNetworkDoesNotRunWhereItHasNoWeight() {
    try (Session session = Candidate.all().get(0).open()) {
      Tensor x = session.zeros(Shape.of(BATCH, CHANNELS, PIXELS));
      Denoiser fails =
          (in, timestep, to) -> {
            throw new AssertionError("ran");
          };
      Guidance.of(session, (in, timestep, to) -> to.set(in.toFloats()), fails, 1)
          .predict(x, 5, session.zeros(x.shape()));
    }
  }

  @Test
  void bothNetworksSeeTheSame() {
    try (Session session = Candidate.all().get(0).open()) {
      Tensor x = session.zeros(Shape.of(BATCH, CHANNELS, PIXELS));
      Denoiser looks =
          (in, timestep, to) -> {
            assertThat(in).isSameAs(x);
            assertThat(timestep).isEqualTo(321);
            session.kernels().fill(to, 2);
          };
      Tensor out = session.zeros(x.shape());
      Guidance.of(session, looks, looks, 3).predict(x, 321, out);
      assertThat(out.toFloats()).containsOnly(2f);
    }
  }

  @Test
  void refusesWhatIsNoGuidance() {
    try (Session session = Candidate.all().get(0).open()) {
      Denoiser none = (in, timestep, to) -> {};
      assertThatThrownBy(() -> Guidance.of(session, none, none, Double.NaN))
          .hasMessageContaining("weight is NaN");
      assertThatThrownBy(() -> Guidance.of(session, none, none, 2).onFirstChannels(0))
          .hasMessageContaining("count is 0");
    }
  }
}
