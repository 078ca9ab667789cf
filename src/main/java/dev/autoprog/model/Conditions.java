package dev.autoprog.model;

import dev.autoprog.backend.Session;
import dev.autoprog.tensor.DType;
import dev.autoprog.tensor.Shape;
import dev.autoprog.tensor.Tensor;

/**
 * What a diffusion model is told beside the noisy images.
 *
 * @param timesteps of each of B images
 * @param labels of each, the number of classes standing for none; null if the model has no classes
 * @param stages of each: the training stage whose identifier it bears, the number of stages
 *     standing for none; null if the model has no identifiers
 * @param context of type T (B, M, its width), such as an encoded text; null if the model reads none
 * @param placed the numbers where kernels read them, never null; without any, a forward pass brings
 *     them there
 */
public record Conditions(
    float[] timesteps, int[] labels, int[] stages, Tensor context, Placed placed) {
  /** In memory of the host. */
  public Conditions(float[] timesteps, int[] labels, int[] stages, Tensor context) {
    this(timesteps, labels, stages, context, new Placed(null, null, null));
  }

  /** Of a model with classes alone. */
  public static Conditions of(float[] timesteps, int[] labels) {
    return new Conditions(timesteps, labels, null, null);
  }

  /** The same, brought to the step's arena: a forward pass then consists of kernel calls alone. */
  public Conditions on(Session session) {
    Tensor times =
        session.arena().allocate(DType.FLOAT32, Shape.of(timesteps.length)).set(timesteps);
    return new Conditions(
        timesteps,
        labels,
        stages,
        context,
        new Placed(times, place(session, labels), place(session, stages)));
  }

  private static Tensor place(Session session, int[] indices) {
    return indices == null
        ? null
        : session.arena().allocate(DType.INT32, Shape.of(indices.length)).set(indices);
  }

  /**
   * The numbers on the device, as far as they are there.
   *
   * @param timesteps FLOAT32 (B), or null
   * @param labels INT32 (B), or null
   * @param stages INT32 (B), or null
   */
  public record Placed(Tensor timesteps, Tensor labels, Tensor stages) {}
}
