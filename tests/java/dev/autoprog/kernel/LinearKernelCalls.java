package dev.autoprog.kernel;

import dev.autoprog.tensor.Bfloat16;
import dev.autoprog.tensor.DType;
import dev.autoprog.testing.KernelCall;
import dev.autoprog.testing.RandomData;

/** Calls of the linear layers, on random data. */
final class LinearKernelCalls {
  private LinearKernelCalls() {}

  /** With bias and base, or with neither. */
  static KernelCall forward(RandomData data, LinearShape s, boolean additions) {
    return new KernelCall("linearForward")
        .input("x", data.gaussian(s.rows() * s.in()))
        .input("weight", data.gaussian(s.out() * s.in()))
        .input("bias", additions ? bias(data, s) : null)
        .input("base", additions ? data.prior(s.rows() * s.out()) : null)
        .output("y", s.rows() * s.out())
        .typed("x", "weight", "base", "y")
        .body(
            (k, t) ->
                k.linearForward(
                    s, t.get("x"), t.get("weight"), t.get("bias"), t.get("base"), t.get("y")));
  }

  /**
   * In BFLOAT16, CUDA's kernels round the bias, as PyTorch's autocast does. Of a few numbers alone,
   * which may be small where the bias is not, that is more than a bound allows: their bias has
   * BFLOAT16's few digits from the start.
   */
  private static float[] bias(RandomData data, LinearShape s) {
    float[] bias = data.prior(s.out());
    for (int i = 0; s.rows() * s.out() < 10 && i < bias.length; i++) {
      bias[i] = Bfloat16.toFloat(Bfloat16.of(bias[i]));
    }
    return bias;
  }

  /** With BFLOAT16 operands and a FLOAT32 result. */
  static KernelCall forwardToFloats(RandomData data, LinearShape s) {
    return new KernelCall("linearForward to FLOAT32")
        .input("x", DType.BFLOAT16, data.gaussian(s.rows() * s.in()))
        .input("weight", DType.BFLOAT16, data.gaussian(s.out() * s.in()))
        .input("bias", data.prior(s.out()))
        .output("y", s.rows() * s.out())
        .body(
            (k, t) ->
                k.linearForward(s, t.get("x"), t.get("weight"), t.get("bias"), null, t.get("y")));
  }

  static KernelCall geluForward(RandomData data, Gelu gelu, LinearShape s, boolean biased) {
    float scale = (float) (2 / Math.sqrt(s.in())); // both tails of the GELU, and its middle
    return new KernelCall("linearGeluForward")
        .input("x", data.gaussian(s.rows() * s.in()))
        .input("weight", data.uniform(s.out() * s.in(), -scale, scale))
        .input("bias", biased ? data.gaussian(s.out()) : null)
        .output("y", s.rows() * s.out())
        .output("slope", s.rows() * s.out())
        .typed("x", "weight", "y", "slope")
        .body(
            (k, t) ->
                k.linearGeluForward(
                    s,
                    gelu,
                    t.get("x"),
                    t.get("weight"),
                    t.get("bias"),
                    t.get("y"),
                    t.get("slope")));
  }

  static KernelCall geluWithoutSlope(RandomData data, LinearShape s) {
    return new KernelCall("linearGeluForward")
        .input("x", data.gaussian(s.rows() * s.in()))
        .input("weight", data.uniform(s.out() * s.in(), -1, 1))
        .output("y", s.rows() * s.out())
        .typed("x", "weight", "y")
        .body(
            (k, t) ->
                k.linearGeluForward(
                    s, Gelu.TANH, t.get("x"), t.get("weight"), null, t.get("y"), null));
  }

  static KernelCall backwardInput(RandomData data, LinearShape s, boolean scaled) {
    return new KernelCall("linearBackwardInput")
        .input("dy", data.gaussian(s.rows() * s.out()))
        .input("weight", data.gaussian(s.out() * s.in()))
        .input("scale", scaled ? data.gaussian(s.rows() * s.in()) : null)
        .output("dx", s.rows() * s.in())
        .typed("dy", "weight", "scale", "dx")
        .body(
            (k, t) ->
                k.linearBackwardInput(
                    s, t.get("dy"), t.get("weight"), t.get("scale"), t.get("dx")));
  }

  static KernelCall backwardWeight(RandomData data, LinearShape s) {
    return new KernelCall("linearBackwardWeight")
        .input("x", data.gaussian(s.rows() * s.in()))
        .input("dy", data.gaussian(s.rows() * s.out()))
        .updated("dWeight", data.prior(s.out() * s.in()))
        .updated("dBias", data.prior(s.out()))
        .typed("x", "dy")
        .body(
            (k, t) ->
                k.linearBackwardWeight(
                    s, t.get("x"), t.get("dy"), t.get("dWeight"), t.get("dBias")));
  }

  static KernelCall backwardWeightAlone(RandomData data, LinearShape s) {
    return new KernelCall("linearBackwardWeight without dBias")
        .input("x", data.gaussian(s.rows() * s.in()))
        .input("dy", data.gaussian(s.rows() * s.out()))
        .updated("dWeight", data.prior(s.out() * s.in()))
        .typed("x", "dy")
        .body((k, t) -> k.linearBackwardWeight(s, t.get("x"), t.get("dy"), t.get("dWeight"), null));
  }
}
