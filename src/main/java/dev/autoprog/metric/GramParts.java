package dev.autoprog.metric;

import dev.autoprog.backend.Session;
import dev.autoprog.metric.NtkGram.Explanation;
import dev.autoprog.tensor.DType;
import dev.autoprog.tensor.Shape;
import dev.autoprog.tensor.Tensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * A Gram matrix (n, n) for each parameter, in FLOAT64 where the kernels add to them. They lie in
 * slabs, many in one: few allocations, few clearings, few copies to the host.
 */
final class GramParts implements AutoCloseable {
  private static final long SLAB_BYTES = 1 << 19;

  private final Session session;
  private final int samples;
  private final int partsOfSlab;
  private final List<Tensor> slabs = new ArrayList<>();
  private final Map<String, Part> parts = new LinkedHashMap<>();

  private record Part(Tensor gram, Explanation explanation) {}

  GramParts(Session session, int samples) {
    this.session = session;
    this.samples = samples;
    this.partsOfSlab = (int) Math.max(1, SLAB_BYTES / ((long) samples * samples * Double.BYTES));
  }

  /**
   * Has {@code kernel} add to a place for a parameter's matrix, which holds zeros. If it throws,
   * the parameter has none.
   *
   * @throws IllegalStateException if it had one before
   */
  void add(Explanation explanation, Consumer<Tensor> kernel) {
    Tensor gram = place(explanation);
    try {
      kernel.accept(gram);
    } catch (RuntimeException e) {
      parts.remove(explanation.parameter());
      throw e;
    }
  }

  private Tensor place(Explanation explanation) {
    String parameter = explanation.parameter();
    if (parts.containsKey(parameter)) {
      throw new IllegalStateException(
          parameter
              + " has been counted: it is used twice in a pass, or an earlier pass was not"
              + " forgotten by clear()");
    }
    int slab = parts.size() / partsOfSlab;
    if (slab == slabs.size()) {
      slabs.add(
          zeroed(session.allocate(DType.FLOAT64, Shape.of((long) partsOfSlab * samples, samples))));
    }
    long row = (long) parts.size() % partsOfSlab * samples;
    Tensor gram = slabs.get(slab).rows(row, row + samples);
    parts.put(parameter, new Part(gram, explanation));
    return gram;
  }

  private static Tensor zeroed(Tensor slab) {
    return slab.set(new double[Math.toIntExact(slab.elements())]);
  }

  /** As {@link NtkGram#matrix()}. */
  double[][] sum() {
    if (parts.isEmpty()) {
      throw new IllegalStateException("Nothing is trainable: no parameter has a gradient");
    }
    double[][] sum = new double[samples][samples];
    double[] slab = {};
    int index = 0;
    for (String parameter : parts.keySet()) {
      int place = index % partsOfSlab;
      if (place == 0) {
        slab = slabs.get(index / partsOfSlab).toDoubles();
      }
      addTo(sum, slab, place, parameter);
      index++;
    }
    return sum;
  }

  /** As {@link NtkGram#matrix(String)}. */
  double[][] of(String parameter) {
    Part part = parts.get(parameter);
    if (part == null) {
      throw new IllegalArgumentException(
          parameter + " has no part; those that have are " + parts.keySet());
    }
    double[][] matrix = new double[samples][samples];
    addTo(matrix, part.gram().toDoubles(), 0, parameter);
    return matrix;
  }

  /** Adds the matrix at {@code place} among those in {@code values}. */
  private void addTo(double[][] sum, double[] values, int place, String parameter) {
    int first = place * samples * samples;
    for (int i = 0; i < samples * samples; i++) {
      if (!Double.isFinite(values[first + i])) {
        throw new NonFiniteGradientException("NTK", parameter);
      }
      sum[i / samples][i % samples] += values[first + i];
    }
  }

  /** As {@link NtkGram#explain()}. */
  List<Explanation> explain() {
    return parts.values().stream().map(Part::explanation).toList();
  }

  /** Every place is to give away again, and zero. */
  void clear() {
    parts.clear();
    slabs.forEach(GramParts::zeroed);
  }

  @Override
  public void close() {
    parts.clear();
    slabs.forEach(session::free);
    slabs.clear();
  }
}
