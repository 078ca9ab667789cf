package dev.autoprog.metric;

import dev.autoprog.Counted;
import dev.autoprog.InputException;
import dev.autoprog.data.ImageBytes;
import dev.autoprog.data.ImageDataset;
import dev.autoprog.metric.FeatureExtractor.Features;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.IntStream;

/** Compares generated images with real ones, of which it looks at the same number once. */
public final class GenerationJudge {
  private static final int BATCH = 128;
  private static final int MOST_NAMED = 10;

  private final FeatureExtractor extractor;
  private final int count;
  private final boolean classifies;
  private final String obstacle;
  private final Tally real;

  private GenerationJudge(FeatureExtractor extractor, ImageDataset real, int count)
      throws InputException {
    this.extractor = extractor;
    this.count = count;
    this.classifies = extractor.classNames().equals(real.classNames());
    this.obstacle = classifies ? "" : obstacle(extractor.classNames(), real.classNames());
    this.real = new Tally();
    for (int from = 0; from < count; from += BATCH) {
      int[] indices =
          IntStream.range(from, Math.min(count, from + BATCH))
              .map(i -> (int) ((long) i * real.size() / count))
              .toArray();
      int[] labels = IntStream.of(indices).map(real::label).toArray();
      this.real.add(ImageBytes.of(real, indices), labels);
    }
  }

  /**
   * A judge that compares with {@code count} images of {@code real}, evenly spaced. The class
   * accuracy is found if the extractor's classes are those of the data, by name and order.
   *
   * @param count how many generated images there will be, at least 2
   * @throws InputException if there are fewer real ones, the extractor reads images of other
   *     channels, or an image cannot be read
   */
  public static GenerationJudge of(FeatureExtractor extractor, ImageDataset real, int count)
      throws InputException {
    if (count < 2 || count > real.size()) {
      throw new InputException(
          "generated images",
          count + " to compare with as many of " + real.size() + " real ones",
          "2 to " + real.size(),
          "Generate another number of images.");
    }
    if (extractor.channels() != real.channels()) {
      throw new InputException(
          "extractor " + extractor.name(),
          Counted.of(real.channels(), "channel") + " in the real images",
          "as many as it reads, " + extractor.channels(),
          "Choose an extractor for such images.");
    }
    return new GenerationJudge(extractor, real, count);
  }

  private static String obstacle(List<String> seen, List<String> data) {
    if (seen.isEmpty()) {
      return "the extractor tells no classes apart";
    }
    return "the extractor's classes (%s) are named or ordered otherwise than the data's (%s)"
        .formatted(named(seen), named(data));
  }

  private static String named(List<String> classes) {
    int named = Math.min(MOST_NAMED, classes.size());
    String rest = classes.size() > named ? " and " + (classes.size() - named) + " more" : "";
    return String.join(", ", classes.subList(0, named)) + rest;
  }

  /** Why the class accuracy is not found; nothing if it is. */
  public Optional<String> unclassified() {
    return classifies ? Optional.empty() : Optional.of(obstacle);
  }

  /**
   * Judges generated images.
   *
   * @param images as many as were announced
   * @param labels the class that each was asked to be of
   * @throws IllegalArgumentException if their number or their channels are others, a class does not
   *     exist, or a feature is not finite
   */
  public GenerationQuality judge(ImageBytes images, int[] labels) {
    if (images.count() != count || labels.length != count) {
      throw new IllegalArgumentException(
          images.count() + " images with " + labels.length + " labels, expected " + count);
    }
    Tally generated = new Tally();
    for (int from = 0; from < count; from += BATCH) {
      int to = Math.min(count, from + BATCH);
      generated.add(
          images.range(from, to), IntStream.range(from, to).map(i -> labels[i]).toArray());
    }
    return new GenerationQuality(
        extractor.name(),
        count,
        FrechetDistance.between(real.statistics, generated.statistics),
        generated.accuracy(),
        real.accuracy());
  }

  /** What is known of one kind of images. */
  private final class Tally {
    private final FeatureStatistics statistics = new FeatureStatistics(extractor.width());
    private int correct;

    void add(ImageBytes images, int[] labels) {
      Features features = extractor.of(images);
      statistics.add(features.vectors());
      if (classifies) {
        int classes = extractor.classNames().size();
        for (int i = 0; i < labels.length; i++) {
          if (labels[i] < 0 || labels[i] >= classes) {
            throw new IllegalArgumentException(
                "label " + labels[i] + ", expected 0 to " + (classes - 1));
          }
          correct += largest(features.logits(), i * classes, classes) == labels[i] ? 1 : 0;
        }
      }
    }

    private static int largest(float[] logits, int begin, int classes) {
      int best = 0;
      for (int i = 1; i < classes; i++) {
        best = logits[begin + i] > logits[begin + best] ? i : best;
      }
      return best;
    }

    OptionalDouble accuracy() {
      return classifies ? OptionalDouble.of((double) correct / count) : OptionalDouble.empty();
    }
  }
}
