package dev.autoprog.kernel;

import dev.autoprog.testing.KernelCall;
import dev.autoprog.testing.RandomData;

/** Calls with values that are no numbers. */
final class NonFinite {
  private NonFinite() {}

  /** The call with a NaN, +∞ and −∞ (as far as there is room) somewhere in one argument. */
  static KernelCall in(KernelCall call, String argument, RandomData data) {
    return with(call, argument, data, Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY);
  }

  /** The call with these values somewhere in one argument. */
  static KernelCall with(KernelCall call, String argument, RandomData data, float... strange) {
    float[] values = call.floats(argument);
    for (float value : strange) {
      values[data.below(values.length)] = value;
    }
    return call.with(argument, values);
  }
}
