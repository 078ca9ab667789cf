package dev.autoprog.data;

import dev.autoprog.InputException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Objects;

/** Some consecutive images of another dataset. */
record RangeDataset(ImageDataset whole, int from, int to) implements ImageDataset {
  RangeDataset {
    if (from < 0 || to <= from || to > whole.size()) {
      throw new IllegalArgumentException(
          "No images " + from + " to " + to + " in a dataset of " + whole.size());
    }
  }

  @Override
  public int size() {
    return to - from;
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
    return whole.label(from + Objects.checkIndex(index, size()));
  }

  @Override
  public void read(int index, ByteBuffer target) throws InputException {
    whole.read(from + Objects.checkIndex(index, size()), target);
  }
}
