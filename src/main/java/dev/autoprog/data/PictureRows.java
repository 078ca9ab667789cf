package dev.autoprog.data;

/** The rows of a picture. */
interface PictureRows {
  int channels();

  int height();

  int width();

  /**
   * Reads row {@code y}.
   *
   * @param row (width, channels), from 0 to 255
   */
  void read(int y, float[] row);
}
