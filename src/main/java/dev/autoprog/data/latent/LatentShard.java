package dev.autoprog.data.latent;

import dev.autoprog.InputException;
import dev.autoprog.io.SafetensorsReader;
import dev.autoprog.io.SafetensorsWriter;
import dev.autoprog.io.StoredRows;
import dev.autoprog.tensor.DType;
import dev.autoprog.tensor.HostDevice;
import dev.autoprog.tensor.Memory;
import dev.autoprog.tensor.Shape;
import dev.autoprog.tensor.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A file of latents whose header and labels were checked.
 *
 * @param labels (n)
 * @param latents (n, C, S, S)
 * @param mirrored likewise, or null
 * @param checksum of the content, or null if the file does not say it
 */
public record LatentShard(
    Path file,
    LatentSpace space,
    int[] labels,
    StoredRows latents,
    StoredRows mirrored,
    String checksum) {
  private static final String LATENTS = "latents";
  private static final String LABELS = "labels";
  private static final String MIRRORED = "mirrored";
  private static final String CHECKSUM = "latents_checksum";
  private static final String REMEDY =
      "Write the file as the documentation of dev.autoprog.data.latent says";

  /**
   * Opens a file.
   *
   * @throws InputException if it is no file of latents, or a part of it does not fit the others
   */
  public static LatentShard open(Path file) throws InputException {
    try (SafetensorsReader reader = SafetensorsReader.open(file)) {
      LatentSpace space =
          LatentSpace.of(file.toString(), reader.metadata())
              .orElseThrow(
                  () ->
                      new InputException(
                          file + ", metadata",
                          "nothing of latents",
                          "latents_version, latents_scale and latents_class_names",
                          REMEDY));
      StoredRows latents = reader.rows(LATENTS);
      Shape shape = latents.tensor().shape();
      if (shape.rank() != 4 || shape.dim(2) != shape.dim(3)) {
        throw wrong(file, LATENTS, "its shape is " + shape, "(n, channels, side, side)");
      }
      int[] labels = reader.readInts(LABELS);
      if (labels.length != shape.dim(0)) {
        throw wrong(file, LABELS, labels.length + " labels", "one for each of " + shape.dim(0));
      }
      int classes = space.classNames().size();
      for (int i = 0; i < labels.length; i++) {
        if (labels[i] < 0 || labels[i] >= classes) {
          throw wrong(
              file,
              LABELS,
              "label " + labels[i] + " for latent " + i,
              "labels from 0 to " + (classes - 1) + ", the classes that are named");
        }
      }
      StoredRows mirrored = reader.tensors().containsKey(MIRRORED) ? reader.rows(MIRRORED) : null;
      if (mirrored != null && !mirrored.tensor().shape().equals(shape)) {
        throw wrong(
            file, MIRRORED, "its shape is " + mirrored.tensor().shape(), shape + " as of latents");
      }
      return new LatentShard(
          file, space, labels, latents, mirrored, reader.metadata().get(CHECKSUM));
    }
  }

  private static InputException wrong(Path file, String tensor, String found, String expected) {
    return new InputException(file + ", tensor '" + tensor + "'", found, expected, REMEDY);
  }

  /**
   * Writes a file, which appears when it is complete.
   *
   * @param latents FLOAT32 (n, C, S, S), as the encoder gave them
   * @param mirrored likewise, or null
   * @param labels (n)
   * @throws InputException if the system refuses
   */
  public static void write(
      Path file, LatentSpace space, Tensor latents, Tensor mirrored, int[] labels)
      throws InputException {
    try (Memory memory = new HostDevice().allocate((long) labels.length * Integer.BYTES)) {
      Map<String, Tensor> tensors = new LinkedHashMap<>();
      tensors.put(LATENTS, latents);
      if (mirrored != null) {
        tensors.put(MIRRORED, mirrored);
      }
      tensors.put(LABELS, Tensor.over(memory, 0, DType.INT32, Shape.of(labels.length)).set(labels));
      Map<String, String> metadata = new LinkedHashMap<>(space.metadata());
      metadata.put(CHECKSUM, SafetensorsWriter.checksum(tensors));
      SafetensorsWriter.write(file, tensors, metadata);
    }
  }

  /** n. */
  public int size() {
    return labels.length;
  }

  /** C. */
  public int channels() {
    return (int) latents.tensor().shape().dim(1);
  }

  /** S. */
  public int side() {
    return (int) latents.tensor().shape().dim(2);
  }

  /**
   * Puts one latent's floats, scaled, into a buffer, in the machine's byte order.
   *
   * @throws InputException if it cannot be read, or a number is not finite
   */
  void read(int index, boolean fromMirrored, ByteBuffer to) throws InputException {
    float[] values = finite(fromMirrored ? mirrored : latents, index);
    ByteBuffer bytes = to.order(ByteOrder.nativeOrder());
    for (float value : values) {
      bytes.putFloat(value * space.scale());
    }
  }

  private float[] finite(StoredRows rows, int index) throws InputException {
    float[] values = rows.read(index);
    for (int i = 0; i < values.length; i++) {
      if (!Float.isFinite(values[i])) {
        throw wrong(
            file,
            rows.tensor().name(),
            "element " + i + " of latent " + index + " is " + values[i],
            "finite numbers");
      }
    }
    return values;
  }

  /**
   * Reads everything.
   *
   * @throws InputException if the content is not what the checksum says, or a number is not finite
   */
  void verify() throws InputException {
    if (!isIntact()) {
      throw new InputException(
          file.toString(),
          "its content has another checksum than " + checksum,
          "the content that was written",
          "Delete the file and write it again, or get it again from where it came");
    }
    for (int i = 0; i < size(); i++) {
      finite(latents, i);
      if (mirrored != null) {
        finite(mirrored, i);
      }
    }
  }

  /** Whether the content is what the checksum says, if the file has one. */
  boolean isIntact() throws InputException {
    if (checksum == null) {
      return true;
    }
    try (SafetensorsReader reader = SafetensorsReader.open(file)) {
      return reader.checksum().equals(checksum);
    }
  }
}
