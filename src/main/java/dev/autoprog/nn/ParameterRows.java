package dev.autoprog.nn;

import dev.autoprog.tensor.Shape;
import dev.autoprog.tensor.Tensor;

/**
 * Some rows of a parameter, used without the others: of a layer that computes several things at
 * once, the part that one of them takes. Its gradient is theirs.
 */
public final class ParameterRows implements Trained {
  private final Parameter whole;
  private final long begin;
  private final long end;

  ParameterRows(Parameter whole, long begin, long end) {
    this.whole = whole;
    this.begin = begin;
    this.end = end;
  }

  /** Of which these are rows. */
  public Parameter whole() {
    return whole;
  }

  /** The element of the whole with which these begin. */
  public long offset() {
    return begin * (whole.shape().elements() / whole.shape().dim(0));
  }

  @Override
  public String name() {
    return whole.name() + "[" + begin + ":" + end + "]";
  }

  @Override
  public Shape shape() {
    long[] dims = whole.shape().toArray();
    dims[0] = end - begin;
    return Shape.of(dims);
  }

  @Override
  public Tensor value() {
    return whole.value().rows(begin, end);
  }

  @Override
  public Tensor operand() {
    return whole.operand().rows(begin, end);
  }

  @Override
  public Tensor gradient() {
    return whole.gradient().rows(begin, end);
  }

  @Override
  public boolean requiresGradient() {
    return whole.requiresGradient();
  }
}
