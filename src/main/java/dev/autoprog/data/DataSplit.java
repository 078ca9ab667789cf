package dev.autoprog.data;

import dev.autoprog.InputException;

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
   * The selected training images, and all test images of their classes; labels stay what they are.
   * Where no class is named, a class may be without test images.
   *
   * @throws InputException as {@link Selection#of}
   */
  public DataSplit select(Selection selection) throws InputException {
    return selection.isEverything()
        ? this
        : new DataSplit(name, select(train, selection), select(test, selection.unlimited()));
  }

  private static ImageDataset select(ImageDataset images, Selection selection)
      throws InputException {
    return selection.isEverything() ? images : new SelectedDataset(images, selection.of(images));
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
