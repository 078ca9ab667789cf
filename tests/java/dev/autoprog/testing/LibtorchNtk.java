package dev.autoprog.testing;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Predicate;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/**
 * The neural tangent kernel by its definition: libtorch's gradient of each output alone, in float64
 * and in full, and their inner products.
 */
public final class LibtorchNtk {
  private LibtorchNtk() {}

  /** A network of libtorch. */
  @FunctionalInterface
  public interface Output {
    /** Its {@code index}'th output, a scalar, with these weights. */
    Tensor of(Map<String, Tensor> weights, int index);
  }

  /**
   * Θ of the outputs 0 … n − 1, row by row.
   *
   * @param weights by name, as the output wants them
   * @param trained those by which gradients are taken
   */
  public static double[] theta(
      Map<String, dev.autoprog.tensor.Tensor> weights,
      Predicate<String> trained,
      int n,
      Output output) {
    TensorVector rows = new TensorVector();
    for (int i = 0; i < n; i++) {
      Map<String, Tensor> fresh = new LinkedHashMap<>();
      weights.forEach((name, w) -> fresh.put(name, weight(w, trained.test(name))));
      output.of(fresh, i).backward();
      TensorVector gradient = new TensorVector();
      fresh.values().stream()
          .filter(Tensor::requires_grad)
          .forEach(w -> gradient.push_back(w.grad().flatten()));
      rows.push_back(torch.cat(gradient, 0));
    }
    Tensor jacobian = torch.stack(rows);
    return Libtorch.values(jacobian.matmul(jacobian.t()));
  }

  private static Tensor weight(dev.autoprog.tensor.Tensor value, boolean trained) {
    long[] shape = value.shape().toArray();
    return trained
        ? Libtorch.variable(value.toFloats(), shape)
        : Libtorch.constant(value.toFloats(), shape);
  }
}
