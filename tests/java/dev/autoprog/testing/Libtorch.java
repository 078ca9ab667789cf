package dev.autoprog.testing;

import java.util.stream.IntStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** libtorch as an oracle: float64 tensors from arrays and back, and gradients by its autograd. */
public final class Libtorch {
  private Libtorch() {}

  /** Runs {@code body} and frees every native object that it made. */
  public static void scoped(Runnable body) {
    PointerScope scope = new PointerScope();
    try {
      body.run();
    } finally {
      scope.close();
    }
  }

  /** A float64 tensor without gradient. */
  public static Tensor constant(float[] values, long... shape) {
    double[] wide = IntStream.range(0, values.length).mapToDouble(i -> values[i]).toArray();
    return Tensor.create(wide, shape);
  }

  /** A float64 tensor whose gradient autograd will find. */
  public static Tensor variable(float[] values, long... shape) {
    return constant(values, shape).requires_grad_(true);
  }

  /** A tensor of class ids. */
  public static Tensor labels(int[] values) {
    return Tensor.create(IntStream.of(values).asLongStream().toArray(), (long) values.length);
  }

  /** The elements of a tensor in row-major order. */
  public static double[] values(Tensor tensor) {
    Tensor dense = tensor.detach().to(torch.ScalarType.Double).contiguous();
    double[] values = new double[Math.toIntExact(dense.numel())];
    dense.data_ptr_double().get(values);
    return values;
  }

  /** Back-propagates {@code gradient} from {@code output}; the variables hold theirs afterwards. */
  public static void backward(Tensor output, float[] gradient) {
    output.mul(constant(gradient, output.sizes().vec().get())).sum().backward();
  }
}
