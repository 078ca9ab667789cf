package dev.autoprog.backend.cuda;

import org.bytedeco.javacpp.annotation.Cast;
import org.bytedeco.javacpp.annotation.Namespace;
import org.bytedeco.javacpp.annotation.NoException;
import org.bytedeco.javacpp.annotation.Platform;

/** The functions of {@code autoprog_cuda.h}, which this backend's library alone has. */
@Platform(include = "jni.hpp")
@Namespace("autoprog::jni")
@NoException
final class CudaFunctions {
  private CudaFunctions() {}

  static native String ap_device_problem(@Cast("const Library*") long library);

  static native String ap_device_description(@Cast("const Library*") long library);

  static native void ap_device_memory(
      @Cast("const Library*") long library,
      @Cast("int64_t*") long[] free,
      @Cast("int64_t*") long[] total);

  @Cast("jlong")
  static native long ap_wanted_bytes(@Cast("const Context*") long context);

  static native int ap_device_allocate(
      @Cast("const Context*") long context, long bytes, @Cast("int64_t*") long[] address);

  static native int ap_device_free(
      @Cast("const Context*") long context, @Cast("void*") long memory);

  static native int ap_staging(
      @Cast("const Context*") long context, @Cast("int64_t*") long[] address);

  @Cast("jlong")
  static native long ap_staging_bytes(@Cast("const Library*") long library);

  static native int ap_upload(
      @Cast("const Context*") long context, long bytes, @Cast("void*") long to);

  static native int ap_upload_aside(
      @Cast("const Context*") long context, long bytes, @Cast("void*") long to);

  static native int ap_await_aside(@Cast("const Context*") long context);

  static native int ap_download(
      @Cast("const Context*") long context, long bytes, @Cast("const void*") long from);

  static native int ap_synchronize(@Cast("const Context*") long context);

  static native int ap_capture_begin(@Cast("const Context*") long context);

  static native int ap_capture_end(
      @Cast("const Context*") long context, @Cast("int64_t*") long[] graph);

  static native int ap_graph_launch(
      @Cast("const Context*") long context, @Cast("void*") long graph);

  static native int ap_graph_destroy(
      @Cast("const Context*") long context, @Cast("void*") long graph);
}
