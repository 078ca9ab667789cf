package dev.autoprog.cli;

import dev.autoprog.InputException;
import dev.autoprog.data.ImageBytes;
import dev.autoprog.data.PngImages;
import dev.autoprog.train.diffusion.DiffusionConfig;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Samples in rows, a row per class.
 *
 * @param classes by number
 * @param columns images of each class
 */
record SampleGrid(List<Integer> classes, int columns) {
  /** Of the classes that a run trained; of all if it was not told which. */
  static SampleGrid of(DiffusionConfig config, int known, int columns) {
    List<Integer> trained = config.data().classes();
    return new SampleGrid(
        trained.isEmpty() ? IntStream.range(0, known).boxed().toList() : trained, columns);
  }

  /** The class of each image, row by row. */
  int[] labels() {
    return classes.stream()
        .flatMapToInt(label -> IntStream.generate(() -> label).limit(columns))
        .toArray();
  }

  /** Writes the images as PNG. */
  void write(Path file, ImageBytes images) throws InputException {
    PngImages.writeGrid(file, images, columns);
  }
}
