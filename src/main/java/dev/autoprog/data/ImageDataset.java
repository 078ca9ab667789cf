package dev.autoprog.data;

import dev.autoprog.tensor.DType;

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
    return new RangeDataset(this, from, to);
  }
}
