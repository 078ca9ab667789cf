package dev.autoprog.data;

/**
 * One stored image and the scratch memory that operations on its pixels need; a thread uses the
 * same one for image after image.
 *
 * @param channels C: 1 (grey) or 3 (red, green, blue)
 * @param height H
 * @param width W
 * @param pixels (C, H, W), unsigned
 * @param spare as many bytes, of any content
 * @param counts a histogram's
 * @param table what each value becomes
 */
record Planes(
    int channels, int height, int width, byte[] pixels, byte[] spare, int[] counts, byte[] table) {
  /** How many values a pixel can have. */
  static final int VALUES = 256;

  /** An image of zeros. */
  static Planes of(int channels, int height, int width) {
    int bytes = channels * height * width;
    return new Planes(
        channels,
        height,
        width,
        new byte[bytes],
        new byte[bytes],
        new int[VALUES],
        new byte[VALUES]);
  }

  /** Pixels of one plane: H · W. */
  int area() {
    return height * width;
  }
}
