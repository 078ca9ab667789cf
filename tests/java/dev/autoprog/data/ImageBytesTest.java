package dev.autoprog.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.autoprog.backend.Backend;
import dev.autoprog.backend.Session;
import dev.autoprog.tensor.DType;
import dev.autoprog.tensor.Shape;
import dev.autoprog.tensor.Tensor;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ImageBytesTest {
  @Test
  void mirroringExchangesLeftAndRightOfEveryRow() {
    byte[] bytes = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    ImageBytes images = new ImageBytes(1, 2, 2, 3, bytes);
    assertThat(images.mirrored().bytes()).containsExactly(3, 2, 1, 6, 5, 4, 9, 8, 7, 12, 11, 10);
    assertThat(images.mirrored().mirrored().bytes()).isEqualTo(bytes);
  }

  /**
   * A square of half the side is the mean over a triangle of four pixels; of a ramp, its middle.
   */
  @Test
  void resizingAveragesAndCutsToTheMiddle() {
    byte[] bytes = new byte[2 * 8 * 12];
    for (int i = 0; i < bytes.length; i++) {
      int x = i % 12;
      bytes[i] = (byte) (i < 8 * 12 ? 20 * x : 255);
    }
    ImageBytes small = new ImageBytes(1, 2, 8, 12, bytes).resized(4);
    assertThat(small.width()).isEqualTo(4);
    assertThat(small.height()).isEqualTo(4);
    for (int y = 0; y < 4; y++) {
      for (int x = 0; x < 4; x++) {
        assertThat(small.at(0, 0, y, x)).isEqualTo(20 * (2 + 2 * x) + 10); // columns 2 to 9
        assertThat(small.at(0, 1, y, x)).isEqualTo(255);
      }
    }
    ImageBytes same = new ImageBytes(1, 1, 2, 2, new byte[] {1, 2, 3, 4});
    assertThat(same.resized(2)).isSameAs(same);
  }

  @TempDir Path directory;

  private static ImageBytes counting(int count, int channels, int height, int width) {
    return new ImageBytes(
        count, channels, height, width, Fixtures.counting(count * channels * height * width));
  }

  @Test
  void everyByteIsItselfAgainAndWhatIsOutsideIsCut() {
    try (Session session = Session.open(Backend.named("reference"))) {
      Tensor images = session.allocate(DType.FLOAT32, Shape.of(2, 1, 8, 16));
      float[] values = new float[256];
      for (int i = 0; i < values.length; i++) {
        values[i] = i / 127.5f - 1;
      }
      ImageBytes bytes = ImageBytes.ofSigned(images.set(values));
      assertThat(bytes.count()).isEqualTo(2);
      assertThat(bytes.height()).isEqualTo(8);
      for (int i = 0; i < values.length; i++) {
        assertThat(bytes.at(i / 128, 0, i % 128 / 16, i % 16)).isEqualTo(i);
      }
      values[3] = -1.7f;
      values[4] = Float.POSITIVE_INFINITY;
      values[5] = -1 + 1.4f / 127.5f;
      values[6] = -1 + 1.6f / 127.5f;
      ImageBytes cut = ImageBytes.ofSigned(images.set(values));
      assertThat(cut.bytes()).startsWith(0, 1, 2, 0, 255, 1, 2);
      values[7] = Float.NaN;
      images.set(values);
      assertThatThrownBy(() -> ImageBytes.ofSigned(images)).hasMessageContaining("7 of the images");
      assertThatThrownBy(() -> ImageBytes.ofSigned(images.reshape(256)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("(256), expected (B, channels");
    }
  }

  @Test
  void imagesOfADatasetAndARangeOfThem() throws Exception {
    ImageBytes images = ImageBytes.of(new Fixtures.Synthetic(9), 7, 2, 5);
    assertThat(images.count()).isEqualTo(3);
    assertThat(images.at(1, 1, 2, 4)).isEqualTo(Fixtures.Synthetic.pixel(2, 29) & 0xff);
    ImageBytes last = images.range(2, 3);
    assertThat(last.count()).isOne();
    assertThat(last.at(0, 0, 1, 0)).isEqualTo(Fixtures.Synthetic.pixel(5, 5) & 0xff);
    assertThatThrownBy(() -> images.range(2, 4)).isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> new ImageBytes(1, 3, 2, 2, new byte[11]))
        .hasMessage("11 bytes for images (1, 3, 2, 2)");
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3})
  void aGridHasEveryPixelAndAWhiteGap(int channels) throws Exception {
    ImageBytes images = counting(5, channels, 7, 6);
    Path file = directory.resolve("deeper/grid.png");
    PngImages.writeGrid(file, images, 3);
    BufferedImage read = ImageIO.read(file.toFile());
    assertThat(read.getRaster().getNumBands()).isEqualTo(channels);
    assertThat(read.getWidth()).isEqualTo(3 * 6 + 2 * PngImages.GAP);
    assertThat(read.getHeight()).isEqualTo(2 * 7 + PngImages.GAP);
    for (int y = 0; y < read.getHeight(); y++) {
      for (int x = 0; x < read.getWidth(); x++) {
        int row = y < 7 ? 0 : y < 7 + PngImages.GAP ? -1 : 1;
        int top = row * (7 + PngImages.GAP);
        int column = x / (6 + PngImages.GAP);
        int left = column * (6 + PngImages.GAP);
        boolean white = row < 0 || x - left >= 6 || 3 * row + column == 5;
        for (int c = 0; c < channels; c++) {
          assertThat(read.getRaster().getSample(x, y, c))
              .as("pixel %d, %d, channel %d", x, y, c)
              .isEqualTo(white ? 255 : images.at(3 * row + column, c, y - top, x - left));
        }
      }
    }
    byte[] once = Files.readAllBytes(file);
    PngImages.writeGrid(file, images, 3);
    assertThat(Files.readAllBytes(file)).isEqualTo(once);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3})
  void eachImageIsAFileOfItsOwn(int channels) throws Exception {
    ImageBytes images = counting(3, channels, 4, 5);
    PngImages.writeEach(directory, images);
    assertThat(fileNames()).containsExactly("00000.png", "00001.png", "00002.png");
    BufferedImage read = ImageIO.read(directory.resolve("00002.png").toFile());
    assertThat(read.getWidth()).isEqualTo(5);
    assertThat(read.getHeight()).isEqualTo(4);
    for (int i = 0; i < channels * 20; i++) {
      assertThat(read.getRaster().getSample(i % 5, i / 5 % 4, i / 20))
          .isEqualTo(images.at(2, i / 20, i / 5 % 4, i % 5));
    }
  }

  private java.util.List<String> fileNames() throws IOException {
    try (var files = Files.list(directory)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  @Test
  void whatIsNoGridIsRefused() {
    Path file = directory.resolve("grid.png");
    assertThatThrownBy(() -> PngImages.writeGrid(file, counting(2, 2, 3, 3), 1))
        .hasMessageContaining("with 2 channels");
    assertThatThrownBy(() -> PngImages.writeGrid(file, counting(2, 1, 3, 3), 0))
        .hasMessageContaining("0 columns");
    assertThat(file).doesNotExist();
  }
}
