package dev.autoprog.data;

import static org.assertj.core.api.Assertions.assertThat;

import dev.autoprog.testing.RandomData;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Results by hand, then what must hold for any image. */
class PixelOperationsTest {
  private static final List<Integer> FILL = List.of(7);

  @Test
  void autoContrastStretchesEachChannel() {
    // 255 / 102 = 2.5
    assertThat(after(PixelOperations::autoContrast, image(1, 1, 3, 50, 100, 152)))
        .containsExactly(0, 125, 255);
    assertThat(
            after(
                PixelOperations::autoContrast, image(3, 1, 3, 50, 100, 152, 9, 9, 9, 0, 255, 127)))
        .containsExactly(0, 125, 255, 9, 9, 9, 0, 255, 127);
  }

  /** 50 · 5.1 − 51 is a little below 204 in float64, and Pillow cuts off. */
  @Test
  void autoContrastCutsOff() {
    assertThat(after(PixelOperations::autoContrast, image(1, 2, 3, 10, 20, 30, 40, 50, 60)))
        .containsExactly(0, 51, 102, 153, 203, 255);
  }

  @Test
  void equalizeSpreadsWhatIsFrequent() {
    // 256 pixels, of which one is brightest: a step is 255 / 255 = 1
    int[] first = runs(85, 10, 85, 20, 85, 30, 1, 40);
    assertThat(after(PixelOperations::equalize, image(1, 16, 16, first)))
        .isEqualTo(runs(85, 0, 85, 85, 85, 170, 1, 255));
    // 900 pixels, of which 100 are brightest: a step is 800 / 255 = 3, and half of it 1
    int[] second = runs(300, 3, 500, 4, 100, 200);
    assertThat(after(PixelOperations::equalize, image(1, 30, 30, second)))
        .isEqualTo(runs(300, 0, 500, 301 / 3, 100, 255));
  }

  @Test
  void equalizeLeavesWhatHasTooFewPixelsOrOneValue() {
    int[] few = runs(254, 10, 1, 20);
    assertThat(after(PixelOperations::equalize, image(1, 15, 17, few))).isEqualTo(few);
    int[] one = runs(600, 99);
    assertThat(after(PixelOperations::equalize, image(1, 20, 30, one))).isEqualTo(one);
  }

  @Test
  void equalizeTakesEachChannelByItself() {
    int[] planes = runs(85, 10, 85, 20, 85, 30, 1, 40, 256, 5, 128, 0, 128, 1);
    assertThat(after(PixelOperations::equalize, image(3, 16, 16, planes)))
        .isEqualTo(runs(85, 0, 85, 85, 85, 170, 1, 255, 256, 5, 128, 0, 128, 1));
  }

  @ParameterizedTest
  @CsvSource({
    "8, 0xAB, 0xAB",
    "4, 0xAB, 0xA0",
    "4, 255, 240",
    "1, 127, 0",
    "1, 128, 128",
    "0, 255, 0"
  })
  void posterizeKeepsTheHighestBits(int bits, int value, int expected) {
    assertThat(
            after(image -> PixelOperations.posterize(image, bits), image(3, 1, 1, value, 0, value)))
        .containsExactly(expected, 0, expected);
  }

  @ParameterizedTest
  @CsvSource({"128, 127, 127", "128, 128, 127", "128, 255, 0", "256, 255, 255", "0, 0, 255"})
  void solarizeInvertsBrightValues(int threshold, int value, int expected) {
    assertThat(
            after(
                image -> PixelOperations.solarize(image, threshold), image(1, 1, 2, value, value)))
        .containsExactly(expected, expected);
  }

  /** (200, 100, 50) has the luma 0.299 · 200 + 0.587 · 100 + 0.114 · 50 = 124.2, red has 76.2. */
  @Test
  void colorScalesTheDistanceFromTheLuma() {
    int[] pixels = {200, 255, 100, 0, 50, 0};
    assertThat(after(image -> PixelOperations.color(image, 0.5), image(3, 1, 2, pixels)))
        .containsExactly(162, 165, 112, 38, 87, 38);
    assertThat(after(image -> PixelOperations.color(image, 1.5), image(3, 1, 2, pixels)))
        .containsExactly(238, 255, 88, 0, 13, 0);
    assertThat(after(image -> PixelOperations.color(image, 0.1), image(1, 1, 3, 1, 2, 250)))
        .containsExactly(1, 2, 250);
  }

  /** The mean of 100, 110 and 131 is 113.7, of the lumas 124 and 0 it is 62. */
  @Test
  void contrastScalesTheDistanceFromTheMeanLuma() {
    assertThat(after(image -> PixelOperations.contrast(image, 0.5), image(1, 3, 1, 100, 110, 131)))
        .containsExactly(107, 112, 122);
    assertThat(
            after(
                image -> PixelOperations.contrast(image, 1.5),
                image(3, 1, 2, 200, 0, 100, 0, 50, 0)))
        .containsExactly(255, 0, 119, 0, 44, 0);
  }

  @Test
  void brightnessScalesValues() {
    int[] pixels = {101, 200, 3};
    assertThat(after(image -> PixelOperations.brightness(image, 0.5), image(3, 1, 1, pixels)))
        .containsExactly(50, 100, 1);
    assertThat(after(image -> PixelOperations.brightness(image, 1.5), image(1, 1, 3, pixels)))
        .containsExactly(151, 255, 4);
  }

  /** A 113 among nines is smoothed to (8 · 9 + 5 · 113) / 13 = 49. */
  @Test
  void sharpnessScalesTheDistanceFromTheSmoothedImage() {
    int[] pixels = {9, 9, 9, 9, 113, 9, 9, 9, 9};
    assertThat(after(image -> PixelOperations.sharpness(image, 0.5), image(1, 3, 3, pixels)))
        .containsExactly(9, 9, 9, 9, 81, 9, 9, 9, 9);
    assertThat(after(image -> PixelOperations.sharpness(image, 1.5), image(1, 3, 3, pixels)))
        .containsExactly(9, 9, 9, 9, 145, 9, 9, 9, 9);
  }

  /** One of eight neighbours is 7: 7 / 13 is above a half. */
  @Test
  void smoothingRounds() {
    assertThat(
            after(
                image -> PixelOperations.sharpness(image, 0),
                image(1, 3, 3, 7, 0, 0, 0, 0, 0, 0, 0, 0)))
        .containsExactly(7, 0, 0, 0, 1, 0, 0, 0, 0);
    assertThat(
            after(
                image -> PixelOperations.sharpness(image, 0),
                image(1, 3, 3, 6, 0, 0, 0, 0, 0, 0, 0, 0)))
        .containsExactly(6, 0, 0, 0, 0, 0, 0, 0, 0);
  }

  @Test
  void rotatesAgainstTheClockAboutTheMiddle() {
    assertThat(
            after(
                image -> PixelOperations.rotate(image, 90, FILL),
                image(1, 3, 3, 1, 2, 3, 4, 5, 6, 7, 8, 9)))
        .containsExactly(3, 6, 9, 2, 5, 8, 1, 4, 7);
    assertThat(after(image -> PixelOperations.rotate(image, 90, FILL), image(1, 1, 3, 1, 2, 3)))
        .containsExactly(7, 2, 7);
    assertThat(
            after(
                image -> PixelOperations.rotate(image, 180, List.of(7, 8, 9)),
                image(3, 1, 2, 1, 2, 3, 4, 5, 6)))
        .containsExactly(2, 1, 4, 3, 6, 5);
  }

  /**
   * Centres lie half a pixel from the middle, so each comes from ±½·cos 30° ± ½·sin 30° beside it:
   * between the columns by 0.317 or 0.683, or beyond the last centre, where the border is.
   */
  @Test
  void rotatesByLessThanARightAngle() {
    assertThat(
            after(image -> PixelOperations.rotate(image, 30, FILL), image(1, 2, 2, 0, 100, 0, 100)))
        .containsExactly(31, 100, 0, 68);
  }

  /** The upper row moves by half a pixel, the lower by one and a half. */
  @Test
  void shearsRowsToTheLeft() {
    int[] pixels = {10, 20, 30, 40, 50, 60, 70, 80};
    assertThat(after(image -> PixelOperations.shearX(image, 1, FILL), image(1, 2, 4, pixels)))
        .containsExactly(15, 25, 35, 7, 65, 75, 7, 7);
  }

  /** Of what is moved by half a pixel to the right, the first column lies half inside. */
  @Test
  void translatesToTheLeft() {
    int[] pixels = {10, 20, 30, 45};
    assertThat(
            after(image -> PixelOperations.translateX(image, 0.25, FILL), image(1, 1, 4, pixels)))
        .containsExactly(20, 30, 45, 7);
    assertThat(
            after(image -> PixelOperations.translateX(image, -0.5, FILL), image(1, 1, 4, pixels)))
        .containsExactly(7, 7, 10, 20);
    assertThat(
            after(image -> PixelOperations.translateX(image, 0.125, FILL), image(1, 1, 4, pixels)))
        .containsExactly(15, 25, 37, 7);
    assertThat(
            after(image -> PixelOperations.translateX(image, -0.125, FILL), image(1, 1, 4, pixels)))
        .containsExactly(10, 15, 25, 37);
  }

  @Test
  void eachChannelHasItsFill() {
    assertThat(
            after(
                image -> PixelOperations.translateX(image, 0.5, List.of(200, 0, 255)),
                image(3, 1, 2, 1, 2, 3, 4, 5, 6)))
        .containsExactly(2, 200, 4, 0, 6, 255);
  }

  /** What is done to columns is what is done to the rows of the image on its side. */
  @Property(tries = 100)
  void upAndDownIsLikeLeftAndRight(
      @ForAll @IntRange(min = 1, max = 17) int height,
      @ForAll @IntRange(min = 1, max = 17) int width,
      @ForAll @DoubleRange(min = -0.5, max = 0.5) double amount) {
    for (int channels : new int[] {1, 3}) {
      List<Integer> fill = List.of(5, 6, 7).subList(0, channels);
      int[] pixels = pixels(channels, height, width);
      int[] lying = transposed(channels, height, width, pixels);
      int[] sheared =
          after(
              image -> PixelOperations.shearX(image, amount, fill),
              image(channels, width, height, lying));
      assertThat(
              after(
                  image -> PixelOperations.shearY(image, amount, fill),
                  image(channels, height, width, pixels)))
          .isEqualTo(transposed(channels, width, height, sheared));
      int[] moved =
          after(
              image -> PixelOperations.translateX(image, amount, fill),
              image(channels, width, height, lying));
      assertThat(
              after(
                  image -> PixelOperations.translateY(image, amount, fill),
                  image(channels, height, width, pixels)))
          .isEqualTo(transposed(channels, width, height, moved));
    }
  }

  @Property(tries = 100)
  void nothingIsDoneByOneOrZero(
      @ForAll @IntRange(min = 1, max = 17) int height,
      @ForAll @IntRange(min = 1, max = 17) int width) {
    for (int channels : new int[] {1, 3}) {
      List<Integer> fill = List.of(5, 6, 7).subList(0, channels);
      int[] pixels = pixels(channels, height, width);
      List<Consumer<Planes>> nothing =
          List.of(
              image -> PixelOperations.color(image, 1),
              image -> PixelOperations.contrast(image, 1),
              image -> PixelOperations.brightness(image, 1),
              image -> PixelOperations.sharpness(image, 1),
              image -> PixelOperations.rotate(image, 0, fill),
              image -> PixelOperations.shearX(image, 0, fill),
              image -> PixelOperations.shearY(image, 0, fill),
              image -> PixelOperations.translateX(image, 0, fill),
              image -> PixelOperations.translateY(image, 0, fill),
              image -> PixelOperations.posterize(image, 8),
              image -> PixelOperations.solarize(image, 256));
      for (Consumer<Planes> operation : nothing) {
        assertThat(after(operation, image(channels, height, width, pixels))).isEqualTo(pixels);
      }
    }
  }

  /** A grey image is changed like each channel of the same in three. */
  @Property(tries = 100)
  void greyIsLikeEqualColours(
      @ForAll @IntRange(min = 1, max = 33) int height,
      @ForAll @IntRange(min = 1, max = 33) int width,
      @ForAll @DoubleRange(min = 0.1, max = 1.9) double factor) {
    int[] pixels = pixels(1, height, width);
    List<Integer> fill = List.of(5, 5, 5);
    List<Consumer<Planes>> operations =
        List.of(
            PixelOperations::autoContrast,
            PixelOperations::equalize,
            image -> PixelOperations.color(image, factor),
            image -> PixelOperations.contrast(image, factor),
            image -> PixelOperations.brightness(image, factor),
            image -> PixelOperations.sharpness(image, factor),
            image -> PixelOperations.posterize(image, (int) (4 * factor)),
            image -> PixelOperations.solarize(image, (int) (100 * factor)),
            image -> PixelOperations.rotate(image, 30 * factor, fill),
            image -> PixelOperations.shearX(image, factor, fill),
            image -> PixelOperations.translateY(image, factor / 2, fill));
    for (Consumer<Planes> operation : operations) {
      int[] grey = after(operation, image(1, height, width, pixels));
      int[] three = after(operation, image(3, height, width, concat(pixels, pixels, pixels)));
      assertThat(three).isEqualTo(concat(grey, grey, grey));
    }
  }

  private static Planes image(int channels, int height, int width, int... values) {
    Planes image = Planes.of(channels, height, width);
    assertThat(values).hasSize(image.pixels().length);
    for (int i = 0; i < values.length; i++) {
      image.pixels()[i] = (byte) values[i];
    }
    Arrays.fill(image.spare(), (byte) 0x5a);
    Arrays.fill(image.counts(), 77);
    Arrays.fill(image.table(), (byte) 0x5a);
    return image;
  }

  private static int[] after(Consumer<Planes> operation, Planes image) {
    operation.accept(image);
    return values(image.pixels());
  }

  private static int[] values(byte[] bytes) {
    return IntStream.range(0, bytes.length).map(i -> bytes[i] & 0xff).toArray();
  }

  private static int[] pixels(int channels, int height, int width) {
    return values(
        RandomData.of("pixels", channels, height, width).bytes((long) channels * height * width));
  }

  private static int[] transposed(int channels, int height, int width, int[] pixels) {
    int[] transposed = new int[pixels.length];
    for (int i = 0; i < pixels.length; i++) {
      int x = i % width;
      int y = i / width % height;
      int c = i / (width * height);
      transposed[(c * width + x) * height + y] = pixels[i];
    }
    assertThat(transposed).hasSize(channels * height * width);
    return transposed;
  }

  /** So many times the first value, so many times the second and so on. */
  private static int[] runs(int... countsAndValues) {
    return IntStream.range(0, countsAndValues.length / 2)
        .flatMap(
            i -> IntStream.generate(() -> countsAndValues[2 * i + 1]).limit(countsAndValues[2 * i]))
        .toArray();
  }

  private static int[] concat(int[]... parts) {
    return Arrays.stream(parts).flatMapToInt(Arrays::stream).toArray();
  }
}
