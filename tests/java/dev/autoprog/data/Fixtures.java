package dev.autoprog.data;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.autoprog.InputException;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import java.util.zip.GZIPOutputStream;
import javax.imageio.ImageIO;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;

/** Small files of every format, and datasets of known content. */
final class Fixtures {
  private Fixtures() {}

  static byte[] idx(int magic, int[] dims, byte[] data) {
    ByteBuffer file = ByteBuffer.allocate(4 + 4 * dims.length + data.length).putInt(magic);
    for (int dim : dims) {
      file.putInt(dim);
    }
    return file.put(data).array();
  }

  static byte[] idxLabels(int... labels) {
    byte[] data = new byte[labels.length];
    for (int i = 0; i < data.length; i++) {
      data[i] = (byte) labels[i];
    }
    return idx(0x801, new int[] {labels.length}, data);
  }

  static byte[] idxImages(int n, int height, int width) {
    return idx(0x803, new int[] {n, height, width}, counting(n * height * width));
  }

  /** Bytes 0, 1, 2 … with a period that no image size shares. */
  static byte[] counting(int length) {
    byte[] data = new byte[length];
    for (int i = 0; i < length; i++) {
      data[i] = (byte) (i % 251);
    }
    return data;
  }

  static byte[] gzip(byte[] data) throws IOException {
    var bytes = new ByteArrayOutputStream();
    try (var out = new GZIPOutputStream(bytes)) {
      out.write(data);
    }
    return bytes.toByteArray();
  }

  static BufferedImage solid(int width, int height, int rgb) {
    var image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    image.setRGB(
        0,
        0,
        width,
        height,
        IntStream.generate(() -> rgb).limit((long) width * height).toArray(),
        0,
        width);
    return image;
  }

  /** Writes a picture in the format that the file's extension names. */
  static Path write(Path file, BufferedImage image) throws IOException {
    Files.createDirectories(file.getParent());
    String name = file.getFileName().toString().toLowerCase(Locale.ROOT);
    String format = name.endsWith("png") ? "png" : "jpg";
    if (!ImageIO.write(image, format, file.toFile())) {
      throw new IOException("No writer for " + file);
    }
    return file;
  }

  static byte[] image(ImageDataset dataset, int index) throws InputException {
    byte[] image = new byte[dataset.imageBytes()];
    dataset.read(index, ByteBuffer.wrap(image));
    return image;
  }

  /** Asserts the whole form of an error: its subject first, and every other part in it. */
  static void assertInputError(ThrowingCallable code, Object subject, String... parts) {
    assertThatThrownBy(code)
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith(subject.toString())
        .hasMessageContainingAll(parts)
        .hasMessageMatching("(?s).+: .+; expected .+\\. .+\\.");
  }

  /** Images (2, 3, 5) whose every byte follows from their index; label = index mod 4. */
  static final class Synthetic implements ImageDataset {
    private final int size;
    private final int broken;

    Synthetic(int size) {
      this(size, -1);
    }

    /** The image {@code broken} cannot be read. */
    Synthetic(int size, int broken) {
      this.size = size;
      this.broken = broken;
    }

    static byte pixel(int index, int at) {
      return (byte) (index * 31 + at * 7);
    }

    @Override
    public int size() {
      return size;
    }

    @Override
    public int channels() {
      return 2;
    }

    @Override
    public int height() {
      return 3;
    }

    @Override
    public int width() {
      return 5;
    }

    @Override
    public List<String> classNames() {
      return List.of("a", "b", "c", "d");
    }

    @Override
    public int label(int index) {
      return index % 4;
    }

    @Override
    public void read(int index, ByteBuffer to) throws InputException {
      if (index == broken) {
        throw new InputException("image-" + index, "torn", "whole", "Mend it.");
      }
      for (int at = 0; at < imageBytes(); at++) {
        to.put(pixel(index, at));
      }
    }
  }
}
