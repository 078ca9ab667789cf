package dev.autoprog.testing;

import dev.autoprog.backend.Session;
import dev.autoprog.kernel.Kernels;
import dev.autoprog.tensor.DType;
import dev.autoprog.tensor.Device;
import java.util.Map;
import java.util.Set;

/**
 * Holds a backend's kernel against the reference: right values from aligned and unaligned tensors,
 * and in place where that is allowed; the same bits twice; nothing written but the outputs.
 */
public final class KernelCheck {
  /** Of a float64 result that was rounded to float32. */
  public static final double ROUNDING = 1e-7;

  /** Of a float64 result that depends on saved values which were rounded to float32. */
  public static final double SAVED_ROUNDING = 2e-6;

  /**
   * Of what was rounded to bfloat16 on both sides: an element may have fallen to the other side of
   * a tie, which is up to 2⁻⁷ of it.
   */
  public static final double BFLOAT16_ROUNDING = 8e-3;

  /** Of finite differences: their own error, with room. */
  public static final double DIFFERENCES = 1e-3;

  /** Bytes past a 64-byte boundary: what a view into somebody's buffer can bring. */
  private static final int[] MISALIGNMENTS = {0, 4};

  private KernelCheck() {}

  /**
   * Checks one call, and the same in bfloat16 where the kernel takes it.
   *
   * @param bound on the relative error of each FLOAT32 output; 0 for equality
   * @param unspecified outputs whose values do not matter in this call
   */
  public static void check(
      KernelCall call, Candidate candidate, double bound, String... unspecified) {
    try (Session session = candidate.open()) {
      check(call, session.kernels(), session.device(), bound, unspecified);
    }
  }

  /** The same for kernels without a session. */
  public static void check(
      KernelCall call, Kernels kernels, Device device, double bound, String... unspecified) {
    checkOne(call, kernels, device, bound, unspecified);
    if (!call.typed().isEmpty()) {
      checkOne(call.inBfloat16(), kernels, device, bound, unspecified);
    }
  }

  private static void checkOne(
      KernelCall call, Kernels kernels, Device device, double bound, String... unspecified) {
    Map<String, float[]> expected = call.onReference();
    expected.keySet().removeAll(Set.of(unspecified));
    for (int misalignment : MISALIGNMENTS) {
      Map<String, float[]> first = run(call, kernels, device, misalignment, null);
      Map<String, float[]> second = run(call, kernels, device, misalignment, null);
      String where = misalignment == 0 ? "" : " (unaligned)";
      compare(call, where, first, expected, bound);
      second.forEach(
          (name, values) ->
              Closeness.assertSameBits(
                  call + where + ", second run, " + name, values, first.get(name)));
    }
    for (KernelCall.Alias alias : call.aliases()) {
      Map<String, float[]> inPlace = run(call, kernels, device, 0, alias);
      compare(call, " with " + alias, inPlace, expected, bound);
    }
  }

  /** Throws unless the reference gives {@code expected} for this output. */
  public static void referenceGives(
      KernelCall call, String output, double[] expected, double bound) {
    Closeness.assertClose(call + ", " + output, call.onReference().get(output), expected, bound);
  }

  /** Throws unless the reference adds {@code expected} to what this argument held. */
  public static void referenceAdds(
      KernelCall call, String updated, double[] expected, double bound) {
    double[] sum = Closeness.widen(call.floats(updated));
    for (int i = 0; i < sum.length; i++) {
      sum[i] += expected[i];
    }
    referenceGives(call, updated, sum, bound);
  }

  private static Map<String, float[]> run(
      KernelCall call, Kernels kernels, Device device, int misalignment, KernelCall.Alias alias) {
    try (GuardedTensors tensors = new GuardedTensors(device, call, misalignment, alias)) {
      call.run(kernels, tensors);
      tensors.assertNothingElseTouched();
      return tensors.results();
    }
  }

  private static void compare(
      KernelCall call,
      String where,
      Map<String, float[]> actual,
      Map<String, float[]> expected,
      double bound) {
    for (KernelCall.Argument argument : call.arguments()) {
      String name = argument.name();
      if (expected.containsKey(name)) {
        // only what does not compute, a conversion, can be held to equality
        boolean exact = bound == 0 && call.typed().isEmpty();
        Closeness.assertClose(
            call + where + ", " + name,
            actual.get(name),
            expected.get(name),
            argument.dtype() == DType.BFLOAT16 && !exact ? BFLOAT16_ROUNDING : bound);
      }
    }
  }
}
