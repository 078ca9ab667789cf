package dev.autoprog.testing;

import dev.autoprog.backend.Session;
import dev.autoprog.kernel.Kernels;
import dev.autoprog.tensor.Device;
import java.util.Map;

/**
 * Holds a backend's kernel against the reference: right values from aligned and unaligned tensors,
 * and in place where that is allowed; the same bits twice; nothing written but the outputs.
 */
public final class KernelCheck {
  /** Bytes past a 64-byte boundary: what a view into somebody's buffer can bring. */
  private static final int[] MISALIGNMENTS = {0, 4};

  private KernelCheck() {}

  /**
   * Checks one call.
   *
   * @param bound on the relative error of each output; 0 for equality
   */
  public static void check(KernelCall call, Candidate candidate, double bound) {
    try (Session session = candidate.open()) {
      check(call, session.kernels(), session.device(), bound);
    }
  }

  /** The same for kernels without a session. */
  public static void check(KernelCall call, Kernels kernels, Device device, double bound) {
    Map<String, float[]> expected = call.onReference();
    for (int misalignment : MISALIGNMENTS) {
      Map<String, float[]> first = run(call, kernels, device, misalignment, null);
      Map<String, float[]> second = run(call, kernels, device, misalignment, null);
      String where = misalignment == 0 ? "" : " (unaligned)";
      compare(call + where, first, expected, bound);
      second.forEach(
          (name, values) ->
              Closeness.assertSameBits(
                  call + where + ", second run, " + name, values, first.get(name)));
    }
    for (KernelCall.Alias alias : call.aliases()) {
      Map<String, float[]> inPlace = run(call, kernels, device, 0, alias);
      compare(call + " with " + alias, inPlace, expected, bound);
    }
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
      String what, Map<String, float[]> actual, Map<String, float[]> expected, double bound) {
    expected.forEach(
        (name, values) ->
            Closeness.assertClose(what + ", " + name, actual.get(name), values, bound));
  }
}
