package dev.autoprog.metric;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.data.Offset.offset;

import dev.autoprog.InputException;
import dev.autoprog.data.ImageBytes;
import dev.autoprog.data.ImageDataset;
import dev.autoprog.testing.RandomData;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class GenerationJudgeTest {
  private static final List<String> CLASSES = List.of("dark", "bright");

  /** Images of two grey pixels; bright ones have the greater first pixel. */
  private record Pairs(int size, byte[] pixels, List<String> classNames) implements ImageDataset {
    static Pairs random(RandomData random, int size) {
      return new Pairs(size, random.bytes(2L * size), CLASSES);
    }

    @Override
    public int channels() {
      return 1;
    }

    @Override
    public int height() {
      return 1;
    }

    @Override
    public int width() {
      return 2;
    }

    @Override
    public int label(int index) {
      return (pixels[2 * index] & 0xff) > (pixels[2 * index + 1] & 0xff) ? 1 : 0;
    }

    @Override
    public void read(int index, ByteBuffer to) {
      to.put(pixels, 2 * index, 2);
    }
  }

  /** The pixels themselves; the brighter one's place is the class. */
  private static final class PixelExtractor implements FeatureExtractor {
    private final List<float[]> seen = new ArrayList<>();

    @Override
    public String name() {
      return "pixels";
    }

    @Override
    public int channels() {
      return 1;
    }

    @Override
    public int width() {
      return 2;
    }

    @Override
    public List<String> classNames() {
      return CLASSES;
    }

    @Override
    public Features of(ImageBytes images) {
      float[] vectors = features(images.bytes());
      float[] logits = new float[vectors.length];
      for (int i = 0; i < logits.length; i++) {
        logits[i] = vectors[i ^ 1];
      }
      seen.add(vectors);
      return new Features(vectors, logits);
    }
  }

  private static float[] features(byte[] pixels) {
    float[] vectors = new float[pixels.length];
    for (int i = 0; i < vectors.length; i++) {
      vectors[i] = pixels[i] & 0xff;
    }
    return vectors;
  }

  private static FeatureStatistics statistics(float[] vectors) {
    FeatureStatistics statistics = new FeatureStatistics(2);
    statistics.add(vectors);
    return statistics;
  }

  @Test
  void everySecondRealImageIsComparedWithEveryGeneratedOne() throws InputException {
    RandomData random = RandomData.of("judge");
    int count = 300;
    Pairs real = Pairs.random(random, 2 * count);
    byte[] generated = random.bytes(2L * count);
    Pairs labelled = new Pairs(count, generated, CLASSES);
    int[] labels = new int[count];
    for (int i = 0; i < count; i++) {
      labels[i] = i % 10 == 0 ? 1 - labelled.label(i) : labelled.label(i);
    }
    GenerationJudge judge = GenerationJudge.of(new PixelExtractor(), real, count);
    GenerationQuality quality = judge.judge(new ImageBytes(count, 1, 1, 2, generated), labels);

    byte[] evenlySpaced = new byte[2 * count];
    for (int i = 0; i < count; i++) {
      System.arraycopy(real.pixels(), 4 * i, evenlySpaced, 2 * i, 2);
    }
    double expected =
        FrechetDistance.between(
            statistics(features(evenlySpaced)), statistics(features(generated)));
    assertThat(quality.extractor()).isEqualTo("pixels");
    assertThat(quality.images()).isEqualTo(count);
    assertThat(quality.frechetDistance()).isCloseTo(expected, offset(1e-9 * expected));
    // where both pixels are equal, both say "dark"
    assertThat(quality.classAccuracy()).hasValue(0.9);
    assertThat(quality.realAccuracy()).hasValue(1);
    assertThat(judge.unclassified()).isEmpty();
  }

  @Test
  void theRealImagesAreLookedAtOnce() throws InputException {
    Pairs real = Pairs.random(RandomData.of("judge once"), 5);
    PixelExtractor extractor = new PixelExtractor();
    GenerationJudge judge = GenerationJudge.of(extractor, real, 5);
    int[] labels = {0, 0, 0, 0, 0};
    ImageBytes same = new ImageBytes(5, 1, 1, 2, real.pixels());
    assertThat(judge.judge(same, labels)).isEqualTo(judge.judge(same, labels));
    assertThat(judge.judge(same, labels).frechetDistance()).isLessThan(1e-6);
    assertThat(extractor.seen).hasSize(4).allMatch(v -> Arrays.equals(v, features(real.pixels())));
  }

  @Test
  void ofOtherClassesThereIsNoAccuracy() throws InputException {
    byte[] pixels = RandomData.of("judge classes").bytes(8);
    Pairs real = new Pairs(4, pixels, List.of("cat", "dog"));
    GenerationJudge judge = GenerationJudge.of(new PixelExtractor(), real, 4);
    GenerationQuality quality = judge.judge(new ImageBytes(4, 1, 1, 2, pixels), new int[4]);
    assertThat(judge.unclassified())
        .hasValue(
            "the extractor's classes (dark, bright) are named or ordered otherwise than the data's"
                + " (cat, dog)");
    assertThat(quality.classAccuracy()).isEmpty();
    assertThat(quality.realAccuracy()).isEmpty();
  }

  @Test
  void whatCannotBeComparedIsRefused() throws InputException {
    Pairs real = Pairs.random(RandomData.of("judge refusal"), 4);
    assertThatThrownBy(() -> GenerationJudge.of(new PixelExtractor(), real, 5))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("5 to compare with as many of 4 real ones; expected 2 to 4");
    assertThatThrownBy(() -> GenerationJudge.of(new PixelExtractor(), real, 1))
        .isInstanceOf(InputException.class);
    FeatureExtractor ofColours =
        new FeatureExtractor() {
          @Override
          public String name() {
            return "colours";
          }

          @Override
          public int channels() {
            return 3;
          }

          @Override
          public int width() {
            return 1;
          }

          @Override
          public List<String> classNames() {
            return List.of();
          }

          @Override
          public Features of(ImageBytes images) {
            throw new AssertionError("grey images");
          }
        };
    assertThatThrownBy(() -> GenerationJudge.of(ofColours, real, 4))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("extractor colours: 1 channel in the real images; expected")
        .hasMessageContaining("as it reads, 3");
    GenerationJudge judge = GenerationJudge.of(new PixelExtractor(), real, 4);
    ImageBytes images = new ImageBytes(4, 1, 1, 2, new byte[8]);
    assertThatThrownBy(() -> judge.judge(images.range(0, 3), new int[3]))
        .hasMessage("3 images with 3 labels, expected 4");
    assertThatThrownBy(() -> judge.judge(images, new int[] {0, 1, 2, 0}))
        .hasMessage("label 2, expected 0 to 1");
  }
}
