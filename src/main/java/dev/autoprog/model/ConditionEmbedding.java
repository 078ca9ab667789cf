package dev.autoprog.model;

import dev.autoprog.autograd.ConditioningOperations;
import dev.autoprog.autograd.Operations;
import dev.autoprog.autograd.Tape;
import dev.autoprog.autograd.Variable;
import dev.autoprog.nn.Embedding;
import dev.autoprog.nn.TimestepEmbedding;
import dev.autoprog.tensor.Tensor;

/**
 * What a denoising network makes of timestep, class and training stage: the sum of an embedding of
 * each.
 *
 * @param times of the timestep
 * @param classes (classes + 1, C), the last row for none; null if there are none
 * @param stages (stages + 1, C), the last row for none; null if there are none
 */
record ConditionEmbedding(TimestepEmbedding times, Embedding classes, Embedding stages) {
  /**
   * (B, C), behind the SiLU that everything which reads it begins with.
   *
   * @throws IllegalArgumentException if there is not one of each for each of {@code batch} images
   */
  Variable forward(Tape tape, long batch, Conditions conditions) {
    float[] timesteps = conditions.timesteps();
    Conditions.Placed placed = conditions.placed();
    require("timesteps", timesteps == null ? -1 : timesteps.length, batch);
    Variable sum = times.forward(tape, timesteps, placed.timesteps());
    sum = plus(tape, sum, classes, "labels", conditions.labels(), placed.labels(), batch);
    sum = plus(tape, sum, stages, "stages", conditions.stages(), placed.stages(), batch);
    return ConditioningOperations.silu(tape, sum);
  }

  private static Variable plus(
      Tape tape,
      Variable sum,
      Embedding table,
      String name,
      int[] indices,
      Tensor placed,
      long batch) {
    if (table == null) {
      return sum;
    }
    require(name, indices == null ? -1 : indices.length, batch);
    return Operations.residual(tape, sum, table.forward(tape, indices, placed), null);
  }

  private static void require(String name, int count, long batch) {
    if (count != batch) {
      throw new IllegalArgumentException(
          "%s %s, expected one for each of %d images"
              .formatted(count < 0 ? "no" : Integer.toString(count), name, batch));
    }
  }
}
