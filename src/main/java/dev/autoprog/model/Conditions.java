package dev.autoprog.model;

import dev.autoprog.tensor.Tensor;

/**
 * What a diffusion model is told beside the noisy images.
 *
 * @param timesteps of each of B images
 * @param labels of each, the number of classes standing for none; null if the model has no classes
 * @param stages of each: the training stage whose identifier it bears, the number of stages
 *     standing for none; null if the model has no identifiers
 * @param context of type T (B, M, its width), such as an encoded text; null if the model reads none
 */
public record Conditions(float[] timesteps, int[] labels, int[] stages, Tensor context) {
  /** Of a model with classes alone. */
  public static Conditions of(float[] timesteps, int[] labels) {
    return new Conditions(timesteps, labels, null, null);
  }
}
