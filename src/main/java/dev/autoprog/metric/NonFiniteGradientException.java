package dev.autoprog.metric;

/** A parameter's gradient is NaN or infinite, so that a measure of it says nothing. */
public final class NonFiniteGradientException extends RuntimeException {
  private static final long serialVersionUID = 1;

  NonFiniteGradientException(String measure, String parameter) {
    super(
        measure
            + ": the gradient of "
            + parameter
            + " is not finite; look for it in the inputs first, then lower the weights' scale or"
            + " compute in fp32");
  }
}
