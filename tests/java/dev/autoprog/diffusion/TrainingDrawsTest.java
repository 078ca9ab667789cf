package dev.autoprog.diffusion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.autoprog.backend.Backend;
import dev.autoprog.backend.Session;
import dev.autoprog.tensor.DType;
import dev.autoprog.tensor.Shape;
import dev.autoprog.tensor.Tensor;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class TrainingDrawsTest {
  private static final TrainingDraws DRAWS = new TrainingDraws(11, 1000);

  @Test
  void timestepsAreUniform() {
    int[] counts = new int[10];
    int[] timesteps = DRAWS.timesteps(0, IntStream.range(0, 10_000).toArray());
    for (int timestep : timesteps) {
      assertThat(timestep).isBetween(0, 999);
      counts[timestep / 100]++;
    }
    double chiSquare = 0;
    for (int count : counts) {
      chiSquare += (count - 1000.0) * (count - 1000) / 1000;
    }
    assertThat(chiSquare).as("χ² with 9 degrees of freedom; the seed is fixed").isLessThan(27.9);
    assertThat(new TrainingDraws(11, 4).timesteps(0, IntStream.range(0, 100).toArray()))
        .contains(0, 1, 2, 3)
        .doesNotContain(-1, 4);
  }

  @Test
  void aSampleDrawsTheSameInEveryBatchAndAnewInEveryEpoch() {
    int[] all = DRAWS.timesteps(3, 0, 1, 2, 3, 4, 5, 6, 7);
    assertThat(DRAWS.timesteps(3, 6, 2)).containsExactly(all[6], all[2]);
    assertThat(DRAWS.timestep(3, 4)).isEqualTo(all[4]);
    assertThat(DRAWS.timesteps(4, 0, 1, 2, 3, 4, 5, 6, 7)).isNotEqualTo(all);
    assertThat(new TrainingDraws(12, 1000).timesteps(3, 0, 1, 2, 3, 4, 5, 6, 7)).isNotEqualTo(all);

    float[] noise = noise(DRAWS, 3, 5, 1, 9);
    assertThat(noise(DRAWS, 3, 9)).isEqualTo(Arrays.copyOfRange(noise, 14, 21));
    assertThat(noise(DRAWS, 3, 1)).isEqualTo(Arrays.copyOfRange(noise, 7, 14));
    assertThat(noise(DRAWS, 4, 1)).isNotEqualTo(noise(DRAWS, 3, 1));
    assertThat(noise(DRAWS, 3, 1)).isNotEqualTo(noise(DRAWS, 3, 5));
    assertThat(noise(new TrainingDraws(12, 1000), 3, 1)).isNotEqualTo(noise(DRAWS, 3, 1));
  }

  @Test
  void noiseIsStandardNormal() {
    float[] noise = noise(DRAWS, 0, IntStream.range(0, 5000).toArray());
    double mean = 0;
    double square = 0;
    double fourth = 0;
    for (float z : noise) {
      mean += z;
      square += (double) z * z;
      fourth += Math.pow(z, 4);
    }
    int n = noise.length;
    assertThat(mean / n).isCloseTo(0, within(5 / Math.sqrt(n)));
    assertThat(square / n).isCloseTo(1, within(5 * Math.sqrt(2.0 / n)));
    assertThat(fourth / n).isCloseTo(3, within(5 * Math.sqrt(96.0 / n)));
  }

  private static float[] noise(TrainingDraws draws, int epoch, int... samples) {
    try (Session session = Session.open(Backend.named("reference"))) {
      Tensor noise = session.allocate(DType.FLOAT32, Shape.of(samples.length, 7));
      draws.noise(session, epoch, noise, samples);
      return noise.toFloats();
    }
  }

  @Test
  void refusesWhatDoesNotFit() {
    assertThatThrownBy(() -> new TrainingDraws(1, 0)).hasMessageContaining("steps is 0");
    try (Session session = Session.open(Backend.named("reference"))) {
      Tensor noise = session.zeros(Shape.of(2, 7));
      assertThatThrownBy(() -> DRAWS.noise(session, 0, noise, 1, 2, 3))
          .hasMessageContaining("each of 3 samples");
    }
  }
}
