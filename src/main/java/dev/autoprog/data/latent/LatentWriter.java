package dev.autoprog.data.latent;

import dev.autoprog.InputException;
import dev.autoprog.data.DataSplit;
import dev.autoprog.data.ImageBytes;
import dev.autoprog.data.ImageDataset;
import dev.autoprog.tensor.DType;
import dev.autoprog.tensor.HostDevice;
import dev.autoprog.tensor.Memory;
import dev.autoprog.tensor.Shape;
import dev.autoprog.tensor.Tensor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.IntStream;

/**
 * Asks an encoder for the latents of images, once, and writes them in shards. Each file appears
 * when it is complete; a writer that was stopped goes on where it was, with the same settings, and
 * writes files again whose content is not what their checksum says.
 *
 * <pre>{@code
 * new LatentWriter(encoder, List.of(8, 16, 24, 32)).mirrored(true).write(images, path);
 * }</pre>
 */
public final class LatentWriter {
  private static final int BATCH = 64;
  private static final int USUAL_SHARD = 4096;
  private static final int MOST_SHARDS = 99_999;

  private final LatentEncoder encoder;
  private final List<Integer> sides;
  private boolean mirrored;
  private int shardSize = USUAL_SHARD;

  /**
   * A writer.
   *
   * @param sides of the latents, one for each resolution that a stage may have; images are resized
   *     to as many times the encoder's factor
   */
  public LatentWriter(LatentEncoder encoder, List<Integer> sides) {
    this.encoder = encoder;
    this.sides = List.copyOf(new TreeSet<>(sides));
    if (sides.isEmpty() || this.sides.get(0) < 1) {
      throw new IllegalArgumentException("sides " + sides + ", expected at least one, from 1 on");
    }
  }

  /** Whether mirrored images are encoded, too: twice the time, for data.flip above 0. */
  public LatentWriter mirrored(boolean wanted) {
    mirrored = wanted;
    return this;
  }

  /** How many latents a file has, but for the last. */
  public LatentWriter shardsOf(int latents) {
    if (latents < 1) {
      throw new IllegalArgumentException("shards of " + latents + ", expected at least 1");
    }
    shardSize = latents;
    return this;
  }

  /**
   * Encodes what is not there yet.
   *
   * @return how many files were written
   * @throws InputException if an image cannot be read, the encoder gives what it should not, the
   *     folder has latents of other settings, or the system refuses
   */
  public int write(DataSplit images, Path directory) throws InputException {
    int written = 0;
    for (int side : sides) {
      written +=
          write(images.train(), LatentFiles.folder(directory, LatentFiles.TRAIN, side), side);
      written += write(images.test(), LatentFiles.folder(directory, LatentFiles.TEST, side), side);
    }
    return written;
  }

  private int write(ImageDataset images, Path folder, int side) throws InputException {
    int shards = (int) (((long) images.size() + shardSize - 1) / shardSize);
    requireOwn(folder, shards);
    int written = 0;
    for (int shard = 0; shard < shards; shard++) {
      Path file = LatentFiles.file(folder, shard, shards);
      long from = (long) shard * shardSize;
      long to = Math.min(images.size(), from + shardSize);
      ImageDataset part = images.range((int) from, (int) to);
      if (!isThere(file, part, side)) {
        encode(part, file, side);
        written++;
      }
    }
    return written;
  }

  private void requireOwn(Path folder, int shards) throws InputException {
    int there = Files.isDirectory(folder) ? LatentFiles.count(folder) : 0;
    if (shards > MOST_SHARDS) {
      throw new InputException(
          folder.toString(),
          shards + " files to write",
          "at most " + MOST_SHARDS,
          "Put more latents into a file");
    }
    if (there != 0 && there != shards) {
      throw new InputException(
          folder.toString(),
          "files of " + there,
          shards + ", as these images make",
          "Go on with the settings that were begun with, or choose another folder");
    }
  }

  private LatentSpace space(ImageDataset images) {
    return new LatentSpace(encoder.scale(), encoder.name(), images.classNames());
  }

  /** Whether a file has these images' latents; one that is damaged has not. */
  private boolean isThere(Path file, ImageDataset images, int side) throws InputException {
    if (!Files.exists(file)) {
      return false;
    }
    LatentShard shard = LatentShard.open(file);
    if (!shard.space().equals(space(images))
        || shard.channels() != encoder.channels()
        || shard.side() != side
        || mirrored != (shard.mirrored() != null)
        || !Arrays.equals(shard.labels(), labels(images))) {
      throw new InputException(
          file.toString(),
          "latents of other images, or of other settings",
          "what was begun with these images, encoder and settings, or nothing",
          "Choose another folder, or delete this one");
    }
    return shard.isIntact();
  }

  private static int[] labels(ImageDataset images) {
    return IntStream.range(0, images.size()).map(images::label).toArray();
  }

  private void encode(ImageDataset images, Path file, int side) throws InputException {
    Shape shape = Shape.of(images.size(), encoder.channels(), side, side);
    long bytes = DType.FLOAT32.bytes(shape);
    try (Memory memory = new HostDevice().allocate(mirrored ? 2 * bytes : bytes)) {
      Tensor latents = Tensor.over(memory, 0, DType.FLOAT32, shape);
      Tensor others = mirrored ? Tensor.over(memory, bytes, DType.FLOAT32, shape) : null;
      for (int first = 0; first < images.size(); first += BATCH) {
        int end = Math.min(images.size(), first + BATCH);
        ImageBytes batch =
            ImageBytes.of(images, IntStream.range(first, end).toArray())
                .resized(Math.multiplyExact(side, encoder.factor()));
        latents.rows(first, end).set(encoded(batch, side));
        if (mirrored) {
          others.rows(first, end).set(encoded(batch.mirrored(), side));
        }
      }
      LatentShard.write(file, space(images), latents, others, labels(images));
    }
  }

  private float[] encoded(ImageBytes images, int side) throws InputException {
    float[] latents = encoder.encode(images);
    int expected = images.count() * encoder.channels() * side * side;
    if (latents.length != expected) {
      throw new InputException(
          "encoder " + encoder.name(),
          latents.length
              + " numbers for "
              + images.count()
              + " images of "
              + images.width()
              + " px",
          "%d: (%d, %d, %d, %d)"
              .formatted(expected, images.count(), encoder.channels(), side, side),
          "Correct the encoder's channels or factor");
    }
    for (float latent : latents) {
      if (!Float.isFinite(latent)) {
        throw new InputException(
            "encoder " + encoder.name(),
            "it made " + latent + " of an image",
            "finite numbers",
            "Let it compute in a wider type, or look at its weights");
      }
    }
    return latents;
  }
}
