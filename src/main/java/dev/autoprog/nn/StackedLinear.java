package dev.autoprog.nn;

import dev.autoprog.autograd.Operations;
import dev.autoprog.autograd.Tape;
import dev.autoprog.autograd.Variable;
import java.util.List;

/**
 * Several linear layers without bias on the same input, computed as one: the results lie side by
 * side, as attention reads queries, keys and values. The weights are one {@linkplain
 * ParameterSet.Builder#stacked stacked} parameter, which files know as separate layers. One product
 * reads its input once, where three would read it three times and write to places that are not
 * contiguous; and each layer's part is still a view of its rows, so that loading, saving and
 * averaging need not know of it.
 */
public final class StackedLinear {
  private final Parameter weight;

  /**
   * Declares {@code name.weight} (parts·out, in).
   *
   * @param parts the layers' names; a file has {@code part.weight} (out, in) of each
   */
  public StackedLinear(
      ParameterSet.Builder parameters, String name, List<String> parts, int in, int out) {
    List<String> weights = parts.stream().map(part -> part + ".weight").toList();
    Initializer initializer = Initializer.glorot(in, out);
    weight = parameters.stacked(name + ".weight", weights, initializer, out, in);
  }

  /** (…, in) to (…, parts·out). */
  public Variable forward(Tape tape, Variable x) {
    return Operations.linear(tape, x, weight, null, null, x.value().dtype());
  }

  /** Multiply-adds for this many rows. */
  public double multiplyAdds(double rows) {
    return rows * weight.shape().elements();
  }
}
