package dev.autoprog.data;

import static dev.autoprog.data.Fixtures.assertInputError;
import static dev.autoprog.data.Fixtures.image;
import static dev.autoprog.data.Fixtures.solid;
import static dev.autoprog.data.Fixtures.write;
import static org.assertj.core.api.Assertions.assertThat;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ImageFolderDatasetTest {
  private static final FolderOptions OPTIONS = new FolderOptions(8, 1 << 20);

  @TempDir Path root;

  @ParameterizedTest
  @ValueSource(strings = {"test", "validation", "val"})
  void readsTrainAndTestFolders(String test) throws Exception {
    write(root.resolve("train/dog/b.png"), solid(12, 9, 0x0000ff));
    write(root.resolve("train/dog/a.JPEG"), solid(8, 8, 0x808080));
    write(root.resolve("train/cat/x.Jpg"), solid(9, 20, 0xffffff));
    write(root.resolve(test + "/dog/c.PNG"), solid(5, 5, 0x00ff00));
    Files.writeString(root.resolve("train/.hidden"), "ignored");
    Files.writeString(root.resolve("train/dog/.hidden"), "ignored");
    Files.writeString(root.resolve("README.txt"), "ignored");
    DataSplit split = ImageFolderDataset.open(root, OPTIONS);
    ImageDataset train = split.train();
    assertThat(train.classNames()).containsExactly("cat", "dog");
    assertThat(train.size()).isEqualTo(3);
    assertThat(new int[] {train.label(0), train.label(1), train.label(2)}).containsExactly(0, 1, 1);
    assertThat(image(train, 0)).hasSize(3 * 64).containsOnly(255);
    assertThat(image(train, 1)).containsOnly(128);
    assertThat(planeOf(image(train, 2), 0)).containsOnly(0);
    assertThat(planeOf(image(train, 2), 2)).containsOnly(255);
    assertThat(split.test().size()).isEqualTo(1);
    assertThat(split.test().label(0)).isEqualTo(1);
    assertThat(planeOf(image(split.test(), 0), 1)).containsOnly(255);
  }

  /** As archives from elsewhere leave them: two letters of Latin-1, neither of them UTF-8. */
  @Test
  void namesThatReadAlikeAreRefused() throws Exception {
    Path picture = write(root.resolve("apple/1.png"), solid(8, 8, 0));
    write(root.resolve("apple/2.png"), solid(8, 8, 0));
    String copies = "for c in '\\304' '\\326'; do cp -r \"$0\" \"$(printf \"$c\")pfel\"; done";
    Process shell =
        new ProcessBuilder("sh", "-c", copies, picture.getParent().toString())
            .directory(root.toFile())
            .start();
    assertThat(shell.waitFor()).isZero();
    assertInputError(
        () -> ImageFolderDataset.open(root, OPTIONS), root, "pfel", "reads like", "LC_ALL");
  }

  @Test
  void theTestFolderGoesBeforeTheValidationFolder() throws Exception {
    for (String part : new String[] {"train", "validation", "test"}) {
      write(root.resolve(part + "/cat/1.png"), solid(8, 8, part.equals("test") ? 0xffffff : 0));
    }
    assertThat(image(ImageFolderDataset.open(root, OPTIONS).test(), 0)).containsOnly(255);
  }

  @ParameterizedTest
  @CsvSource({"2, 1", "4, 1", "14, 1", "15, 2", "40, 4"})
  void splitsClassFoldersNineToOne(int pictures, int held) throws Exception {
    for (int i = 0; i < pictures; i++) {
      write(root.resolve("cat/%03d.png".formatted(i)), solid(8, 8, i));
      write(root.resolve("dog/%03d.png".formatted(i)), solid(8, 8, 100 + i));
    }
    DataSplit split = ImageFolderDataset.open(root, OPTIONS);
    assertThat(split.test().size()).isEqualTo(2 * held);
    assertThat(split.train().size()).isEqualTo(2 * (pictures - held));
    var seen = new TreeSet<Integer>();
    for (ImageDataset part : new ImageDataset[] {split.train(), split.test()}) {
      for (int i = 0; i < part.size(); i++) {
        int value = image(part, i)[2 * 64] & 0xff;
        assertThat(seen.add(value)).as("picture %s is in one part only", value).isTrue();
        assertThat(part.label(i)).isEqualTo(value / 100);
      }
    }
    assertThat(seen).hasSize(2 * pictures);
  }

  @Test
  void aCacheOfAnySizeGivesTheSameImages() throws Exception {
    var random = new Random(1);
    for (int i = 0; i < 6; i++) {
      write(root.resolve("train/cat/" + i + ".png"), solid(8, 8, random.nextInt()));
    }
    write(root.resolve("test/cat/1.png"), solid(8, 8, 0));
    ImageDataset none = ImageFolderDataset.open(root, new FolderOptions(8, 0)).train();
    ImageDataset some = ImageFolderDataset.open(root, new FolderOptions(8, 2 * 192 + 5)).train();
    ImageDataset all = ImageFolderDataset.open(root, OPTIONS).train();
    for (int round = 0; round < 2; round++) {
      for (int i = 0; i < 6; i++) {
        assertThat(image(some, i)).isEqualTo(image(none, i)).isEqualTo(image(all, i));
      }
    }
    for (int i = 0; i < 6; i++) {
      Files.delete(root.resolve("train/cat/" + i + ".png"));
    }
    assertThat(image(all, 5)).isNotEmpty();
    assertThat(image(some, 1)).isEqualTo(image(all, 1));
    assertInputError(
        () -> image(some, 2), root.resolve("train/cat/2.png"), "cannot be read", "readable");
  }

  @Test
  void refusesATextFileInAClassFolder() throws Exception {
    goodPictures();
    Path text = Files.writeString(root.resolve("train/cat/notes.txt"), "a note");
    assertInputError(
        () -> ImageFolderDataset.open(root, OPTIONS),
        text,
        "a file of another kind",
        ".jpg, .jpeg and .png",
        "Remove it");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "no", "This is a text that calls itself a picture."})
  void refusesATextFileWithAPicturesName(String content) throws Exception {
    goodPictures();
    Path text = Files.writeString(root.resolve("test/dog/fake.jpg"), content);
    assertInputError(
        () -> ImageFolderDataset.open(root, OPTIONS), text, "no JPEG or PNG picture", "Remove it");
  }

  @Test
  void refusesAFolderInAClassFolder() throws Exception {
    goodPictures();
    Path inner = Files.createDirectory(root.resolve("train/dog/more.png"));
    assertInputError(
        () -> ImageFolderDataset.open(root, OPTIONS), inner, "a folder inside a class folder");
  }

  @ParameterizedTest
  @ValueSource(strings = {"train/bird", "test/cat"})
  void refusesAnEmptyClass(String empty) throws Exception {
    goodPictures();
    Path folder = root.resolve(empty);
    Files.deleteIfExists(folder.resolve("1.png"));
    Files.createDirectories(folder);
    Files.writeString(folder.resolve(".hidden"), "does not count");
    assertInputError(
        () -> ImageFolderDataset.open(root, OPTIONS),
        folder,
        "an empty class folder",
        "at least one");
  }

  @Test
  void refusesAClassThatTrainingDoesNotHave() throws Exception {
    goodPictures();
    Path folder = write(root.resolve("test/bird/1.png"), solid(8, 8, 0)).getParent();
    assertInputError(
        () -> ImageFolderDataset.open(root, OPTIONS), folder, "do not have", "some of cat, dog");
  }

  @Test
  void refusesAPartAlone() throws Exception {
    write(root.resolve("train/cat/1.png"), solid(8, 8, 0));
    assertInputError(
        () -> ImageFolderDataset.open(root, OPTIONS), root, "a train folder alone", "validation");
    Files.move(root.resolve("train"), root.resolve("val"));
    assertInputError(() -> ImageFolderDataset.open(root, OPTIONS), root, "a val folder alone");
  }

  @Test
  void refusesAFolderWithoutClasses() throws Exception {
    write(root.resolve("1.png"), solid(8, 8, 0));
    assertInputError(
        () -> ImageFolderDataset.open(root, OPTIONS), root, "no class folders", "one folder per");
  }

  @Test
  void refusesToSplitASinglePicture() throws Exception {
    Path folder = write(root.resolve("cat/1.png"), solid(8, 8, 0)).getParent();
    assertInputError(
        () -> ImageFolderDataset.open(root, OPTIONS), folder, "one picture", "at least two");
  }

  @ParameterizedTest
  @CsvSource({"jpg, 0.1", "jpg, 0.5", "jpg, 0.99", "png, 0.1", "png, 0.5", "png, 0.9"})
  void refusesATruncatedPictureAtItsFirstRead(String format, double part) throws Exception {
    goodPictures();
    Path file = write(root.resolve("train/cat/torn." + format), noise(64));
    byte[] whole = Files.readAllBytes(file);
    Files.write(file, Arrays.copyOf(whole, (int) (part * whole.length)));
    ImageDataset train = ImageFolderDataset.open(root, OPTIONS).train();
    assertInputError(() -> image(train, 1), file, "cannot be decoded", "a complete JPEG or PNG");
  }

  @Test
  void refusesAPictureWithDamagedBytes() throws Exception {
    goodPictures();
    Path file = write(root.resolve("train/cat/torn.png"), noise(64));
    byte[] bytes = Files.readAllBytes(file);
    bytes[bytes.length / 2] ^= 0x55;
    Files.write(file, bytes);
    ImageDataset train = ImageFolderDataset.open(root, OPTIONS).train();
    assertInputError(() -> image(train, 1), file, "cannot be decoded");
  }

  @Test
  void refusesAPictureOfNothingButItsFirstBytes() throws Exception {
    goodPictures();
    Path file = root.resolve("train/cat/torn.jpg");
    Files.write(file, new byte[] {(byte) 0xff, (byte) 0xd8, (byte) 0xff, (byte) 0xe0, 0, 0, 0});
    ImageDataset train = ImageFolderDataset.open(root, OPTIONS).train();
    assertInputError(() -> image(train, 1), file, "cannot be decoded");
  }

  private void goodPictures() throws IOException {
    for (String part : new String[] {"train", "test"}) {
      for (String name : new String[] {"cat", "dog"}) {
        write(root.resolve(part).resolve(name).resolve("1.png"), solid(8, 8, 0));
      }
    }
  }

  private static BufferedImage noise(int side) {
    var random = new Random(7);
    BufferedImage image = solid(side, side, 0);
    for (int y = 0; y < side; y++) {
      for (int x = 0; x < side; x++) {
        image.setRGB(x, y, random.nextInt());
      }
    }
    return image;
  }

  private static byte[] planeOf(byte[] image, int channel) {
    int plane = image.length / 3;
    return Arrays.copyOfRange(image, channel * plane, (channel + 1) * plane);
  }
}
