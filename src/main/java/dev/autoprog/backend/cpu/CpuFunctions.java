package dev.autoprog.backend.cpu;

import org.bytedeco.javacpp.annotation.Cast;
import org.bytedeco.javacpp.annotation.Namespace;
import org.bytedeco.javacpp.annotation.NoException;
import org.bytedeco.javacpp.annotation.Platform;

/** The functions of {@code autoprog_cpu.h}, which this backend's library alone has. */
@Platform(include = "jni.hpp")
@Namespace("autoprog::jni")
@NoException
final class CpuFunctions {
  private CpuFunctions() {}

  static native String ap_onednn_version(@Cast("const Library*") long library);

  static native double ap_measure_multiply_adds(
      @Cast("const Context*") long context, double seconds);

  static native double ap_measure_bf16_dot_products(
      @Cast("const Context*") long context, double seconds);

  static native int ap_measure_triad(
      @Cast("const Context*") long context, double seconds, double[] bytesPerSecond);
}
