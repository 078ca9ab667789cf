package dev.autoprog.diffusion;

import dev.autoprog.backend.Session;
import dev.autoprog.kernel.Kernels;
import dev.autoprog.tensor.DType;
import dev.autoprog.tensor.Rng;
import dev.autoprog.tensor.Shape;
import dev.autoprog.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;

/**
 * Goes from noise to samples, step by step: {@code x ← a·x̂_0 + b·x + σ·z}, where x̂_0 is what the
 * network's prediction says of the data. Samplers differ in a, b and σ.
 */
public abstract sealed class Sampler permits DdpmSampler, DdimSampler {
  private static final long START = 0x737461L;
  private static final long STEP = 0x737470L;

  private final DiffusionProcess process;
  private final boolean clipped;

  Sampler(DiffusionProcess process, boolean clipped) {
    this.process = process;
    this.clipped = clipped;
  }

  /** What the network was trained for, at the steps that this goes. */
  public final DiffusionProcess process() {
    return process;
  }

  /** Whether x̂_0 is brought into [−1, 1] at each step: for images, not for latents. */
  public final boolean clipped() {
    return clipped;
  }

  /** The factors of a step. */
  abstract Transition transition(int step);

  /**
   * Draws samples. Sample i of a seed is the same in every batch, as far as the network computes it
   * the same.
   *
   * @param x FLOAT32 (B, C, …): overwritten with the samples
   * @param seed of the noise
   * @param first i of the first sample in {@code x}; the others follow
   * @param interrupted asked before each step; true ends the work, with {@code x} as the last
   *     complete step left it
   * @return whether all steps were gone
   */
  public final boolean sample(
      Session session,
      Denoiser denoiser,
      Tensor x,
      long seed,
      long first,
      BooleanSupplier interrupted) {
    if (x.dtype() != DType.FLOAT32 || x.shape().rank() < 2) {
      throw new IllegalArgumentException("x is " + x + ", expected FLOAT32 (B, C, …)");
    }
    try (Workspace work = new Workspace(session, x, process.variance().isLearned())) {
      GaussianNoise.fill(
          session.kernels(), work.streams, x, seed, row -> Rng.stream(START, first + row));
      for (int step = process.schedule().steps() - 1; step >= 0; step--) {
        if (interrupted.getAsBoolean()) {
          return false;
        }
        int timestep = process.schedule().timestep(step);
        denoiser.predict(x, timestep, work.output);
        Transition transition = transition(step);
        if (transition.isNoisy()) {
          GaussianNoise.fill(
              session.kernels(),
              work.streams,
              work.noise,
              seed,
              row -> Rng.stream(STEP, first + row, timestep));
        }
        for (Piece piece : work.pieces) {
          advance(session.kernels(), piece, step, transition);
        }
      }
    }
    return true;
  }

  private void advance(Kernels kernels, Piece piece, int step, Transition to) {
    Blend clean = process.prediction().toClean(process.schedule().alphaBar(step));
    combine(kernels, clean, piece.x, piece.prediction, 0, null, piece.clean);
    if (clipped) {
      kernels.clamp(-1, 1, piece.clean, piece.clean);
    }
    Blend mean = new Blend(to.ofClean, to.ofNoisy);
    if (to.isNoisy() && to.learned != null) {
      combine(kernels, mean, piece.clean, piece.x, 0, null, piece.clean);
      float slope = (float) to.learned.first();
      float atZero = (float) to.learned.second();
      kernels.addExponential(piece.clean, slope, piece.spread, atZero, piece.noise, piece.x);
    } else {
      Tensor noise = to.isNoisy() ? piece.noise : null;
      combine(kernels, mean, piece.clean, piece.x, to.deviation, noise, piece.x);
    }
  }

  private static void combine(
      Kernels kernels, Blend blend, Tensor x, Tensor y, double c, Tensor z, Tensor out) {
    kernels.linearCombination(
        (float) blend.first(), x, (float) blend.second(), y, (float) c, z, out);
  }

  /**
   * The factors of a step.
   *
   * @param ofClean a
   * @param ofNoisy b
   * @param deviation σ, where it is not learned
   * @param learned the factor on v, and what is added to it, in log σ; null where σ is not learned
   */
  record Transition(double ofClean, double ofNoisy, double deviation, Blend learned) {
    boolean isNoisy() {
      return learned != null || deviation > 0;
    }
  }

  /** Some samples, and what belongs to them, each tensor without gaps. */
  private record Piece(Tensor x, Tensor clean, Tensor prediction, Tensor spread, Tensor noise) {}

  /** The memory of a run. */
  private static final class Workspace implements AutoCloseable {
    private final Session session;
    private final List<Tensor> owned = new ArrayList<>();
    private final Tensor output;
    private final Tensor noise;
    private final Tensor streams;
    private final List<Piece> pieces = new ArrayList<>();

    Workspace(Session session, Tensor x, boolean learned) {
      this.session = session;
      long[] dims = x.shape().toArray();
      long batch = dims[0];
      Tensor clean = allocate(DType.FLOAT32, dims);
      noise = allocate(DType.FLOAT32, dims);
      streams = allocate(DType.INT32, batch, 2);
      if (!learned) {
        output = allocate(DType.FLOAT32, dims);
        pieces.add(new Piece(x, clean, output, null, noise));
        return;
      }
      dims[1] *= 2;
      output = allocate(DType.FLOAT32, dims);
      // by sample: prediction, then what is said of the variance
      Tensor halves = output.reshape(2 * batch, x.elements() / batch);
      for (long b = 0; b < batch; b++) {
        pieces.add(
            new Piece(
                x.rows(b, b + 1),
                clean.rows(b, b + 1),
                halves.rows(2 * b, 2 * b + 1),
                halves.rows(2 * b + 1, 2 * b + 2),
                noise.rows(b, b + 1)));
      }
    }

    private Tensor allocate(DType dtype, long... dims) {
      Tensor tensor = session.allocate(dtype, Shape.of(dims));
      owned.add(tensor);
      return tensor;
    }

    @Override
    public void close() {
      owned.forEach(session::free);
    }
  }
}
