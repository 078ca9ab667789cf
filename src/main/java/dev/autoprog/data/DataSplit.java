package dev.autoprog.data;

import dev.autoprog.InputException;
import java.util.Set;

/**
 * What a model is trained on and what it is measured on. Both have the same classes and the same
 * image size.
 *
 * @param name the source, as {@link DataSources#open} takes it
 * @param train the training images
 * @param test images that training never sees
 */
public record DataSplit(String name, ImageDataset train, ImageDataset test) {
  /**
   * The images of some classes; labels stay what they are.
   *
   * @param classes at least one
   * @throws InputException if there is no such class, or none of the images is of one
   */
  public DataSplit ofClasses(Set<Integer> classes) throws InputException {
    return new DataSplit(
        name, new ClassesDataset(train, classes), new ClassesDataset(test, classes));
  }

  /** Checks that the two belong together. */
  public DataSplit {
    if (!train.classNames().equals(test.classNames())
        || train.channels() != test.channels()
        || train.height() != test.height()
        || train.width() != test.width()) {
      throw new IllegalArgumentException(
          "The training and the test images of " + name + " differ in classes or size");
    }
  }
}
