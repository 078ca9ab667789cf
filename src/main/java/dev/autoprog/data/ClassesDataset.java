package dev.autoprog.data;

import dev.autoprog.InputException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Set;

/** The images of some classes of another dataset; labels stay what they are. */
final class ClassesDataset implements ImageDataset {
  private final ImageDataset whole;
  private final int[] indices;

  /**
   * The images of these classes.
   *
   * @throws InputException if there is no such class, or none of the images is of one
   */
  ClassesDataset(ImageDataset whole, Set<Integer> classes) throws InputException {
    this.whole = whole;
    indices = whole.indicesOf(classes);
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
