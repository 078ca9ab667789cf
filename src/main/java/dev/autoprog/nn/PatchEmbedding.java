package dev.autoprog.nn;

import dev.autoprog.autograd.Operations;
import dev.autoprog.autograd.Tape;
import dev.autoprog.autograd.Variable;
import dev.autoprog.kernel.PatchShape;
import dev.autoprog.tensor.DType;
import dev.autoprog.tensor.Tensor;

/** Images cut into patches, each a token: the convolution whose stride is its kernel, as matmul. */
public final class PatchEmbedding {
  private final int patch;
  private final Parameter weight;
  private final Parameter bias;

  /** Declares {@code proj.weight} (C, channels, patch, patch) and {@code proj.bias} (C). */
  public PatchEmbedding(ParameterSet.Builder parameters, int channels, int patch, int width) {
    this.patch = patch;
    double bound = 1 / Math.sqrt((double) channels * patch * patch);
    ParameterSet.Builder projection = parameters.under("proj");
    weight = projection.weight("weight", Initializer.uniform(bound), width, channels, patch, patch);
    bias = projection.free("bias", Initializer.constant(0), width);
  }

  /**
   * FLOAT32 (B, channels, R, R) to (B, (R/patch)², C).
   *
   * @throws IllegalArgumentException if the patch does not divide R
   */
  public Variable forward(Tape tape, Tensor images) {
    long batch = images.shape().dim(0);
    PatchShape shape = new PatchShape(batch, images.shape().dim(1), images.shape().dim(2), patch);
    DType type = weight.operand().dtype();
    Tensor patches = tape.allocate(type, batch, shape.patches(), shape.patchElements());
    tape.kernels().patchify(shape, images, patches);
    return Operations.linear(tape, tape.constant(patches), weight, bias, null, type);
  }
}
