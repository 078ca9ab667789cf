package dev.autoprog.data;

import dev.autoprog.InputException;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;
import javax.imageio.stream.MemoryCacheImageInputStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Decodes JPEG and PNG files, and tells damaged ones from whole ones. */
final class ImageDecoder {
  private static final Logger LOG = LoggerFactory.getLogger(ImageDecoder.class);
  private static final byte[] JPEG = {(byte) 0xff, (byte) 0xd8, (byte) 0xff};
  private static final byte[] PNG = {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
  private static final long MOST_PIXELS = 1L << 27;

  private ImageDecoder() {}

  /** Whether the file's first bytes are those of a JPEG or PNG file. */
  static boolean hasSignature(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      byte[] head = in.readNBytes(PNG.length);
      return Arrays.equals(head, PNG)
          || (head.length > JPEG.length
              && Arrays.equals(head, 0, JPEG.length, JPEG, 0, JPEG.length));
    }
  }

  /**
   * The file's first picture, in whatever sample layout it has.
   *
   * @throws InputException if the file cannot be read, is damaged, or has more than 2²⁷ pixels
   */
  static BufferedImage decode(Path file) throws InputException {
    byte[] bytes;
    try {
      bytes = Files.readAllBytes(file);
    } catch (IOException e) {
      throw Inputs.unreadable(file, e);
    }
    try (var stream = new MemoryCacheImageInputStream(new ByteArrayInputStream(bytes))) {
      return decode(file, stream);
    } catch (IOException | RuntimeException e) { // readers throw either on damaged files
      throw damaged(file, e.getMessage(), e);
    }
  }

  private static BufferedImage decode(Path file, ImageInputStream stream)
      throws IOException, InputException {
    Iterator<ImageReader> readers = ImageIO.getImageReaders(stream);
    if (!readers.hasNext()) {
      throw damaged(file, "of no known format", null);
    }
    List<String> warnings = new ArrayList<>();
    ImageReader reader = readers.next();
    try {
      reader.addIIOReadWarningListener((source, warning) -> warnings.add(warning));
      reader.setInput(stream, true, true);
      requireModestSize(file, reader.getWidth(0), reader.getHeight(0));
      BufferedImage image = reader.read(0);
      for (String warning : warnings) {
        if (tellsOfLoss(warning)) {
          throw damaged(file, warning, null);
        }
        LOG.warn("{}: {}", file, warning);
      }
      return image;
    } finally {
      reader.dispose();
    }
  }

  /** Whether pixels are missing; the JPEG decoder fills them in and only warns. */
  private static boolean tellsOfLoss(String warning) {
    return warning.contains("Missing EOI")
        || (warning.startsWith("Corrupt JPEG data") && !warning.contains("extraneous bytes"));
  }

  private static void requireModestSize(Path file, int width, int height) throws InputException {
    if ((long) width * height > MOST_PIXELS) {
      throw new InputException(
          file.toString(),
          width + " × " + height + " pixels",
          "at most " + MOST_PIXELS + " pixels",
          "Scale the picture down.");
    }
  }

  private static InputException damaged(Path file, String reason, Exception cause) {
    return new InputException(
        file.toString(),
        "a picture that cannot be decoded (" + reason + ")",
        "a complete JPEG or PNG picture",
        "Remove or replace it; it is cut off or damaged, or of a rare kind to convert.",
        cause);
  }
}
