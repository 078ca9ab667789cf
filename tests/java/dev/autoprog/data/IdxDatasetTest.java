package dev.autoprog.data;

import static dev.autoprog.data.Fixtures.assertInputError;
import static dev.autoprog.data.Fixtures.gzip;
import static dev.autoprog.data.Fixtures.idx;
import static dev.autoprog.data.Fixtures.idxImages;
import static dev.autoprog.data.Fixtures.idxLabels;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class IdxDatasetTest {
  private static final String TRAIN_IMAGES = "train-images-idx3-ubyte";
  private static final String TRAIN_LABELS = "train-labels-idx1-ubyte";
  private static final String TEST_IMAGES = "t10k-images-idx3-ubyte";
  private static final String TEST_LABELS = "t10k-labels-idx1-ubyte";

  @TempDir Path folder;

  @BeforeEach
  void aGoodSet() throws IOException {
    put(TRAIN_IMAGES, idxImages(4, 3, 5));
    put(TRAIN_LABELS, idxLabels(2, 0, 1, 2));
    put(TEST_IMAGES, idxImages(2, 3, 5));
    put(TEST_LABELS, idxLabels(1, 1));
  }

  @Test
  void readsPlainFiles() throws Exception {
    assertGoodSet(IdxDataset.open(folder));
  }

  @Test
  void readsGzippedFilesWhateverTheirNames() throws Exception {
    for (String name : new String[] {TRAIN_IMAGES, TRAIN_LABELS}) {
      put(name + ".gz", gzip(Files.readAllBytes(folder.resolve(name))));
      Files.delete(folder.resolve(name));
    }
    put(TEST_IMAGES, gzip(Files.readAllBytes(folder.resolve(TEST_IMAGES))));
    Files.move(folder.resolve(TEST_LABELS), folder.resolve(TEST_LABELS + ".gz"));
    assertGoodSet(IdxDataset.open(folder));
  }

  @Test
  void readsNamesWithADot() throws Exception {
    Files.move(folder.resolve(TRAIN_IMAGES), folder.resolve("train-images.idx3-ubyte"));
    Files.move(folder.resolve(TEST_LABELS), folder.resolve("t10k-labels.idx1-ubyte"));
    assertGoodSet(IdxDataset.open(folder));
  }

  private void assertGoodSet(DataSplit split) throws Exception {
    assertThat(split.name()).isEqualTo("idx:" + folder);
    assertThat(split.train().size()).isEqualTo(4);
    assertThat(split.test().size()).isEqualTo(2);
    assertThat(split.train().classNames()).containsExactly("0", "1", "2");
    assertThat(split.train().channels()).isEqualTo(1);
    assertThat(split.train().height()).isEqualTo(3);
    assertThat(split.train().width()).isEqualTo(5);
    assertThat(split.train().label(0)).isEqualTo(2);
    assertThat(split.test().label(1)).isEqualTo(1);
    assertThat(Fixtures.image(split.train(), 3))
        .isEqualTo(Arrays.copyOfRange(Fixtures.counting(60), 45, 60));
  }

  @Test
  void labelsAreUnsigned() throws Exception {
    int[] all = new int[256];
    Arrays.setAll(all, i -> i);
    put(TRAIN_IMAGES, idxImages(256, 3, 5));
    put(TRAIN_LABELS, idxLabels(all));
    ImageDataset train = IdxDataset.open(folder).train();
    assertThat(train.label(200)).isEqualTo(200);
    assertThat(train.classNames()).hasSize(256).last().isEqualTo("255");
  }

  @Test
  void namesAMissingFile() throws Exception {
    Files.delete(folder.resolve(TEST_LABELS));
    assertInputError(
        () -> IdxDataset.open(folder), folder, "no file " + TEST_LABELS, TEST_LABELS + ".gz");
  }

  @Test
  void namesAMissingFolder() {
    Path missing = folder.resolve("nowhere");
    assertInputError(() -> IdxDataset.open(missing), missing, "nothing there", "IDX files");
  }

  @Test
  void refusesAWrongMagicNumber() throws Exception {
    put(TRAIN_IMAGES, idx(0xd03, new int[] {4, 3, 5}, new byte[60]));
    assertInputError(() -> IdxDataset.open(folder), file(TRAIN_IMAGES), "0x00000d03", "0x00000803");
  }

  @Test
  void refusesLabelsInPlaceOfImages() throws Exception {
    put(TRAIN_IMAGES, idxLabels(1, 2, 3, 4));
    assertInputError(
        () -> IdxDataset.open(folder), file(TRAIN_IMAGES), "0x00000801", "0x00000803", "swap");
  }

  @ParameterizedTest
  @ValueSource(ints = {16, 17, 75})
  void refusesTruncatedData(int length) throws Exception {
    put(TRAIN_IMAGES, Arrays.copyOf(idxImages(4, 3, 5), length));
    assertInputError(
        () -> IdxDataset.open(folder),
        file(TRAIN_IMAGES),
        ": " + (length - 16) + " bytes after the header",
        "60 bytes (4 × 3 × 5)");
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 3, 4, 15})
  void refusesATruncatedHeader(int length) throws Exception {
    put(TRAIN_IMAGES, Arrays.copyOf(idxImages(4, 3, 5), length));
    assertInputError(
        () -> IdxDataset.open(folder), file(TRAIN_IMAGES), ": " + length + " bytes;", "16 bytes");
  }

  @Test
  void refusesBytesTooMany() throws Exception {
    put(TRAIN_LABELS, Arrays.copyOf(idxLabels(2, 0, 1, 2), 13));
    assertInputError(() -> IdxDataset.open(folder), file(TRAIN_LABELS), "more than 4 bytes");
  }

  @ParameterizedTest
  @ValueSource(ints = {15, 30})
  void refusesTruncatedGzip(int length) throws Exception {
    put(TRAIN_IMAGES, Arrays.copyOf(gzip(idxImages(4, 3, 5)), length));
    assertInputError(() -> IdxDataset.open(folder), file(TRAIN_IMAGES), "gzip", "cut off");
  }

  @Test
  void refusesDamagedGzip() throws Exception {
    byte[] damaged = gzip(idxImages(4, 3, 5));
    damaged[damaged.length - 6] ^= 1;
    put(TRAIN_IMAGES, damaged);
    assertInputError(() -> IdxDataset.open(folder), file(TRAIN_IMAGES), "gzip", "damaged");
  }

  @Test
  void refusesAHeaderThatPromisesTheImpossible() throws Exception {
    put(TRAIN_IMAGES, idx(0x803, new int[] {70_000, 28_000, 28_000}, new byte[4]));
    assertInputError(
        () -> IdxDataset.open(folder), file(TRAIN_IMAGES), "70000 × 28000 × 28000", "at most");
    put(TRAIN_IMAGES, idx(0x803, new int[] {4, -3, -5}, new byte[60]));
    assertInputError(() -> IdxDataset.open(folder), file(TRAIN_IMAGES), "4 × -3 × -5", "from 1 up");
  }

  @Test
  void aHeaderThatLiesDoesNotExhaustMemory() throws Exception {
    put(TRAIN_IMAGES, idx(0x803, new int[] {2_000, 1_000, 1_000}, new byte[4]));
    assertInputError(
        () -> IdxDataset.open(folder), file(TRAIN_IMAGES), "4 bytes after", "2000000000 bytes");
  }

  @Test
  void refusesAnotherNumberOfLabels() throws Exception {
    put(TRAIN_LABELS, idxLabels(2, 0, 1));
    assertInputError(
        () -> IdxDataset.open(folder), file(TRAIN_LABELS), "3 labels", "4, one for each image");
  }

  @Test
  void refusesGapsInTheLabels() throws Exception {
    put(TRAIN_LABELS, idxLabels(2, 0, 3, 2));
    assertInputError(
        () -> IdxDataset.open(folder), file(TRAIN_LABELS), "no image with label 1", "go up to 3");
  }

  @Test
  void refusesATestLabelThatTrainingDoesNotHave() throws Exception {
    put(TEST_LABELS, idxLabels(1, 200));
    assertInputError(
        () -> IdxDataset.open(folder), file(TEST_LABELS), "label 200 for image 1", "from 0 to 2");
  }

  @Test
  void refusesTestImagesOfAnotherSize() throws Exception {
    put(TEST_IMAGES, idxImages(2, 5, 3));
    assertInputError(
        () -> IdxDataset.open(folder), file(TEST_IMAGES), "5 × 3 pixels", "3 × 5 as in");
  }

  private Path file(String name) {
    return folder.resolve(name);
  }

  private void put(String name, byte[] content) throws IOException {
    Files.write(folder.resolve(name), content);
  }
}
