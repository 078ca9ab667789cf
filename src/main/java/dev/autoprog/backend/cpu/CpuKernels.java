package dev.autoprog.backend.cpu;

import dev.autoprog.backend.BackendException;
import dev.autoprog.backend.jni.NativeKernels;

/** The kernels in C++; a call returns when its kernel has run. */
final class CpuKernels extends NativeKernels {
  /** Kernels that run on {@code threads} threads. */
  CpuKernels(CpuLibrary library, int threads) {
    super(library.kernels(), threads);
  }

  @Override
  protected RuntimeException failure(int code, String text) {
    return new BackendException("A CPU kernel failed: " + text);
  }
}
