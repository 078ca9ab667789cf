package dev.autoprog.data;

import static dev.autoprog.data.Fixtures.assertInputError;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CifarDatasetTest {
  /** To a multiple of these tar fills an archive up, behind the marks of its end. */
  private static final int TAR_RECORD_BYTES = 10_240;

  private static final int RECORD = 3073;

  @TempDir Path temp;
  private final Map<String, byte[]> files = new LinkedHashMap<>();

  @BeforeEach
  void aGoodSet() {
    for (int i = 1; i <= 5; i++) {
      files.put("data_batch_" + i + ".bin", batch(3, i));
    }
    files.put("test_batch.bin", batch(2, 6));
    files.put(
        "batches.meta.txt",
        "airplane\nautomobile\nbird\ncat\ndeer\ndog\nfrog\nhorse\nship\ntruck\n\n"
            .getBytes(StandardCharsets.UTF_8));
  }

  /** Record r of batch b: label (r + b) mod 10, and pixels that count from r + b. */
  private static byte[] batch(int records, int number) {
    byte[] batch = new byte[records * RECORD];
    for (int r = 0; r < records; r++) {
      batch[r * RECORD] = (byte) ((r + number) % 10);
      for (int i = 0; i < RECORD - 1; i++) {
        batch[r * RECORD + 1 + i] = (byte) (r + number + i);
      }
    }
    return batch;
  }

  @Test
  void readsTheFolder() throws Exception {
    Path folder = folder();
    assertGoodSet(CifarDataset.open(folder), folder);
  }

  @Test
  void readsTheFolderAbove() throws Exception {
    assertGoodSet(CifarDataset.open(folder().getParent()), temp);
  }

  @Test
  void readsTheArchive() throws Exception {
    Path archive = archive();
    assertGoodSet(CifarDataset.open(archive), archive);
  }

  private static void assertGoodSet(DataSplit split, Path path) throws Exception {
    assertThat(split.name()).isEqualTo("cifar10:" + path);
    assertThat(split.train().size()).isEqualTo(15);
    assertThat(split.test().size()).isEqualTo(2);
    assertThat(split.train().channels()).isEqualTo(3);
    assertThat(split.train().height()).isEqualTo(32);
    assertThat(split.train().width()).isEqualTo(32);
    assertThat(split.train().classNames()).hasSize(10).startsWith("airplane").endsWith("truck");
    assertThat(split.train().label(14)).isEqualTo(2 + 5);
    assertThat(split.test().label(1)).isEqualTo(1 + 6);
    assertThat(Fixtures.image(split.train(), 4))
        .isEqualTo(Arrays.copyOfRange(batch(2, 2), RECORD + 1, 2 * RECORD));
  }

  @ParameterizedTest
  @CsvSource({"data_batch_1.bin, 9218", "test_batch.bin, 3072", "data_batch_4.bin, 0"})
  void refusesAWrongSize(String name, int bytes) throws Exception {
    files.computeIfPresent(name, (key, content) -> Arrays.copyOf(content, bytes));
    Path folder = folder();
    assertInputError(
        () -> CifarDataset.open(folder),
        folder,
        name,
        bytes + " bytes",
        "records of 3073 bytes",
        "30730000 bytes");
    Path archive = archive();
    assertInputError(() -> CifarDataset.open(archive), archive, name, bytes + " bytes");
  }

  @Test
  void refusesABatchThatIsShorterThanTheOthersByWholeRecords() throws Exception {
    files.put("data_batch_3.bin", batch(2, 3));
    Path folder = folder();
    assertInputError(
        () -> CifarDataset.open(folder), folder, "data_batch_3.bin", "6146 bytes", "9219 bytes");
  }

  @Test
  void refusesABatchLargerThanTheOfficialOnes() throws Exception {
    files.put("data_batch_2.bin", new byte[30_730_001]);
    Path folder = folder();
    assertInputError(
        () -> CifarDataset.open(folder), folder, "data_batch_2.bin", "30730001", "30730000 bytes");
  }

  @Test
  void refusesAWrongLabel() throws Exception {
    files.get("data_batch_5.bin")[RECORD] = (byte) 137;
    Path folder = folder();
    assertInputError(
        () -> CifarDataset.open(folder),
        folder,
        "data_batch_5.bin",
        "label 137 for image 1",
        "from 0 to 9");
  }

  @ParameterizedTest
  @ValueSource(strings = {"data_batch_2.bin", "test_batch.bin", "batches.meta.txt"})
  void namesAMissingFile(String name) throws Exception {
    files.remove(name);
    Path folder = folder();
    assertInputError(
        () -> CifarDataset.open(folder), folder, "no file " + name, "cifar-10-batches-bin");
    Path archive = archive();
    assertInputError(() -> CifarDataset.open(archive), archive, "no file " + name);
  }

  @Test
  void refusesAnotherNumberOfNames() throws Exception {
    files.put("batches.meta.txt", "apple\nbear\n".getBytes(StandardCharsets.UTF_8));
    Path folder = folder();
    assertInputError(
        () -> CifarDataset.open(folder), folder, "2 class names", "10, one a line", "CIFAR-100");
  }

  @Test
  void refusesATruncatedArchive() throws Exception {
    Path archive = archive();
    byte[] whole = Files.readAllBytes(archive);
    for (int length : new int[] {5, whole.length / 2, whole.length - 9, whole.length - 1}) {
      Files.write(archive, Arrays.copyOf(whole, length));
      assertInputError(
          () -> CifarDataset.open(archive),
          archive,
          "not a readable gzipped tar",
          "ends too early",
          "cut off");
    }
  }

  @Test
  void refusesAnArchiveThatItsChecksumDisowns() throws Exception {
    Path archive = archive();
    byte[] damaged = Files.readAllBytes(archive);
    damaged[damaged.length - 8] ^= 1;
    Files.write(archive, damaged);
    assertInputError(
        () -> CifarDataset.open(archive), archive, "not a readable gzipped tar", "damaged");
  }

  @Test
  void refusesAFileThatIsNoArchive() throws Exception {
    Path text = Files.writeString(temp.resolve("cifar.tar.gz"), "This is a text, not an archive.");
    assertInputError(
        () -> CifarDataset.open(text),
        text,
        "not a readable gzipped tar",
        "cifar-10-binary.tar.gz");
  }

  @Test
  void namesAMissingPath() {
    Path missing = temp.resolve("nowhere");
    assertInputError(
        () -> CifarDataset.open(missing), missing, "nothing there", "cifar-10-batches-bin");
  }

  private Path folder() throws IOException {
    Path folder = Files.createDirectories(temp.resolve("cifar-10-batches-bin"));
    for (var file : files.entrySet()) {
      Files.write(folder.resolve(file.getKey()), file.getValue());
    }
    return folder;
  }

  private Path archive() throws IOException {
    Path archive = temp.resolve("renamed-archive");
    try (var tar =
        new TarArchiveOutputStream(
            new GZIPOutputStream(Files.newOutputStream(archive)), TAR_RECORD_BYTES)) {
      for (var file : files.entrySet()) {
        var entry = new TarArchiveEntry("cifar-10-batches-bin/" + file.getKey());
        entry.setSize(file.getValue().length);
        tar.putArchiveEntry(entry);
        tar.write(file.getValue());
        tar.closeArchiveEntry();
      }
    }
    return archive;
  }
}
