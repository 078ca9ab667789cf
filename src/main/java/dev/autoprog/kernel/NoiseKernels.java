package dev.autoprog.kernel;

import dev.autoprog.tensor.Tensor;

/** Normal noise. */
public interface NoiseKernels {
  /**
   * Draws from N(0, 1), each row's from a generator of its own: the words that {@code
   * Rng.ofStream(seed, streams[b])} gives, two by two. Of two, v and w, come two draws (Box and
   * Muller 1958): {@code √(−2 ln u)·(cos a, sin a)}, with {@code u = (v + ½) / 2³²} and {@code a =
   * 2π·w / 2³²}. {@code |x| < 6.8}. Each ≤ 1e-6 of its {@code √(−2 ln u)}, and the same whatever
   * the other rows.
   *
   * @param streams INT32 (B, 2), of each row the lower and the upper word
   * @param x (B, n)
   */
  void gaussian(long seed, long batch, long n, Tensor streams, Tensor x);
}
