package dev.autoprog.data;

import dev.autoprog.tensor.DType;
import java.util.stream.IntStream;

/**
 * Labelled images of one size, a byte for each channel of a pixel: 1 channel (grey) or 3 (red,
 * green, blue).
 */
public interface ImageDataset extends LabelledData {
  @Override
  default DType elements() {
    return DType.UINT8;
  }

  @Override
  default ImageDataset range(int from, int to) {
    if (from < 0 || to <= from || to > size()) {
      throw new IllegalArgumentException(
          "No images " + from + " to " + to + " in a dataset of " + size());
    }
    return new SelectedDataset(this, IntStream.range(from, to).toArray());
  }
}
