package dev.autoprog.data;

import dev.autoprog.InputException;
import java.nio.ByteBuffer;
import java.util.List;

/** Some images of another dataset; labels stay what they are. */
final class SelectedDataset implements ImageDataset {
  private final ImageDataset whole;
  private final int[] indices;

  /** The images with these indices, in this order. */
  SelectedDataset(ImageDataset whole, int[] indices) {
    this.whole = whole;
    this.indices = indices;
  }

  @Override
  public int size() {
    return indices.length;
  }

  @Override
  public int channels() {
    return whole.channels();
  }

  @Override
  public int height() {
    return whole.height();
  }

  @Override
  public int width() {
    return whole.width();
  }

  @Override
  public List<String> classNames() {
    return whole.classNames();
  }

  @Override
  public int label(int index) {
    return whole.label(indices[index]);
  }

  @Override
  public void read(int index, ByteBuffer to) throws InputException {
    whole.read(indices[index], to);
  }
}
