package dev.autoprog.kernel;

/**
 * A convolution of feature maps by a square kernel, as {@code torch.nn.Conv2d} has it.
 *
 * @param batch B
 * @param height H, of the input
 * @param width W, of the input
 * @param in channels of the input
 * @param out channels of the output
 * @param kernel k, side of the window
 * @param stride from one window to the next
 * @param padding rows and columns of zeros on each side, fewer than k
 */
public record ConvolutionShape(
    long batch,
    long height,
    long width,
    long in,
    long out,
    long kernel,
    long stride,
    long padding) {
  /** Checks the ranges above, and that a window fits. */
  public ConvolutionShape {
    Shapes.positive("batch", batch, "height", height, "width", width, "in", in, "out", out);
    Shapes.positive("kernel", kernel, "stride", stride);
    if (padding < 0 || padding >= kernel) {
      throw new IllegalArgumentException(
          "padding is " + padding + ", expected 0 to kernel - 1 = " + (kernel - 1));
    }
    if (Math.min(height, width) + 2 * padding < kernel) {
      throw new IllegalArgumentException(
          String.format(
              "a window of %d does not fit into %d×%d pixels with a padding of %d",
              kernel, height, width, padding));
    }
  }

  /** Height of the output. */
  public long outHeight() {
    return (height + 2 * padding - kernel) / stride + 1;
  }

  /** Width of the output. */
  public long outWidth() {
    return (width + 2 * padding - kernel) / stride + 1;
  }

  /** The same convolution of so many maps. */
  public ConvolutionShape ofBatch(long maps) {
    return new ConvolutionShape(maps, height, width, in, out, kernel, stride, padding);
  }

  /** Elements that one output sees: {@code in·k²}. */
  public long patch() {
    return Shapes.elements(in, kernel, kernel);
  }

  /** The same as a linear layer on the unfolded input: B·Ho·Wo rows of {@link #patch} elements. */
  public LinearShape unfolded() {
    return new LinearShape(Shapes.elements(batch, outHeight(), outWidth()), patch(), out);
  }
}
