package dev.autoprog.data.latent;

import dev.autoprog.InputException;
import dev.autoprog.data.LabelledData;
import dev.autoprog.data.Selection;
import dev.autoprog.tensor.DType;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;

/**
 * Latents of one side. What is read is scaled, as a model has it; where latents of the mirrored
 * images are stored, a mirrored one is read from there.
 */
public final class LatentDataset implements LabelledData {
  private final List<LatentShard> shards;
  private final int[] firsts;
  private final int[] indices;
  private final boolean hasMirrored;

  /**
   * The latents of some files.
   *
   * @param shards at least one, of the same space, channels and side
   */
  LatentDataset(List<LatentShard> shards) {
    this.shards = List.copyOf(shards);
    this.firsts = new int[shards.size()];
    int size = 0;
    for (int i = 0; i < firsts.length; i++) {
      firsts[i] = size;
      size = Math.addExact(size, shards.get(i).size());
    }
    this.indices = IntStream.range(0, size).toArray();
    this.hasMirrored = shards.stream().allMatch(shard -> shard.mirrored() != null);
  }

  private LatentDataset(LatentDataset whole, int[] indices) {
    this.shards = whole.shards;
    this.firsts = whole.firsts;
    this.indices = indices;
    this.hasMirrored = whole.hasMirrored;
  }

  List<LatentShard> shards() {
    return shards;
  }

  /** What the latents are. */
  public LatentSpace space() {
    return shards.get(0).space();
  }

  /** Whether the latents of the mirrored images are stored, too. */
  public boolean hasMirrored() {
    return hasMirrored;
  }

  @Override
  public int size() {
    return indices.length;
  }

  @Override
  public int channels() {
    return shards.get(0).channels();
  }

  @Override
  public int height() {
    return shards.get(0).side();
  }

  @Override
  public int width() {
    return height();
  }

  @Override
  public List<String> classNames() {
    return space().classNames();
  }

  @Override
  public DType elements() {
    return DType.FLOAT32;
  }

  @Override
  public int label(int index) {
    int shard = shardOf(indices[index]);
    return shards.get(shard).labels()[indices[index] - firsts[shard]];
  }

  private int shardOf(int position) {
    int found = Arrays.binarySearch(firsts, position);
    return found >= 0 ? found : -found - 2;
  }

  @Override
  public void read(int index, ByteBuffer to) throws InputException {
    read(index, false, to);
  }

  /**
   * {@inheritDoc}
   *
   * @throws IllegalStateException if a mirrored one is wanted, and not stored
   */
  @Override
  public void read(int index, boolean mirrored, ByteBuffer to) throws InputException {
    if (mirrored && !hasMirrored) {
      throw new IllegalStateException("The latents of the mirrored images are not stored");
    }
    int shard = shardOf(indices[index]);
    shards.get(shard).read(indices[index] - firsts[shard], mirrored, to);
  }

  @Override
  public LatentDataset range(int from, int to) {
    if (from < 0 || to <= from || to > size()) {
      throw new IllegalArgumentException(
          "No latents " + from + " to " + to + " in a dataset of " + size());
    }
    return new LatentDataset(this, Arrays.copyOfRange(indices, from, to));
  }

  /**
   * Those that are selected; labels stay what they are.
   *
   * @throws InputException as {@link Selection#of}
   */
  LatentDataset select(Selection selection) throws InputException {
    int[] own = selection.of(this);
    return new LatentDataset(this, IntStream.of(own).map(i -> indices[i]).toArray());
  }

  /** Whether another side has the same images, as far as labels tell. */
  boolean hasLabelsOf(LatentDataset other) {
    return size() == other.size()
        && IntStream.range(0, size()).allMatch(i -> label(i) == other.label(i));
  }

  /** Where it is: the folder of the first file. */
  String place() {
    return Objects.requireNonNull(shards.get(0).file().getParent()).toString();
  }
}
