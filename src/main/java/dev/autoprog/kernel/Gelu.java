package dev.autoprog.kernel;

/** Which GELU (Hendrycks and Gimpel 2016). */
public enum Gelu {
  /** {@code x·Φ(x)}: the exact one, by the error function. Vision transformers have it. */
  ERF,
  /**
   * {@code x·½(1 + tanh(√(2/π)·(x + 0.044715·x³)))}, its approximation. Diffusion transformers have
   * it.
   */
  TANH
}
