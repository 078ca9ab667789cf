package dev.autoprog.data;

import dev.autoprog.InputException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;

/**
 * Grey images and their labels from a pair of IDX files, the format of MNIST and its relatives,
 * held in memory. Files may be gzipped; their first bytes tell, not their names.
 */
public final class IdxDataset implements ImageDataset {
  private static final List<String> IMAGE_FILES =
      List.of("-images-idx3-ubyte", "-images.idx3-ubyte");
  private static final List<String> LABEL_FILES =
      List.of("-labels-idx1-ubyte", "-labels.idx1-ubyte");

  private final IdxFile images;
  private final byte[] labels;
  private final List<String> classNames;

  private IdxDataset(IdxFile images, byte[] labels, List<String> classNames) {
    this.images = images;
    this.labels = labels;
    this.classNames = classNames;
  }

  /**
   * Opens a folder with {@code train-images-idx3-ubyte}, {@code train-labels-idx1-ubyte}, {@code
   * t10k-images-idx3-ubyte} and {@code t10k-labels-idx1-ubyte}, each with or without {@code .gz}.
   * The classes are named by their numbers, from "0" to the highest training label.
   *
   * @throws InputException if a file is missing, damaged or does not fit the others, or if a number
   *     below the highest label belongs to no training image
   */
  public static DataSplit open(Path directory) throws InputException {
    Inputs.requireDirectory(directory, "a folder with IDX files (train-images-idx3-ubyte …)");
    Part train = Part.of(directory, "train");
    Part test = Part.of(directory, "t10k");
    test.requireSameImageSize(train);
    List<String> classNames = train.numberedClasses();
    return new DataSplit(
        "idx:" + directory, train.toDataset(classNames), test.toDataset(classNames));
  }

  /**
   * A dataset of two files.
   *
   * @param imagesName what errors call the images
   * @param images (size, height, width)
   * @param labelsName what errors call the labels
   * @param labels (size)
   * @param classNames the classes' names, by label
   * @throws InputException if the two do not fit, or a label has no name
   */
  static IdxDataset of(
      String imagesName, IdxFile images, String labelsName, IdxFile labels, List<String> classNames)
      throws InputException {
    return Part.of(imagesName, images, labelsName, labels).toDataset(classNames);
  }

  @Override
  public int size() {
    return labels.length;
  }

  @Override
  public int channels() {
    return 1;
  }

  @Override
  public int height() {
    return images.dims()[1];
  }

  @Override
  public int width() {
    return images.dims()[2];
  }

  @Override
  public List<String> classNames() {
    return classNames;
  }

  @Override
  public int label(int index) {
    return labels[index] & 0xff;
  }

  @Override
  public void read(int index, ByteBuffer to) {
    Objects.checkIndex(index, size());
    to.put(images.bytes(), index * imageBytes(), imageBytes());
  }

  /** Two files that belong together, before the classes are known. */
  private record Part(String imagesName, IdxFile images, String labelsName, byte[] labels) {

    static Part of(Path directory, String prefix) throws InputException {
      Path images = find(directory, prefix, IMAGE_FILES);
      Path labels = find(directory, prefix, LABEL_FILES);
      return of(
          images.toString(), IdxFile.read(images, 3), labels.toString(), IdxFile.read(labels, 1));
    }

    static Part of(String imagesName, IdxFile images, String labelsName, IdxFile labels)
        throws InputException {
      if (images.dims()[0] != labels.dims()[0]) {
        throw new InputException(
            labelsName,
            labels.dims()[0] + " labels",
            images.dims()[0] + ", one for each image of " + imagesName,
            "Give the two files of the same set.");
      }
      return new Part(imagesName, images, labelsName, labels.bytes());
    }

    private static Path find(Path directory, String prefix, List<String> endings)
        throws InputException {
      for (String ending : endings) {
        for (String compression : List.of("", ".gz")) {
          Path file = directory.resolve(prefix + ending + compression);
          if (Files.isRegularFile(file)) {
            return file;
          }
        }
      }
      String name = prefix + endings.get(0);
      throw new InputException(
          directory.toString(),
          "no file " + name,
          name + " or " + name + ".gz",
          "Put the four files of the set into this folder.");
    }

    void requireSameImageSize(Part other) throws InputException {
      int[] mine = images.dims();
      int[] theirs = other.images.dims();
      if (mine[1] != theirs[1] || mine[2] != theirs[2]) {
        throw new InputException(
            imagesName,
            "images of " + mine[1] + " × " + mine[2] + " pixels",
            theirs[1] + " × " + theirs[2] + " as in " + other.imagesName,
            "Give the files of one set.");
      }
    }

    List<String> numberedClasses() throws InputException {
      BitSet used = new BitSet();
      for (byte label : labels) {
        used.set(label & 0xff);
      }
      if (used.cardinality() < used.length()) {
        throw new InputException(
            labelsName,
            "no image with label "
                + used.nextClearBit(0)
                + ", though labels go up to "
                + (used.length() - 1),
            "labels that number the classes from 0 without gaps",
            "Number the classes anew, or add the missing images.");
      }
      return IntStream.range(0, used.length()).mapToObj(Integer::toString).toList();
    }

    IdxDataset toDataset(List<String> classNames) throws InputException {
      for (int i = 0; i < labels.length; i++) {
        if ((labels[i] & 0xff) >= classNames.size()) {
          throw new InputException(
              labelsName,
              "label " + (labels[i] & 0xff) + " for image " + i,
              "labels from 0 to "
                  + (classNames.size() - 1)
                  + ", the classes of the training images",
              "Give the files of one set.");
        }
      }
      return new IdxDataset(images, labels, classNames);
    }
  }
}
