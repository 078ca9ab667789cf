package dev.autoprog.nn;

import dev.autoprog.autograd.Variable;
import dev.autoprog.tensor.Shape;
import dev.autoprog.tensor.Tensor;

/** A named, trainable tensor: a view into the flat buffers of its {@link ParameterSet}. */
public final class Parameter implements Variable {
  private final String name;
  private final Shape shape;
  private final boolean decayed;
  private final Initializer initializer;
  private boolean trainable = true;
  private long since;
  private long offset;
  private Tensor value;
  private Tensor operand;
  private Tensor gradient;

  Parameter(String name, Shape shape, boolean decayed, Initializer initializer) {
    this.name = name;
    this.shape = shape;
    this.decayed = decayed;
    this.initializer = initializer;
  }

  void bind(long offset, Tensor gradient) {
    this.offset = offset;
    this.gradient = gradient;
  }

  void read(Tensor value, Tensor operand) {
    this.value = value;
    this.operand = operand;
  }

  /** Its name, as in timm: {@code blocks.0.attn.qkv.weight}. */
  public String name() {
    return name;
  }

  /** Its shape. */
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

  /** Where its gradient is summed up, in its shape. */
  public Tensor gradient() {
    return gradient;
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
    since = step;
  }

  /** The step from which on it is trained; 0 unless it was unfrozen later. */
  public long since() {
    return since;
  }

  @Override
  public String toString() {
    return name + shape;
  }
}
