package dev.autoprog.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.autoprog.InputException;
import dev.autoprog.tensor.Rng;
import dev.autoprog.testing.RandomData;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class RandAugmentTest {
  private static final int SAMPLES = 28_000;
  private static final List<Integer> FILL = List.of(3, 4, 5);

  /** Each operation at half its level, and what it then is. */
  static Stream<Arguments> halfway() {
    return Stream.of(
        of(RandAugmentOperation.IDENTITY, image -> {}, image -> {}),
        of(
            RandAugmentOperation.AUTO_CONTRAST,
            PixelOperations::autoContrast,
            PixelOperations::autoContrast),
        of(RandAugmentOperation.EQUALIZE, PixelOperations::equalize, PixelOperations::equalize),
        of(
            RandAugmentOperation.ROTATE,
            image -> PixelOperations.rotate(image, 15, FILL),
            image -> PixelOperations.rotate(image, -15, FILL)),
        of(
            RandAugmentOperation.SOLARIZE,
            image -> PixelOperations.solarize(image, 128),
            image -> PixelOperations.solarize(image, 128)),
        of(
            RandAugmentOperation.COLOR,
            image -> PixelOperations.color(image, 1.45),
            image -> PixelOperations.color(image, 0.55)),
        of(
            RandAugmentOperation.POSTERIZE,
            image -> PixelOperations.posterize(image, 2),
            image -> PixelOperations.posterize(image, 2)),
        of(
            RandAugmentOperation.CONTRAST,
            image -> PixelOperations.contrast(image, 1.45),
            image -> PixelOperations.contrast(image, 0.55)),
        of(
            RandAugmentOperation.BRIGHTNESS,
            image -> PixelOperations.brightness(image, 1.45),
            image -> PixelOperations.brightness(image, 0.55)),
        of(
            RandAugmentOperation.SHARPNESS,
            image -> PixelOperations.sharpness(image, 1.45),
            image -> PixelOperations.sharpness(image, 0.55)),
        of(
            RandAugmentOperation.SHEAR_X,
            image -> PixelOperations.shearX(image, 0.15, FILL),
            image -> PixelOperations.shearX(image, -0.15, FILL)),
        of(
            RandAugmentOperation.SHEAR_Y,
            image -> PixelOperations.shearY(image, 0.15, FILL),
            image -> PixelOperations.shearY(image, -0.15, FILL)),
        of(
            RandAugmentOperation.TRANSLATE_X,
            image -> PixelOperations.translateX(image, 0.225, FILL),
            image -> PixelOperations.translateX(image, -0.225, FILL)),
        of(
            RandAugmentOperation.TRANSLATE_Y,
            image -> PixelOperations.translateY(image, 0.225, FILL),
            image -> PixelOperations.translateY(image, -0.225, FILL)));
  }

  private static Arguments of(
      RandAugmentOperation operation, Consumer<Planes> forth, Consumer<Planes> back) {
    return Arguments.of(operation, forth, back);
  }

  @ParameterizedTest
  @MethodSource("halfway")
  void halfTheMagnitudeIsHalfTheEffect(
      RandAugmentOperation operation, Consumer<Planes> forth, Consumer<Planes> back) {
    for (boolean negated : new boolean[] {false, true}) {
      Planes image = random(3, 21, 33);
      Planes expected = copy(image);
      (negated ? back : forth).accept(expected);
      operation.apply(image, 0.5, negated, FILL);
      assertThat(image.pixels()).isEqualTo(expected.pixels());
    }
  }

  @Test
  void everyOperationIsTested() {
    assertThat(halfway().map(arguments -> arguments.get()[0]))
        .containsExactly((Object[]) RandAugmentOperation.values());
  }

  /** timm's increasing set: at the end all is inverted, all bits are gone, a tenth is left. */
  @Test
  void theEndsOfTheScale() {
    Planes image = random(3, 5, 7);
    Planes start = copy(image);
    RandAugmentOperation.SOLARIZE.apply(image, 0, false, FILL);
    assertThat(image.pixels()).isEqualTo(start.pixels());
    RandAugmentOperation.POSTERIZE.apply(image, 0.24, false, FILL);
    for (int i = 0; i < image.pixels().length; i++) {
      assertThat(image.pixels()[i]).isEqualTo((byte) (start.pixels()[i] & 0xf0));
    }
    RandAugmentOperation.SOLARIZE.apply(image, 1, false, FILL);
    RandAugmentOperation.BRIGHTNESS.apply(image, 1, true, FILL);
    for (int i = 0; i < image.pixels().length; i++) {
      int inverted = 255 - (start.pixels()[i] & 0xf0);
      assertThat(image.pixels()[i]).isEqualTo((byte) (0.1f * inverted));
    }
    RandAugmentOperation.POSTERIZE.apply(image, 1, false, FILL);
    assertThat(image.pixels()).containsOnly(0);
  }

  @Test
  void twoOperationsAreDrawnOneAfterTheOther() {
    RandAugment augment = new RandAugment(7, 0.5, FILL);
    int none = 0;
    int both = 0;
    for (int i = 0; i < 400; i++) {
      Planes image = random(3, 11, 12);
      Planes expected = copy(image);
      Rng rng = Rng.of(i);
      int applied = 0;
      for (int k = 0; k < 2; k++) {
        RandAugment.Choice choice = augment.draw(rng);
        if (choice.applied()) {
          applied++;
          choice.operation().apply(expected, choice.magnitude() / 10, choice.negated(), FILL);
        }
      }
      none += applied == 0 ? 1 : 0;
      both += applied == 2 ? 1 : 0;
      augment.apply(Rng.of(i), image);
      assertThat(image.pixels()).isEqualTo(expected.pixels());
    }
    assertThat(none).isBetween(60, 140);
    assertThat(both).isBetween(60, 140);
  }

  @Test
  void frequenciesAreThoseAskedFor() {
    Map<RandAugmentOperation, Integer> counts = new EnumMap<>(RandAugmentOperation.class);
    RandAugment augment = new RandAugment(4, 0.5, FILL);
    double applied = 0;
    double negated = 0;
    double sum = 0;
    double squares = 0;
    Rng rng = Rng.of(12);
    for (int i = 0; i < SAMPLES; i++) {
      RandAugment.Choice choice = augment.draw(rng);
      counts.merge(choice.operation(), 1, Integer::sum);
      applied += choice.applied() ? 1 : 0;
      negated += choice.negated() ? 1 : 0;
      sum += choice.magnitude();
      squares += choice.magnitude() * choice.magnitude();
    }
    assertThat(counts).hasSize(14);
    assertThat(counts.values()).allSatisfy(count -> assertThat(count).isBetween(1800, 2200));
    assertThat(applied / SAMPLES).isCloseTo(0.5, within(0.015));
    assertThat(negated / SAMPLES).isCloseTo(0.5, within(0.015));
    double mean = sum / SAMPLES;
    assertThat(mean).isCloseTo(4, within(0.02));
    assertThat(Math.sqrt(squares / SAMPLES - mean * mean)).isCloseTo(0.5, within(0.02));
  }

  @Test
  void magnitudesStayOnTheScale() {
    RandAugment wide = new RandAugment(9, 20, FILL);
    RandAugment exact = new RandAugment(9, 0, FILL);
    int ends = 0;
    for (int i = 0; i < 1000; i++) {
      double magnitude = wide.draw(Rng.of(i)).magnitude();
      assertThat(magnitude).isBetween(0.0, 10.0);
      ends += magnitude == 0 || magnitude == 10 ? 1 : 0;
      assertThat(exact.draw(Rng.of(i)).magnitude()).isEqualTo(9);
    }
    assertThat(ends).isGreaterThan(500);
  }

  @Test
  void oneFieldDoesNotChangeTheOtherDecisions() {
    Rng weak = Rng.of(5);
    Rng strong = Rng.of(5);
    for (int i = 0; i < 100; i++) {
      RandAugment.Choice a = new RandAugment(1, 0, FILL).draw(weak);
      RandAugment.Choice b = new RandAugment(9, 3, FILL).draw(strong);
      assertThat(a.operation()).isEqualTo(b.operation());
      assertThat(a.applied()).isEqualTo(b.applied());
      assertThat(a.negated()).isEqualTo(b.negated());
    }
  }

  @Test
  void theFillIsTheMeanOfEachChannel() {
    var statistics = new ChannelStatistics(new float[] {0, 0.5f, 1}, new float[] {1, 1, 1});
    assertThat(RandAugment.of(9, 0.5, statistics))
        .isEqualTo(new RandAugment(9, 0.5, List.of(0, 128, 255)));
  }

  @ParameterizedTest
  @CsvSource({
    "-1, 0, 0, magnitude",
    "10.1, 0, 0, magnitude",
    "NaN, 0, 0, magnitude",
    "9, -1, 0, magnitudeStd",
    "9, Infinity, 0, magnitudeStd",
    "9, 0, 256, fill",
    "9, 0, -1, fill"
  })
  void refusesWhatIsOutOfRange(double magnitude, double std, int fill, String name) {
    assertThatThrownBy(() -> new RandAugment(magnitude, std, List.of(fill)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(name + " is ");
  }

  @ParameterizedTest
  @CsvSource({"1, 1", "3, 1", "1, 2", "3, 7"})
  void batchesDependNeitherOnThreadsNorOnWhereAnEpochBegan(int channels, int threads)
      throws Exception {
    var dataset = new Noise(60, channels);
    Augmentation augmentation = augmentation(channels, 9);
    try (var one = new BatchLoader(dataset, 8, 5, 1);
        var several = new BatchLoader(dataset, 8, 5, threads)) {
      List<byte[]> expected = images(one.epoch(3, 0, augmentation), 8);
      assertThat(images(several.epoch(3, 0, augmentation), 8)).containsExactlyElementsOf(expected);
      assertThat(images(several.epoch(3, 4, augmentation), 8))
          .containsExactlyElementsOf(expected.subList(32, 56));
      assertThat(images(one.epoch(4, 0, augmentation), 8)).isNotEqualTo(expected);
    }
  }

  /** And another one in another epoch, of which about 3 in 10 images are left as they were. */
  @ParameterizedTest
  @ValueSource(ints = {1, 3})
  void anImageIsChangedAlikeInAnyBatch(int channels) throws Exception {
    var dataset = new Noise(60, channels);
    byte[][] changed = new byte[60][];
    int[] same = new int[2];
    for (int batchSize : new int[] {1, 4, 15}) {
      try (var loader = new BatchLoader(dataset, batchSize, 9, 2)) {
        for (int epoch = 0; epoch < 2; epoch++) {
          try (BatchCursor cursor = loader.epoch(epoch, 0, augmentation(channels, 9))) {
            while (cursor.hasNext()) {
              try (Batch batch = cursor.next()) {
                for (int i = 0; i < batchSize; i++) {
                  int index = batch.indices()[i];
                  byte[] image = new byte[dataset.imageBytes()];
                  batch.pixels().get(i * image.length, image);
                  if (epoch == 0 && changed[index] == null) {
                    changed[index] = image;
                  }
                  same[epoch] += Arrays.equals(image, changed[index]) ? 1 : 0;
                }
              }
            }
          }
        }
      }
    }
    assertThat(same[0]).isEqualTo(180);
    assertThat(same[1]).isBetween(0, 60);
  }

  /** Windows, erased parts and order are those of a pass without it. */
  @Test
  void nothingElseIsChanged() throws Exception {
    try (var loader = new BatchLoader(new Noise(32, 3), 8, 1, 2);
        BatchCursor with = loader.epoch(0, 0, augmentation(3, 9));
        BatchCursor without = loader.epoch(0, 0, augmentation(3, 0))) {
      while (with.hasNext()) {
        try (Batch a = with.next();
            Batch b = without.next()) {
          assertThat(a.indices()).isEqualTo(b.indices());
          assertThat(a.labels()).isEqualTo(b.labels());
          assertThat(a.windows()).isEqualTo(b.windows());
          assertThat(a.rectangles(24)).isEqualTo(b.rectangles(24));
          assertThat(a.pixels()).isNotEqualTo(b.pixels());
        }
      }
    }
  }

  @Test
  void magnitudeZeroLeavesImagesAsTheyAreStored() throws Exception {
    var dataset = new Noise(16, 3);
    try (var loader = new BatchLoader(dataset, 4, 1, 2);
        BatchCursor cursor = loader.epoch(0, 0, augmentation(3, 0))) {
      while (cursor.hasNext()) {
        try (Batch batch = cursor.next()) {
          for (int i = 0; i < 4; i++) {
            byte[] image = new byte[dataset.imageBytes()];
            batch.pixels().get(i * image.length, image);
            assertThat(image).isEqualTo(Fixtures.image(dataset, batch.indices()[i]));
          }
        }
      }
    }
  }

  @Test
  void aFillOfOtherChannelsIsRefused() {
    try (var loader = new BatchLoader(new Noise(16, 1), 4, 1, 1)) {
      assertThatThrownBy(() -> loader.epoch(0, 0, augmentation(3, 9)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("fill is [3, 4, 5] for images of 1 channels");
    }
  }

  private static Augmentation augmentation(int channels, double magnitude) {
    RandAugment augment = new RandAugment(magnitude, 0.5, FILL.subList(0, channels));
    return new Augmentation(0.5, 0.3, 0.1, 0.5, augment);
  }

  private static List<byte[]> images(BatchCursor cursor, int batchSize) throws InputException {
    List<byte[]> images = new ArrayList<>();
    while (cursor.hasNext()) {
      try (Batch batch = cursor.next()) {
        ByteBuffer pixels = batch.pixels();
        for (int i = 0; i < batchSize; i++) {
          byte[] image = new byte[pixels.capacity() / batchSize];
          pixels.get(image);
          images.add(image);
        }
      }
    }
    return images;
  }

  private static Planes random(int channels, int height, int width) {
    Planes image = Planes.of(channels, height, width);
    byte[] bytes = RandomData.of("RandAugment", height).bytes(image.pixels().length);
    System.arraycopy(bytes, 0, image.pixels(), 0, bytes.length);
    return image;
  }

  private static Planes copy(Planes image) {
    Planes copy = Planes.of(image.channels(), image.height(), image.width());
    System.arraycopy(image.pixels(), 0, copy.pixels(), 0, copy.pixels().length);
    return copy;
  }

  /** Images of 9×11 random bytes. */
  private record Noise(int size, int channels) implements ImageDataset {
    @Override
    public int height() {
      return 9;
    }

    @Override
    public int width() {
      return 11;
    }

    @Override
    public List<String> classNames() {
      return List.of("noise");
    }

    @Override
    public int label(int index) {
      return 0;
    }

    @Override
    public void read(int index, ByteBuffer to) {
      Rng rng = Rng.of(77, index);
      for (int i = imageBytes(); i > 0; i--) {
        to.put((byte) rng.nextInt());
      }
    }
  }
}
