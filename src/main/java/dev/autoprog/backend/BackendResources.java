package dev.autoprog.backend;

import dev.autoprog.kernel.Kernels;
import dev.autoprog.tensor.Device;

/**
 * What a backend holds for one session; closing gives it all back, the device's memory excepted.
 */
public interface BackendResources extends AutoCloseable {
  /** The backend's kernels, without checks. */
  Kernels kernels();

  /** Where their tensors lie. */
  Device device();

  /** Whether products of bfloat16 are faster here than those of float32. */
  boolean multipliesBFloat16();

  /** Whether {@link #capture} serves. */
  default boolean captures() {
    return false;
  }

  /**
   * Runs {@code calls}, of which the calls of kernels are noted and not made.
   *
   * @throws BackendException if that is not possible; calls are made again then
   */
  default CapturedCalls capture(Runnable calls) {
    throw new BackendException("this device makes calls one by one");
  }

  @Override
  void close();
}
