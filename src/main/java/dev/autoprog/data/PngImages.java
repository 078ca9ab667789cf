package dev.autoprog.data;

import dev.autoprog.InputException;
import dev.autoprog.io.Disk;
import java.awt.image.BufferedImage;
import java.awt.image.WritableRaster;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Locale;
import javax.imageio.ImageIO;
import javax.imageio.stream.MemoryCacheImageOutputStream;

/**
 * Writes images as PNG, grey or RGB, byte by byte as they are. The same images give the same file
 * on the same Java runtime.
 */
public final class PngImages {
  /** Pixels between the images of a grid. */
  static final int GAP = 2;

  private static final int WHITE = 255;

  private PngImages() {}

  /**
   * Writes {@code 00000.png}, {@code 00001.png} and so on, over what is there.
   *
   * @param directory is created if it is missing
   * @throws InputException if the system refuses
   */
  public static void writeEach(Path directory, ImageBytes images) throws InputException {
    for (int i = 0; i < images.count(); i++) {
      String name = String.format(Locale.ROOT, "%05d.png", i);
      writeGrid(directory.resolve(name), images.range(i, i + 1), 1);
    }
  }

  /**
   * Writes all images into one file, row by row, with a thin white gap between them.
   *
   * @param columns images in a row
   * @throws InputException if the system refuses
   */
  public static void writeGrid(Path file, ImageBytes images, int columns) throws InputException {
    if (columns < 1 || images.channels() != 1 && images.channels() != 3) {
      throw new IllegalArgumentException(
          columns + " columns of images with " + images.channels() + " channels");
    }
    ByteArrayOutputStream png = new ByteArrayOutputStream();
    try (var out = new MemoryCacheImageOutputStream(png)) {
      ImageIO.write(grid(images, Math.min(columns, images.count())), "png", out);
    } catch (IOException e) {
      throw Disk.cannotWrite(file, e);
    }
    Disk.LOCAL.replace(file, to -> Disk.writeFully(to, ByteBuffer.wrap(png.toByteArray())));
  }

  private static BufferedImage grid(ImageBytes images, int columns) {
    int rows = (images.count() + columns - 1) / columns;
    int height = images.height() + GAP;
    int width = images.width() + GAP;
    boolean grey = images.channels() == 1;
    BufferedImage grid =
        new BufferedImage(
            columns * width - GAP,
            rows * height - GAP,
            grey ? BufferedImage.TYPE_BYTE_GRAY : BufferedImage.TYPE_3BYTE_BGR);
    WritableRaster raster = grid.getRaster();
    for (int y = 0; y < grid.getHeight(); y++) {
      for (int x = 0; x < grid.getWidth(); x++) {
        int image = y / height * columns + x / width;
        boolean between =
            y % height >= images.height() || x % width >= images.width() || image >= images.count();
        for (int c = 0; c < images.channels(); c++) {
          raster.setSample(x, y, c, between ? WHITE : images.at(image, c, y % height, x % width));
        }
      }
    }
    return grid;
  }
}
