package dev.autoprog.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.autoprog.backend.Session;
import dev.autoprog.tensor.Rng;
import dev.autoprog.testing.Candidate;
import dev.autoprog.testing.GuardedTensors;
import dev.autoprog.testing.KernelCall;
import dev.autoprog.testing.KernelCheck;
import dev.autoprog.testing.RandomData;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class NoiseTest {
  private static final double BOUND = 1e-6;

  /** √(−2 ln u) is below it. */
  private static final double MOST = 6.8;

  /** A batch of noise. */
  private record Noise(long seed, long batch, long n) {
    KernelCall call(RandomData data) {
      return ConditioningKernelCalls.gaussian(data, seed, batch, n);
    }
  }

  static Stream<Arguments> candidates() {
    return Candidate.times(
        List.of(
            new Noise(0, 1, 1),
            new Noise(-3, 3, 7),
            new Noise(1L << 40, 65, 12),
            new Noise(Long.MIN_VALUE, 5, 1153),
            new Noise(11, 2, 3 * 64 * 64)));
  }

  @ParameterizedTest
  @MethodSource("candidates")
  void agreesWithTheReference(Candidate candidate, Noise noise) {
    KernelCheck.check(noise.call(RandomData.of("noise", noise)), candidate, BOUND);
  }

  /** Also where √(−2 ln u) is small, so that the sum of squares does not say much of it. */
  @ParameterizedTest
  @MethodSource("candidates")
  void everyDrawHasItsDigits(Candidate candidate, Noise noise) {
    KernelCall call = noise.call(RandomData.of("digits", noise));
    float[] expected = call.onReference().get("x");
    float[] found = on(candidate, call);
    int n = (int) noise.n();
    for (int i = 0; i < expected.length; i++) {
      int other = i % n % 2 == 1 ? i - 1 : i + 1;
      boolean paired = i % n % 2 == 1 || i % n + 1 < n;
      double radius = paired ? Math.hypot(expected[i], expected[other]) : MOST;
      assertThat((double) found[i]).isCloseTo(expected[i], within(1e-6 * radius));
    }
  }

  @ParameterizedTest
  @MethodSource("candidates")
  void aRowIsTheSameWhateverTheOthers(Candidate candidate, Noise noise) {
    KernelCall call = noise.call(RandomData.of("rows", noise));
    float[] whole = on(candidate, call);
    int[] streams = call.integers("streams");
    int last = (int) noise.batch() - 1;
    KernelCall alone =
        new Noise(noise.seed(), 1, noise.n())
            .call(RandomData.of("alone"))
            .with("streams", Arrays.copyOfRange(streams, 2 * last, 2 * last + 2));
    float[] row = on(candidate, alone);
    int n = (int) noise.n();
    assertThat(row).isEqualTo(Arrays.copyOfRange(whole, last * n, (last + 1) * n));
  }

  private static float[] on(Candidate candidate, KernelCall call) {
    try (Session session = candidate.open();
        GuardedTensors tensors = new GuardedTensors(session.device(), call, 0, null)) {
      call.run(session.kernels(), tensors);
      return tensors.results().get("x");
    }
  }

  /** The words of {@link Rng}, by the formula. */
  @Test
  void theReferenceReadsTheGeneratorOfASeedAndAPath() {
    long stream = Rng.stream(3, 14);
    int[] words = {(int) stream, (int) (stream >>> 32)};
    float[] x =
        new Noise(5, 1, 6)
            .call(RandomData.of("path"))
            .with("streams", words)
            .onReference()
            .get("x");
    Rng rng = Rng.of(5, 3, 14);
    for (int i = 0; i < 6; i += 2) {
      double u = (Integer.toUnsignedLong(rng.nextInt()) + 0.5) / (1L << 32);
      double turn = Integer.toUnsignedLong(rng.nextInt()) / (double) (1L << 32);
      double radius = Math.sqrt(-2 * Math.log(u));
      assertThat((double) x[i]).isCloseTo(radius * Math.cos(2 * Math.PI * turn), within(1e-6));
      assertThat((double) x[i + 1]).isCloseTo(radius * Math.sin(2 * Math.PI * turn), within(1e-6));
    }
  }
}
