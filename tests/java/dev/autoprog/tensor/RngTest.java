package dev.autoprog.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RngTest {
  private static final int DRAWS = 200_000;

  /** The known answers that Random123 publishes for philox4x32-10. */
  @ParameterizedTest
  @CsvSource({
    "00000000 00000000 00000000 00000000, 00000000 00000000, 6627e8d5 e169c58d bc57ac4c 9b00dbd8",
    "ffffffff ffffffff ffffffff ffffffff, ffffffff ffffffff, 408f276d 41c83b0e a20bc7c6 6d5451fd",
    "243f6a88 85a308d3 13198a2e 03707344, a4093822 299f31d0, d16cfe09 94fdcceb 5001e420 24126ea1"
  })
  void philoxGivesTheKnownAnswers(String counter, String key, String answer) {
    int[] c = words(counter);
    int[] k = words(key);
    int[] out = new int[4];
    Rng.philox(c[0], c[1], c[2], c[3], k[0], k[1], out);
    assertThat(out).containsExactly(words(answer));
  }

  @Test
  void equalNamesGiveEqualNumbers() {
    Rng a = Rng.of(7, 1, 2);
    Rng b = Rng.of(7, 1, 2);
    for (int i = 0; i < 100; i++) {
      assertThat(a.nextInt()).isEqualTo(b.nextInt());
    }
  }

  @Test
  void otherNamesGiveOtherNumbers() {
    Set<Long> firsts = new HashSet<>();
    long[][] paths = {{}, {0}, {1}, {0, 0}, {0, 1}, {1, 0}, {-1}, {0, 0, 0}, {1L << 40}};
    for (long seed : new long[] {0, 1, -1, 1L << 32}) {
      for (long[] path : paths) {
        Rng rng = Rng.of(seed, path);
        firsts.add((long) rng.nextInt() << 32 | rng.nextInt() & 0xFFFFFFFFL);
      }
    }
    assertThat(firsts).hasSize(4 * paths.length);
  }

  @Test
  void uniformDrawsAreUniform() {
    Rng floats = Rng.of(1, 1);
    Rng doubles = Rng.of(1, 2);
    double floatSum = 0;
    double doubleSum = 0;
    double squares = 0;
    for (int i = 0; i < DRAWS; i++) {
      float f = floats.nextFloat();
      double d = doubles.nextDouble();
      assertThat(f >= 0 && f < 1 && d >= 0 && d < 1).isTrue();
      floatSum += f;
      doubleSum += d;
      squares += d * d;
    }
    assertThat(floatSum / DRAWS).isCloseTo(0.5, within(0.005));
    assertThat(doubleSum / DRAWS).isCloseTo(0.5, within(0.005));
    assertThat(squares / DRAWS).isCloseTo(1 / 3.0, within(0.005));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 10, 97})
  void boundedIntegersAreUniform(int bound) {
    Rng rng = Rng.of(2, bound);
    int[] counts = new int[bound];
    for (int i = 0; i < DRAWS; i++) {
      counts[rng.nextInt(bound)]++;
    }
    double expected = (double) DRAWS / bound;
    double chiSquared =
        IntStream.of(counts).mapToDouble(n -> (n - expected) * (n - expected) / expected).sum();
    // mean bound − 1, variance 2(bound − 1): six standard deviations of room
    assertThat(chiSquared).isLessThan(bound - 1 + 6 * Math.sqrt(2.0 * bound));
  }

  @ParameterizedTest
  @ValueSource(ints = {0, -1, Integer.MIN_VALUE})
  void refusesBoundsBelowOne(int bound) {
    assertThatThrownBy(() -> Rng.of(1).nextInt(bound))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(Integer.toString(bound));
  }

  @Test
  void gaussianDrawsHaveTheMomentsOfTheNormalDistribution() {
    Rng rng = Rng.of(3);
    double[] moments = new double[5];
    for (int i = 0; i < DRAWS; i++) {
      double z = rng.nextGaussian();
      for (int p = 1; p <= 4; p++) {
        moments[p] += Math.pow(z, p) / DRAWS;
      }
    }
    assertThat(moments[1]).isCloseTo(0, within(0.015));
    assertThat(moments[2]).isCloseTo(1, within(0.02));
    assertThat(moments[3]).isCloseTo(0, within(0.06));
    assertThat(moments[4]).isCloseTo(3, within(0.15));
  }

  @Test
  void truncatedGaussianDrawsStayWithinTwoDeviations() {
    Rng rng = Rng.of(4);
    double squares = 0;
    for (int i = 0; i < DRAWS; i++) {
      float z = rng.nextTruncatedGaussian(0.02);
      assertThat(Math.abs(z)).isLessThanOrEqualTo(0.04f);
      squares += (double) z * z / DRAWS;
    }
    // a standard normal cut at ±2 has the variance 0.7737
    assertThat(squares).isCloseTo(0.7737 * 0.0004, within(0.01 * 0.0004));
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 65, 1000})
  void aPermutationHoldsEachIntegerOnce(int n) {
    assertThat(Rng.of(5, n).permutation(n))
        .containsExactlyInAnyOrder(IntStream.range(0, n).toArray());
  }

  @Test
  void permutationsAreEquallyLikely() {
    int[] counts = new int[6];
    int draws = 60_000;
    Rng rng = Rng.of(6);
    for (int i = 0; i < draws; i++) {
      int[] p = rng.permutation(3);
      counts[p[0] * 2 + (p[1] > p[2] ? 1 : 0)]++;
    }
    for (int count : counts) {
      assertThat((double) count / draws).isCloseTo(1 / 6.0, within(0.01));
    }
  }

  private static int[] words(String hex) {
    return Arrays.stream(hex.split(" "))
        .mapToInt(word -> Integer.parseUnsignedInt(word, 16))
        .toArray();
  }
}
