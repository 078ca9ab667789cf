package dev.autoprog.testing;

import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.pytorch.LongArrayRef;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;

/** libtorch's operations on feature maps that lie as ours, channels last: (B, H, W, C). */
public final class LibtorchMaps {
  private LibtorchMaps() {}

  /**
   * Convolution by a square kernel.
   *
   * @param bias null for none
   */
  public static Tensor convolution(
      Tensor x, Tensor weight, Tensor bias, long stride, long padding) {
    return torch
        .conv2d(
            x.permute(0, 3, 1, 2),
            weight,
            bias == null ? new TensorOptional() : new TensorOptional(bias),
            new LongArrayRef(new LongPointer(stride, stride), 2),
            new LongArrayRef(new LongPointer(padding, padding), 2),
            new LongArrayRef(new LongPointer(1, 1), 2),
            1)
        .permute(0, 2, 3, 1);
  }

  /** Group norm, and SiLU behind it if {@code silu}. */
  public static Tensor groupNorm(
      Tensor x, Tensor gain, Tensor bias, long groups, double epsilon, boolean silu) {
    Tensor z =
        torch.group_norm(
            x.permute(0, 3, 1, 2),
            groups,
            new TensorOptional(gain),
            new TensorOptional(bias),
            epsilon,
            false);
    return (silu ? torch.silu(z) : z).permute(0, 2, 3, 1);
  }

  /** Twice the height and width, nearest. */
  public static Tensor upsample(Tensor x) {
    Tensor planes = x.permute(0, 3, 1, 2);
    return torch
        .upsample_nearest2d(planes, new long[] {2 * planes.size(2), 2 * planes.size(3)})
        .permute(0, 2, 3, 1);
  }
}
