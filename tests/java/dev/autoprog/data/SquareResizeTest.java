package dev.autoprog.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.image.BufferedImage;
import java.awt.image.DataBuffer;
import java.awt.image.Raster;
import java.awt.image.WritableRaster;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriter;
import javax.imageio.stream.ImageOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SquareResizeTest {
  @TempDir Path temp;

  @Test
  void aPictureOfTheRightSizeStaysAsItIs() {
    BufferedImage image = Fixtures.solid(6, 6, 0);
    for (int i = 0; i < 36; i++) {
      image.setRGB(i % 6, i / 6, i << 16 | (100 + i) << 8 | (255 - i));
    }
    byte[] planes = planes(image, 6);
    for (int i = 0; i < 36; i++) {
      assertThat(planes[i]).isEqualTo((byte) i);
      assertThat(planes[36 + i]).isEqualTo((byte) (100 + i));
      assertThat(planes[72 + i]).isEqualTo((byte) (255 - i));
    }
  }

  @ParameterizedTest
  @CsvSource({"64, 64, 8", "63, 97, 8", "97, 63, 8", "5, 7, 32", "1, 1, 4", "300, 2, 3"})
  void aUniformPictureStaysUniform(int width, int height, int side) {
    assertThat(planes(Fixtures.solid(width, height, 0xb3b3b3), side))
        .hasSize(3 * side * side)
        .containsOnly(0xb3);
  }

  @Test
  void keepsTheMiddleOfAWideAndOfATallPicture() {
    BufferedImage wide = Fixtures.solid(90, 30, 0xff0000);
    BufferedImage tall = Fixtures.solid(30, 90, 0xff0000);
    for (int y = 0; y < 30; y++) {
      for (int x = 0; x < 30; x++) {
        wide.setRGB(30 + x, y, 0x00ff00);
        tall.setRGB(x, 30 + y, 0x00ff00);
      }
    }
    for (BufferedImage image : new BufferedImage[] {wide, tall}) {
      byte[] planes = planes(image, 30);
      for (int i = 0; i < 900; i++) {
        assertThat(planes[i]).isZero();
        assertThat(planes[900 + i]).isEqualTo((byte) 255);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {4, 8, 16})
  void fineDetailBecomesItsMeanInsteadOfAnAlias(int side) {
    BufferedImage checks = Fixtures.solid(64, 64, 0);
    for (int y = 0; y < 64; y++) {
      for (int x = 0; x < 64; x++) {
        checks.setRGB(x, y, (x + y) % 2 == 0 ? 0xffffff : 0);
      }
    }
    for (byte value : planes(checks, side)) {
      assertThat(value & 0xff).isBetween(126, 129);
    }
  }

  @Test
  void halvesByTheTrianglesWeights() {
    BufferedImage row = Fixtures.solid(4, 4, 0);
    int[] values = {0, 70, 140, 210};
    for (int y = 0; y < 4; y++) {
      for (int x = 0; x < 4; x++) {
        row.setRGB(x, y, values[x]);
      }
    }
    byte[] planes = planes(row, 2);
    // samples at distance 0.5, 0.5 and 1.5 of a triangle that reaches 2: weights 3 : 3 : 1
    assertThat(planes[8] & 0xff).isEqualTo(Math.round((0 * 3 + 70 * 3 + 140) / 7f));
    assertThat(planes[9] & 0xff).isEqualTo(Math.round((70 + 140 * 3 + 210 * 3) / 7f));
  }

  @ParameterizedTest
  @ValueSource(
      ints = {
        BufferedImage.TYPE_BYTE_GRAY,
        BufferedImage.TYPE_USHORT_GRAY,
        BufferedImage.TYPE_3BYTE_BGR,
        BufferedImage.TYPE_INT_RGB,
        BufferedImage.TYPE_4BYTE_ABGR,
        BufferedImage.TYPE_BYTE_INDEXED
      })
  void greyOfEverySampleLayoutKeepsItsValue(int type) {
    var image = new BufferedImage(4, 4, type);
    WritableRaster raster = image.getRaster();
    for (int i = 0; i < 16; i++) {
      switch (type) {
        case BufferedImage.TYPE_BYTE_GRAY -> raster.setSample(i % 4, i / 4, 0, 102);
        case BufferedImage.TYPE_USHORT_GRAY -> raster.setSample(i % 4, i / 4, 0, 102 * 257);
        default -> image.setRGB(i % 4, i / 4, 0xff666666); // 102, a colour of the default palette
      }
    }
    assertThat(planes(image, 2)).containsOnly(102);
  }

  @ParameterizedTest
  @ValueSource(ints = {BufferedImage.TYPE_4BYTE_ABGR, BufferedImage.TYPE_INT_ARGB_PRE})
  void transparentPartsLieOverWhite(int type) {
    var image = new BufferedImage(2, 2, type);
    image.setRGB(0, 0, 0x00000000);
    image.setRGB(1, 0, 0xff000000);
    image.setRGB(0, 1, 0x33000000);
    image.setRGB(1, 1, 0x99000000);
    byte[] planes = planes(image, 2);
    assertThat(planes[0] & 0xff).isEqualTo(255);
    assertThat(planes[1] & 0xff).isEqualTo(0);
    assertThat(planes[2] & 0xff).isEqualTo(255 - 0x33);
    assertThat(planes[3] & 0xff).isEqualTo(255 - 0x99);
  }

  @Test
  void readsACmykJpeg() throws Exception {
    Path file = temp.resolve("print.jpg");
    WritableRaster raster = Raster.createInterleavedRaster(DataBuffer.TYPE_BYTE, 16, 16, 4, null);
    for (int i = 0; i < 256; i++) {
      raster.setPixel(i % 16, i / 16, new int[] {255, 20, 20, 255}); // stored inverted: red
    }
    Iterator<ImageWriter> writers = ImageIO.getImageWritersByFormatName("jpeg");
    ImageWriter writer = writers.next();
    try (ImageOutputStream out = ImageIO.createImageOutputStream(file.toFile())) {
      writer.setOutput(out);
      writer.write(null, new IIOImage(raster, null, null), null);
    } finally {
      writer.dispose();
    }
    assertThat(Files.size(file)).isPositive();
    byte[] planes = planes(ImageDecoder.decode(file), 1);
    assertThat(planes[0] & 0xff).isGreaterThan(150);
    assertThat(planes[1] & 0xff).isLessThan(110);
    assertThat(planes[2] & 0xff).isLessThan(110);
  }

  private static byte[] planes(BufferedImage image, int side) {
    return SquareResize.planes(new RgbRows(image), side);
  }
}
