package dev.autoprog.nn;

import dev.autoprog.autograd.Accumulate;
import dev.autoprog.autograd.GradientSink;
import dev.autoprog.backend.Session;
import dev.autoprog.tensor.DeviceMemoryException;
import dev.autoprog.tensor.Rng;
import dev.autoprog.tensor.Shape;
import dev.autoprog.tensor.Tensor;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The parameters of a model, in one flat buffer of values: first those with weight decay, then
 * those without, each beginning at a multiple of {@value #ALIGNMENT} elements. Whoever keeps
 * something per parameter uses a buffer of the same layout (averages), or a {@link TrainedBuffer}
 * (gradients, moments).
 */
public final class ParameterSet implements AutoCloseable {
  private static final int ALIGNMENT = 16;

  private final Session session;
  private final Map<String, Parameter> parameters = new LinkedHashMap<>();
  private final List<Parameter> byOffset = new ArrayList<>();
  private final Tensor values;
  private final TrainedBuffer gradients;
  private final Tensor rounded; // the values as BFLOAT16, or null

  private ParameterSet(Session session, List<Parameter> declared, Precision precision) {
    this.session = session;
    Set<String> stored = new HashSet<>();
    for (Parameter parameter : declared) {
      boolean unique = parameters.put(parameter.name(), parameter) == null;
      for (String name : parameter.storedNames()) {
        if (!stored.add(name) || !unique) {
          throw new IllegalArgumentException("Two parameters are named " + name);
        }
      }
    }
    long elements = declared.stream().mapToLong(p -> aligned(p.shape().elements())).sum();
    values = session.zeros(Shape.of(elements));
    gradients = new TrainedBuffer(session, this);
    try {
      rounded =
          precision == Precision.FP32
              ? null
              : session.allocate(precision.activations(), values.shape());
    } catch (DeviceMemoryException e) {
      session.free(values);
      throw e;
    }
    long offset = 0;
    for (boolean decayed : new boolean[] {true, false}) {
      for (Parameter p : declared) {
        if (p.decayed() == decayed) {
          p.bind(offset, gradients);
          byOffset.add(p);
          offset += aligned(p.shape().elements());
        }
      }
    }
    readFrom(values);
  }

  private void readFrom(Tensor flat) {
    if (rounded != null) {
      session.kernels().convert(flat, rounded);
    }
    for (Parameter p : parameters.values()) {
      Tensor value = placeIn(flat, p);
      p.read(value, rounded == null ? value : placeIn(rounded, p));
    }
  }

  /** All parameters, in the order of their declaration. */
  public List<Parameter> all() {
    return List.copyOf(parameters.values());
  }

  /** The parameter of this name, or null. */
  public Parameter named(String name) {
    return parameters.get(name);
  }

  /** How many numbers there are to learn; gaps between parameters do not count. */
  public long count() {
    return parameters.values().stream().mapToLong(p -> p.shape().elements()).sum();
  }

  /** The flat buffer of values. */
  public Tensor values() {
    return values;
  }

  /** The gradients. */
  public TrainedBuffer gradients() {
    return gradients;
  }

  /**
   * The flat buffer of values as BFLOAT16, which products read; null with {@link Precision#FP32}.
   */
  public Tensor rounded() {
    return rounded;
  }

  /**
   * To be called by whoever has written to {@link #values()}, before the parameters are used again:
   * products read a rounded copy. The optimizer, which writes both, need not.
   */
  public void valuesChanged() {
    readFrom(values);
  }

  /** A sink that adds each gradient to its parameter's place in {@link #gradients()}. */
  public GradientSink accumulator() {
    return new Accumulate(session, variable -> ((Trained) variable).gradient());
  }

  /** Sets every gradient to zero. */
  public void clearGradients() {
    session.kernels().fill(gradients.values(), 0);
  }

  /**
   * Draws fresh values. What is stored under a name gets what depends on the seed and that name
   * alone, not on what else the model has.
   */
  public void initialize(long seed) {
    all().forEach(p -> initialize(p, seed));
    valuesChanged();
  }

  private static void initialize(Parameter parameter, long seed) {
    float[] fresh = new float[Math.toIntExact(parameter.storedShape().elements())];
    parameter
        .stored(parameter.value())
        .forEach(
            (name, part) -> {
              parameter.initializer().fill(fresh, Rng.of(seed, name.hashCode()));
              part.set(fresh);
            });
  }

  /**
   * Runs {@code body} while every parameter has its value in {@code flat}, a buffer of this set's
   * layout: a moving average, for instance.
   */
  public <T, X extends Exception> T reading(Tensor flat, Body<T, X> body) throws X {
    readFrom(flat);
    try {
      return body.run();
    } finally {
      readFrom(values);
    }
  }

  /** What is done while the parameters have other values. */
  public interface Body<T, X extends Exception> {
    /** Does it. */
    T run() throws X;
  }

  /** A parameter's place in a flat buffer of this set's layout. */
  public Tensor placeIn(Tensor flat, Parameter parameter) {
    return view(flat, parameter.offset(), parameter.shape());
  }

  /**
   * All places in a flat buffer of this set's layout, by the {@linkplain Parameter#storedNames
   * names in files}, in the order of declaration.
   */
  public Map<String, Tensor> placesIn(Tensor flat) {
    Map<String, Tensor> places = new LinkedHashMap<>();
    parameters.values().forEach(p -> places.putAll(p.stored(placeIn(flat, p))));
    return places;
  }

  /**
   * The stretches of the flat buffers that are trained, each as long as it can be: neighbours that
   * decay alike and have had as many updates are one.
   */
  public List<Range> trainableRanges() {
    List<Range> ranges = new ArrayList<>();
    for (Parameter p : byOffset) {
      if (!p.requiresGradient()) {
        continue;
      }
      Range range =
          new Range(
              p.offset(),
              p.offset() + aligned(p.shape().elements()),
              p.decayed(),
              p.missedUpdates());
      Range last = ranges.isEmpty() ? null : ranges.get(ranges.size() - 1);
      if (last != null && last.isContinuedBy(range)) {
        range = new Range(last.begin(), range.end(), range.decayed(), range.missedUpdates());
        ranges.remove(last);
      }
      ranges.add(range);
    }
    return ranges;
  }

  /** Gives the buffers back; the parameters are unusable from now on. */
  @Override
  public void close() {
    session.free(values);
    gradients.close();
    if (rounded != null) {
      session.free(rounded);
    }
  }

  private static long aligned(long elements) {
    return (elements + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  }

  private static Tensor view(Tensor flat, long offset, Shape shape) {
    return flat.rows(offset, offset + shape.elements()).reshape(shape.toArray());
  }

  /**
   * A stretch of the flat buffers.
   *
   * @param begin first element
   * @param end one behind the last
   * @param decayed whether weight decay pulls on it
   * @param missedUpdates how many of the updates so far it has not had
   */
  public record Range(long begin, long end, boolean decayed, long missedUpdates) {
    private boolean isContinuedBy(Range next) {
      return end == next.begin && decayed == next.decayed && missedUpdates == next.missedUpdates;
    }

    /** Where it lies, and whether it decays: what the kernels' calls depend on. */
    public Range place() {
      return new Range(begin, end, decayed, 0);
    }

    /** This stretch of a flat buffer. */
    public Tensor of(Tensor flat) {
      return flat.rows(begin, end);
    }
  }

  /** Collects what the layers declare, under names that nest. */
  public static final class Builder {
    private final String prefix;
    private final List<Parameter> declared;

    /** A builder with nothing declared. */
    public Builder() {
      this.prefix = "";
      this.declared = new ArrayList<>();
    }

    private Builder(Builder parent, String name) {
      this.prefix = parent.prefix + name + ".";
      this.declared = parent.declared;
    }

    /** The same builder, its names prefixed with {@code name} and a dot. */
    public Builder under(String name) {
      return new Builder(this, name);
    }

    /** Declares a parameter with weight decay. */
    public Parameter weight(String name, Initializer initializer, long... dims) {
      return declare(whole(prefix + name, true, initializer, dims));
    }

    /** Declares a parameter without weight decay: biases, norms, positions, class tokens. */
    public Parameter free(String name, Initializer initializer, long... dims) {
      return declare(whole(prefix + name, false, initializer, dims));
    }

    private static Parameter whole(
        String name, boolean decayed, Initializer initializer, long... dims) {
      return new Parameter(name, List.of(name), Shape.of(dims), decayed, initializer);
    }

    /**
     * Declares weights with weight decay that lie one below the other: one product with all of them
     * does what a layer each would do. To files and for fresh values they are separate.
     *
     * @param name of all of them together
     * @param parts the names of the layers, from the first rows on
     * @param dims of each layer's weights
     */
    public Parameter stacked(
        String name, List<String> parts, Initializer initializer, long... dims) {
      List<String> stored = parts.stream().map(part -> prefix + part).toList();
      long[] all = dims.clone();
      all[0] *= parts.size();
      return declare(new Parameter(prefix + name, stored, Shape.of(all), true, initializer));
    }

    /** The shapes of all that was declared, by the names in files. */
    public Map<String, Shape> shapes() {
      Map<String, Shape> shapes = new LinkedHashMap<>();
      declared.forEach(p -> p.storedNames().forEach(name -> shapes.put(name, p.storedShape())));
      return shapes;
    }

    /**
     * Allocates all that was declared, as zeros.
     *
     * @throws IllegalStateException if it was allocated before: the layers hold the parameters,
     *     which lie in one set
     */
    public ParameterSet allocate(Session session, Precision precision) {
      declared.stream()
          .filter(Parameter::isAllocated)
          .findAny()
          .ifPresent(
              p -> {
                throw new IllegalStateException(
                    p + " is allocated already; declare the layers anew for another set");
              });
      return new ParameterSet(session, declared, precision);
    }

    private Parameter declare(Parameter parameter) {
      declared.add(parameter);
      return parameter;
    }
  }
}
