package dev.autoprog.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.autoprog.tensor.Rng;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Scale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AugmentationTest {
  private static final int SAMPLES = 20_000;

  @Property
  void cropsLieInsideTheImageWithTheAreaAndTheAspectAskedFor(
      @ForAll long seed,
      @ForAll @IntRange(min = 1, max = 600) int height,
      @ForAll @IntRange(min = 1, max = 600) int width,
      @ForAll @DoubleRange(min = 0.01, max = 0.999) @Scale(3) double minArea) {
    float[] window = window(new Augmentation(0.5, minArea, 0, 0), seed, height, width);
    assertThat(window[0]).isGreaterThanOrEqualTo(0);
    assertThat(window[1]).isGreaterThanOrEqualTo(0);
    assertThat(window[0] + window[2]).isLessThanOrEqualTo(height * (1 + 1e-6f));
    assertThat(window[1] + window[3]).isLessThanOrEqualTo(width * (1 + 1e-6f));
    double area = (double) window[2] * window[3] / ((double) height * width);
    assertThat(area).isBetween(minArea * (1 - 1e-6), 1 + 1e-6);
    double image = (double) width / height;
    assertThat((double) window[3] / window[2])
        .isBetween(
            Math.min(Math.max(0.75, area * image), image) * (1 - 1e-5),
            Math.max(Math.min(4.0 / 3, image / area), image) * (1 + 1e-5));
  }

  @Property
  void erasedPartsLieInsideTheImageAndKeepTheirAreaAtEveryResolution(
      @ForAll long seed, @ForAll @IntRange(min = 1, max = 512) int side) {
    int[] rectangle = rectangle(new Augmentation(0, 1, 0, 1), seed, side);
    assertThat(rectangle[0]).isGreaterThanOrEqualTo(0);
    assertThat(rectangle[1]).isGreaterThanOrEqualTo(0);
    assertThat(rectangle[2]).isPositive();
    assertThat(rectangle[3]).isPositive();
    assertThat(rectangle[0] + rectangle[2]).isLessThanOrEqualTo(side);
    assertThat(rectangle[1] + rectangle[3]).isLessThanOrEqualTo(side);
    double rounding = 1.5 / side;
    assertThat((double) rectangle[2] * rectangle[3] / side / side)
        .isBetween(0.02 - rounding, 1.0 / 3 + rounding);
    if (side >= 256) {
      assertThat((double) rectangle[2] / rectangle[3]).isBetween(0.28, 3.6);
    }
  }

  @Property
  void shiftsMoveTheWholeWindowByWholePixels(
      @ForAll long seed, @ForAll @DoubleRange(min = 0, max = 1) double maxShift) {
    float[] window = window(new Augmentation(0, 1, maxShift, 0), seed, 32, 40);
    assertThat(window[2]).isEqualTo(32);
    assertThat(window[3]).isEqualTo(40);
    assertThat(Math.abs(window[0])).isLessThanOrEqualTo(Math.round(maxShift * 32));
    assertThat(Math.abs(window[1])).isLessThanOrEqualTo(Math.round(maxShift * 40));
    assertThat(window[0]).isEqualTo((float) Math.rint(window[0]));
    assertThat(window[1]).isEqualTo((float) Math.rint(window[1]));
  }

  @Property
  void noneTakesTheImageAsItIs(
      @ForAll long seed,
      @ForAll @IntRange(min = 1, max = 600) int height,
      @ForAll @IntRange(min = 1, max = 600) int width) {
    assertThat(window(Augmentation.NONE, seed, height, width))
        .containsExactly(0, 0, height, width, 0);
    assertThat(rectangle(Augmentation.NONE, seed, height)).containsExactly(0, 0, 0, 0);
  }

  @Property
  void certainThingsAlwaysHappen(@ForAll long seed) {
    var certain = new Augmentation(1, 1, 0, 1);
    assertThat(window(certain, seed, 8, 8)[4]).isEqualTo(1);
    assertThat(rectangle(certain, seed, 8)[2]).isPositive();
  }

  @Property
  void oneDecisionDoesNotDependOnTheOthers(@ForAll long seed) {
    float[] all = window(new Augmentation(0.5, 0.2, 0.125, 0.5), seed, 32, 32);
    assertThat(window(new Augmentation(0.5, 1, 0, 0), seed, 32, 32)[4]).isEqualTo(all[4]);
    float[] still = window(new Augmentation(0, 0.2, 0, 0), seed, 32, 32);
    float[] shift = window(new Augmentation(0, 1, 0.125, 0), seed, 32, 32);
    assertThat(all[2]).isEqualTo(still[2]);
    assertThat(all[0]).isCloseTo(still[0] + shift[0], within(1e-4f));
    int[] likely = rectangle(new Augmentation(0, 1, 0, 0.5), seed, 64);
    if (likely[2] > 0) {
      assertThat(rectangle(new Augmentation(0, 1, 0, 1), seed, 64)).isEqualTo(likely);
    }
  }

  @Test
  void frequenciesAreThoseAskedFor() {
    var augmentation = new Augmentation(0.5, 0.25, 0, 0.3);
    double flips = 0;
    double areas = 0;
    double logAspects = 0;
    double tops = 0;
    double erased = 0;
    double erasedAreas = 0;
    for (int i = 0; i < SAMPLES; i++) {
      float[] window = window(augmentation, i, 32, 32);
      flips += window[4];
      areas += window[2] * window[3] / 1024;
      logAspects += Math.log(window[3] / window[2]);
      tops += window[0] / Math.max(1e-6, 32 - window[2]);
      int[] rectangle = rectangle(augmentation, i, 1000);
      erased += rectangle[2] > 0 ? 1 : 0;
      erasedAreas += rectangle[2] * 1e-6 * rectangle[3];
    }
    assertThat(flips / SAMPLES).isCloseTo(0.5, within(0.02));
    assertThat(areas / SAMPLES).isCloseTo(0.625, within(0.01));
    assertThat(logAspects / SAMPLES).isCloseTo(0, within(0.01));
    assertThat(tops / SAMPLES).isCloseTo(0.5, within(0.02));
    assertThat(erased / SAMPLES).isCloseTo(0.3, within(0.02));
    assertThat(erasedAreas / erased).isCloseTo((0.02 + 1.0 / 3) / 2, within(0.01));
  }

  @Test
  void shiftsByEveryAmountEquallyOften() {
    int[] counts = new int[9];
    for (int i = 0; i < SAMPLES; i++) {
      counts[4 + (int) window(new Augmentation(0, 1, 0.125, 0), i, 32, 32)[0]]++;
    }
    for (int count : counts) {
      assertThat(count).isBetween(SAMPLES / 9 * 9 / 10, SAMPLES / 9 * 11 / 10);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "-0.1, 1, 0, 0, flip",
    "0, 0, 0, 0, minCropArea",
    "0, 1.1, 0, 0, minCropArea",
    "0, 1, 2, 0, maxShift",
    "0, 1, 0, NaN, eraseProbability"
  })
  void refusesWhatIsOutOfRange(
      double flip, double minCropArea, double maxShift, double erase, String name) {
    assertThatThrownBy(() -> new Augmentation(flip, minCropArea, maxShift, erase))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(name);
  }

  private static float[] window(Augmentation augmentation, long seed, int height, int width) {
    float[] window = new float[Augmentation.WINDOW];
    augmentation.drawWindow(Rng.of(seed), height, width, window, 0);
    return window;
  }

  private static int[] rectangle(Augmentation augmentation, long seed, int side) {
    Batch.Storage storage = Batch.Storage.of(1, 1);
    augmentation.drawErasure(Rng.of(seed), storage.erasures(), 0);
    try (var batch = new Batch(storage, 0, 1, done -> {})) {
      return batch.rectangles(side);
    }
  }
}
