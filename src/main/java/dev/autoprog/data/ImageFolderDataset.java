package dev.autoprog.data;

import dev.autoprog.InputException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.stream.LongStream;

/**
 * Colour images from JPEG and PNG files in one folder per class. A picture is decoded at its first
 * read, brought to a square (shorter side scaled to fit, middle kept, bilinear with antialiasing)
 * and kept in memory while there is room. Grey pictures become colour, transparent parts become
 * white; colour profiles and EXIF orientation are ignored.
 */
public final class ImageFolderDataset implements ImageDataset {
  private static final int CHANNELS = 3;

  /** Of this many pictures of a class, one is for testing when there is no test folder. */
  private static final int TEST_SHARE = 10;

  private final List<String> classNames;
  private final List<Path> files;
  private final int[] labels;
  private final int side;
  private final AtomicReferenceArray<byte[]> cache;
  private final AtomicLong cacheRoom;

  private ImageFolderDataset(
      List<String> classNames, List<Path> files, List<Integer> labels, FolderOptions options) {
    this.classNames = classNames;
    this.files = List.copyOf(files);
    this.labels = labels.stream().mapToInt(Integer::intValue).toArray();
    this.side = options.side();
    this.cache = new AtomicReferenceArray<>(files.size());
    this.cacheRoom = new AtomicLong(options.cacheBytes());
  }

  /**
   * Opens {@code PATH/train/<class>/*} with {@code PATH/test/<class>/*} or, where there is no such
   * folder, {@code PATH/validation} or {@code PATH/val}. If {@code PATH} has none of these folders,
   * its own folders are the classes, and of each class's pictures, sorted by name, every tenth
   * (evenly spaced, at least one) is for testing. Classes are sorted by name.
   *
   * @throws InputException if a folder is missing or empty, or a class folder has a file that is no
   *     JPEG or PNG picture by its name or its first bytes
   */
  public static DataSplit open(Path path, FolderOptions options) throws InputException {
    Inputs.requireDirectory(path, "a folder with train and test folders, or with class folders");
    Path train = path.resolve("train");
    Path test = firstDirectory(path, List.of("test", "validation", "val"));
    if (!Files.isDirectory(train) && test == null) {
      return splitEvenly(path, options);
    }
    if (!Files.isDirectory(train) || test == null) {
      throw new InputException(
          path.toString(),
          test == null ? "a train folder alone" : "a " + test.getFileName() + " folder alone",
          "train together with test, validation or val",
          "Add the missing folder, or give a folder of class folders to have it split.");
    }
    FolderListing listing = FolderListing.of(train);
    return new DataSplit(
        "folder:" + path,
        all(listing, listing.classNames(), options),
        all(knownClasses(test, listing.classNames()), listing.classNames(), options));
  }

  @Override
  public int size() {
    return files.size();
  }

  @Override
  public int channels() {
    return CHANNELS;
  }

  @Override
  public int height() {
    return side;
  }

  @Override
  public int width() {
    return side;
  }

  @Override
  public List<String> classNames() {
    return classNames;
  }

  @Override
  public int label(int index) {
    return labels[index];
  }

  @Override
  public void read(int index, ByteBuffer to) throws InputException {
    byte[] planes = cache.get(index);
    if (planes == null) {
      planes = SquareResize.planes(new RgbRows(ImageDecoder.decode(files.get(index))), side);
      keep(index, planes);
    }
    to.put(planes);
  }

  private void keep(int index, byte[] planes) {
    if (cacheRoom.addAndGet(-planes.length) < 0 || !cache.compareAndSet(index, null, planes)) {
      cacheRoom.addAndGet(planes.length);
    }
  }

  private static Path firstDirectory(Path path, List<String> names) {
    return names.stream().map(path::resolve).filter(Files::isDirectory).findFirst().orElse(null);
  }

  private static FolderListing knownClasses(Path folder, List<String> classNames)
      throws InputException {
    FolderListing listing = FolderListing.of(folder);
    for (String name : listing.classNames()) {
      if (!classNames.contains(name)) {
        throw new InputException(
            folder.resolve(name).toString(),
            "a class that the training images do not have",
            "some of " + String.join(", ", classNames),
            "Rename or remove the folder, or add the class to the training images.");
      }
    }
    return listing;
  }

  private static ImageFolderDataset all(
      FolderListing listing, List<String> classNames, FolderOptions options) {
    List<Path> files = new ArrayList<>();
    List<Integer> labels = new ArrayList<>();
    for (int i = 0; i < listing.files().size(); i++) {
      int label = classNames.indexOf(listing.classNames().get(i));
      for (Path file : listing.files().get(i)) {
        files.add(file);
        labels.add(label);
      }
    }
    return new ImageFolderDataset(classNames, files, labels, options);
  }

  private static DataSplit splitEvenly(Path path, FolderOptions options) throws InputException {
    FolderListing listing = FolderListing.of(path);
    List<List<Path>> train = new ArrayList<>();
    List<List<Path>> test = new ArrayList<>();
    for (List<Path> files : listing.files()) {
      if (files.size() < 2) {
        throw new InputException(
            files.get(0).getParent().toString(),
            "one picture",
            "at least two, one for training and one for testing",
            "Add pictures of this class, or give train and test folders.");
      }
      List<Path> held = heldOut(files);
      Set<Path> lookup = Set.copyOf(held);
      train.add(files.stream().filter(file -> !lookup.contains(file)).toList());
      test.add(held);
    }
    List<String> names = listing.classNames();
    return new DataSplit(
        "folder:" + path,
        all(new FolderListing(names, train), names, options),
        all(new FolderListing(names, test), names, options));
  }

  private static List<Path> heldOut(List<Path> files) {
    long count = Math.max(1, Math.round((double) files.size() / TEST_SHARE));
    return LongStream.range(0, count)
        .mapToObj(i -> files.get((int) ((2 * i + 1) * files.size() / (2 * count))))
        .toList();
  }
}
