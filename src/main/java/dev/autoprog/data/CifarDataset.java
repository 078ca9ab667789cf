package dev.autoprog.data;

import dev.autoprog.InputException;
import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;

/**
 * CIFAR-10 (Krizhevsky 2009) in its binary layout, held in memory: 32 × 32 colour images in records
 * of one label byte and 3072 bytes of red, green and blue planes.
 */
public final class CifarDataset implements ImageDataset {
  private static final int SIDE = 32;
  private static final int CHANNELS = 3;
  private static final int IMAGE_BYTES = CHANNELS * SIDE * SIDE;
  private static final int RECORD_BYTES = 1 + IMAGE_BYTES;
  private static final int OFFICIAL_BATCH_BYTES = 10_000 * RECORD_BYTES;
  private static final int CLASSES = 10;

  private static final String FOLDER = "cifar-10-batches-bin";
  private static final String NAMES_FILE = "batches.meta.txt";
  private static final String TEST_FILE = "test_batch.bin";
  private static final List<String> TRAIN_FILES =
      List.of(
          "data_batch_1.bin",
          "data_batch_2.bin",
          "data_batch_3.bin",
          "data_batch_4.bin",
          "data_batch_5.bin");
  private static final List<String> ALL_FILES =
      Stream.concat(TRAIN_FILES.stream(), Stream.of(TEST_FILE, NAMES_FILE)).toList();
  private static final String EXPECTED =
      "the folder " + FOLDER + ", the folder that has it, or cifar-10-binary.tar.gz";

  private final List<byte[]> batches;
  private final int batchSize;
  private final List<String> classNames;

  private CifarDataset(List<byte[]> batches, List<String> classNames) {
    this.batches = batches;
    this.batchSize = batches.get(0).length / RECORD_BYTES;
    this.classNames = classNames;
  }

  /**
   * Opens the folder {@code cifar-10-batches-bin}, the folder that has it, or the archive {@code
   * cifar-10-binary.tar.gz}. Batches of fewer than 10 000 images are taken too, if the five for
   * training have the same number.
   *
   * @throws InputException if a file is missing, damaged, of a wrong size, or has a wrong label
   */
  public static DataSplit open(Path path) throws InputException {
    Map<String, byte[]> files;
    if (Files.isDirectory(path)) {
      Path inner = path.resolve(FOLDER);
      files = readFolder(Files.isDirectory(inner) ? inner : path);
    } else if (Files.isRegularFile(path)) {
      files = readArchive(path);
    } else {
      throw Inputs.missing(path, EXPECTED);
    }
    List<String> classNames = classNames(path, files);
    List<byte[]> train = new ArrayList<>();
    for (String name : TRAIN_FILES) {
      train.add(batch(path, name, files));
      requireSize(path, name, train.get(train.size() - 1).length, train.get(0).length);
    }
    return new DataSplit(
        "cifar10:" + path,
        new CifarDataset(train, classNames),
        new CifarDataset(List.of(batch(path, TEST_FILE, files)), classNames));
  }

  @Override
  public int size() {
    return batches.size() * batchSize;
  }

  @Override
  public int channels() {
    return CHANNELS;
  }

  @Override
  public int height() {
    return SIDE;
  }

  @Override
  public int width() {
    return SIDE;
  }

  @Override
  public List<String> classNames() {
    return classNames;
  }

  @Override
  public int label(int index) {
    Objects.checkIndex(index, size());
    return batches.get(index / batchSize)[index % batchSize * RECORD_BYTES];
  }

  @Override
  public void read(int index, ByteBuffer to) {
    Objects.checkIndex(index, size());
    to.put(batches.get(index / batchSize), index % batchSize * RECORD_BYTES + 1, IMAGE_BYTES);
  }

  private static Map<String, byte[]> readFolder(Path folder) throws InputException {
    Map<String, byte[]> files = new HashMap<>();
    for (String name : ALL_FILES) {
      Path file = folder.resolve(name);
      if (Files.isRegularFile(file)) {
        try (InputStream in = Files.newInputStream(file)) {
          files.put(name, bounded(file.toString(), in, Files.size(file)));
        } catch (IOException e) {
          throw Inputs.unreadable(file, e);
        }
      }
    }
    return files;
  }

  private static Map<String, byte[]> readArchive(Path archive) throws InputException {
    Map<String, byte[]> files = new HashMap<>();
    try (InputStream in = new BufferedInputStream(Files.newInputStream(archive), 1 << 16);
        var unzipped = new GZIPInputStream(in, 1 << 16);
        var tar = new TarArchiveInputStream(unzipped)) {
      for (TarArchiveEntry entry; (entry = tar.getNextEntry()) != null; ) {
        String name = entry.getName().substring(entry.getName().lastIndexOf('/') + 1);
        if (entry.isFile() && ALL_FILES.contains(name)) {
          files.put(name, bounded(subject(archive, name), tar, entry.getSize()));
        }
      }
      unzipped.transferTo(OutputStream.nullOutputStream()); // its checksum comes last
    } catch (IOException e) {
      throw new InputException(
          archive.toString(),
          "not a readable gzipped tar archive ("
              + (e instanceof EOFException ? "it ends too early" : e.getMessage())
              + ")",
          EXPECTED,
          "Get the archive again; it is damaged, cut off or of another kind.",
          e);
    }
    return files;
  }

  /** All of a file that is no larger than the largest there can be. */
  private static byte[] bounded(String subject, InputStream in, long bytes)
      throws IOException, InputException {
    if (bytes > OFFICIAL_BATCH_BYTES) {
      throw wrongSize(subject, bytes, OFFICIAL_BATCH_BYTES + " bytes");
    }
    return in.readNBytes((int) bytes);
  }

  private static List<String> classNames(Path path, Map<String, byte[]> files)
      throws InputException {
    String text = new String(require(path, NAMES_FILE, files), StandardCharsets.UTF_8);
    List<String> names = text.lines().map(String::strip).filter(s -> !s.isEmpty()).toList();
    if (names.size() != CLASSES) {
      throw new InputException(
          subject(path, NAMES_FILE),
          names.size() + " class names",
          CLASSES + ", one a line",
          "Give CIFAR-10 in its binary version; CIFAR-100 has another layout.");
    }
    return names;
  }

  private static byte[] batch(Path path, String name, Map<String, byte[]> files)
      throws InputException {
    byte[] batch = require(path, name, files);
    if (batch.length == 0 || batch.length % RECORD_BYTES != 0) {
      throw wrongSize(
          subject(path, name),
          batch.length,
          "a whole number of records of %d bytes, %d bytes in the official files"
              .formatted(RECORD_BYTES, OFFICIAL_BATCH_BYTES));
    }
    for (int at = 0; at < batch.length; at += RECORD_BYTES) {
      if ((batch[at] & 0xff) >= CLASSES) {
        throw new InputException(
            subject(path, name),
            "label " + (batch[at] & 0xff) + " for image " + at / RECORD_BYTES,
            "labels from 0 to " + (CLASSES - 1),
            "Get the file again; it is damaged or not CIFAR-10.");
      }
    }
    return batch;
  }

  private static byte[] require(Path path, String name, Map<String, byte[]> files)
      throws InputException {
    byte[] file = files.get(name);
    if (file == null) {
      throw new InputException(
          path.toString(), "no file " + name, EXPECTED, "Check the path, or get the data again.");
    }
    return file;
  }

  private static void requireSize(Path path, String name, int bytes, int expected)
      throws InputException {
    if (bytes != expected) {
      throw wrongSize(
          subject(path, name), bytes, expected + " bytes, the size of " + TRAIN_FILES.get(0));
    }
  }

  private static InputException wrongSize(String subject, long bytes, String expected) {
    return new InputException(
        subject, bytes + " bytes", expected, "Get the file again; it is cut off or damaged.");
  }

  private static String subject(Path path, String name) {
    return path + " (" + name + ")";
  }
}
