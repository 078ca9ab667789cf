package dev.autoprog.nn;

import dev.autoprog.tensor.Shape;
import dev.autoprog.tensor.Tensor;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A named, trainable tensor: a view into the flat buffers of its {@link ParameterSet}. It may be
 * several layers' weights, one below the other, so that one product computes what they all make of
 * the same input; files know such a parameter as these layers.
 */
public final class Parameter implements Trained {
  private final String name;
  private final List<String> storedNames;
  private final Shape shape;
  private final boolean decayed;
  private final Initializer initializer;
  private boolean trainable = true;
  private long missedUpdates;
  private long offset;
  private Tensor value;
  private Tensor operand;
  private TrainedBuffer gradients;

  Parameter(
      String name,
      List<String> storedNames,
      Shape shape,
      boolean decayed,
      Initializer initializer) {
    this.name = name;
    this.storedNames = storedNames;
    this.shape = shape;
    this.decayed = decayed;
    this.initializer = initializer;
  }

  void bind(long offset, TrainedBuffer gradients) {
    this.offset = offset;
    this.gradients = gradients;
  }

  /** Whether it is in a set. */
  boolean isAllocated() {
    return gradients != null;
  }

  void read(Tensor value, Tensor operand) {
    this.value = value;
    this.operand = operand;
  }

  /** Its name, as in timm: {@code blocks.0.attn.qkv.weight}. */
  @Override
  public String name() {
    return name;
  }

  /**
   * Under which names files have it: its own, or those of equal parts of its rows, from the first
   * to the last.
   */
  public List<String> storedNames() {
    return storedNames;
  }

  /** The part of {@code whole}, a tensor of this shape, that is stored under each name. */
  public Map<String, Tensor> stored(Tensor whole) {
    Map<String, Tensor> parts = new LinkedHashMap<>();
    Shape part = storedShape();
    for (String stored : storedNames) {
      parts.put(stored, whole.part(parts.size() * part.elements(), part.toArray()));
    }
    return parts;
  }

  /** Of what is stored under each name. */
  Shape storedShape() {
    long[] dims = shape.toArray();
    dims[0] /= storedNames.size();
    return Shape.of(dims);
  }

  @Override
  public Shape shape() {
    return shape;
  }

  /** Whether weight decay pulls on it. */
  public boolean decayed() {
    return decayed;
  }

  /** How it begins. */
  public Initializer initializer() {
    return initializer;
  }

  /** Where it begins in the flat buffers, in elements. */
  public long offset() {
    return offset;
  }

  /** Its value; unusable before its set is allocated. */
  @Override
  public Tensor value() {
    return value;
  }

  @Override
  public Tensor operand() {
    return operand;
  }

  @Override
  public Tensor gradient() {
    return gradients.of(this);
  }

  /** Rows of it, from {@code begin} up to {@code end}, as what a product reads. */
  ParameterRows rows(long begin, long end) {
    return new ParameterRows(this, begin, end);
  }

  /** Whether it is trained; a frozen one gets no gradient and no update. */
  @Override
  public boolean requiresGradient() {
    return trainable;
  }

  /** Freezes it, or has it trained again. */
  public void trainable(boolean trainable) {
    this.trainable = trainable;
  }

  /**
   * Has it trained from a step on for the first time: what an optimizer knows of it begins there.
   */
  public void trainableSince(long step) {
    trainable = true;
    missedUpdates = step;
  }

  /** How many of the updates so far it has not had: an optimizer knows it that much less long. */
  public long missedUpdates() {
    return missedUpdates;
  }

  /** Says how many of the updates so far it has not had. */
  public void missedUpdates(long missed) {
    missedUpdates = missed;
  }

  @Override
  public String toString() {
    return name + shape;
  }
}
