package dev.autoprog.nn;

import dev.autoprog.backend.Session;
import dev.autoprog.kernel.Kernels;
import dev.autoprog.kernel.Segments;
import dev.autoprog.tensor.DType;
import dev.autoprog.tensor.Shape;
import dev.autoprog.tensor.Tensor;
import java.util.Arrays;

/**
 * One batch to classify, on the device: what its samples are, and what was found of them. It is
 * there before the kernels of a step are called and read after them, so that in between nothing has
 * to wait.
 */
public final class Classification {
  private final Targets targets;
  private final Tensor labels;
  private final Tensor partners;
  private final Tensor lambda;
  private final Tensor losses;
  private final Tensor logits;

  /**
   * A batch in the step's arena, of which nothing has been found yet.
   *
   * @param targets of B samples
   * @throws IllegalArgumentException if a class is not in 0 … classes − 1
   */
  public Classification(Session session, Targets targets, long classes) {
    this.targets = targets;
    requireClasses(targets.labels(), classes);
    long batch = targets.labels().length;
    labels = allocate(session, DType.INT32, batch).set(targets.labels());
    if (targets.partners() == null) {
      partners = null;
      lambda = null;
    } else {
      requireClasses(targets.partners(), classes);
      float[] shares = new float[targets.labels().length];
      Arrays.fill(shares, targets.lambda());
      partners = allocate(session, DType.INT32, batch).set(targets.partners());
      lambda = allocate(session, DType.FLOAT32, batch).set(shares);
    }
    losses = allocate(session, DType.FLOAT32, batch);
    logits = allocate(session, DType.FLOAT32, batch, classes);
  }

  private static void requireClasses(int[] labels, long classes) {
    for (int b = 0; b < labels.length; b++) {
      if (labels[b] < 0 || labels[b] >= classes) {
        throw new IllegalArgumentException(
            "the class of sample %d is %d, expected one of %d, from 0 to %d"
                .formatted(b, labels[b], classes, classes - 1));
      }
    }
  }

  private static Tensor allocate(Session session, DType type, long... dims) {
    return session.arena().allocate(type, Shape.of(dims));
  }

  /** (B), each sample's class. */
  Tensor labels() {
    return labels;
  }

  /** (B), the class that is mixed in, or null for none. */
  Tensor partners() {
    return partners;
  }

  /** (B), the share of {@link #labels}; null without partners. */
  Tensor lambda() {
    return lambda;
  }

  /** (B), each sample's loss, once it has been found. */
  Tensor losses() {
    return losses;
  }

  /** Notes what a network answered. */
  void answered(Kernels kernels, Tensor answer) {
    long[] zero = {0};
    kernels.copySegments(new Segments(zero, zero, new long[] {logits.elements()}), answer, logits);
  }

  /** The mean loss of the batch; not finite if any logit is not. */
  public double mean() {
    double sum = 0;
    float[] values = losses.toFloats();
    for (float loss : values) {
      sum += loss;
    }
    return sum / values.length;
  }

  /**
   * How many samples have their largest logit at their label, of two at the one that weighs most.
   */
  public int correct() {
    float[] values = logits.toFloats();
    int classes = (int) logits.shape().dim(1);
    int correct = 0;
    for (int b = 0; b < targets.labels().length; b++) {
      int best = 0;
      for (int k = 1; k < classes; k++) {
        if (values[b * classes + k] > values[b * classes + best]) {
          best = k;
        }
      }
      correct += best == targets.main(b) ? 1 : 0;
    }
    return correct;
  }
}
