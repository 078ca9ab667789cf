package dev.autoprog.backend.jni;

import org.bytedeco.javacpp.annotation.Cast;
import org.bytedeco.javacpp.annotation.Namespace;
import org.bytedeco.javacpp.annotation.NoException;
import org.bytedeco.javacpp.annotation.Platform;

/**
 * The functions of {@code autoprog.h}, which every library of kernels has, under their C names;
 * their contracts stand there. Addresses are plain numbers, so that a call makes no object. A
 * context knows the library that it comes from ({@code jni.hpp}).
 */
@Platform(include = "jni.hpp")
@Namespace("autoprog::jni")
@NoException
final class KernelFunctions {
  private KernelFunctions() {}

  /**
   * Opens a library, for good.
   *
   * @param library what it is called by from then on
   * @return what is wrong with it, or null
   */
  static native String open(String path, @Cast("int64_t*") long[] library);

  @Cast("intptr_t")
  static native long create(@Cast("const Library*") long library, int threads);

  static native void destroy(@Cast("Context*") long context);

  static native String ap_last_error(@Cast("const Context*") long context);

  static native String ap_isa(@Cast("const Library*") long library);

  @Cast("intptr_t")
  static native long ap_allocate(@Cast("const Library*") long library, long bytes);

  static native void ap_free(@Cast("const Library*") long library, @Cast("void*") long memory);

  static native int ap_fill(
      @Cast("const Context*") long context, int type, long n, float value, @Cast("void*") long x);

  static native int ap_add(
      @Cast("const Context*") long context,
      int type,
      long n,
      @Cast("const void*") long a,
      @Cast("const void*") long b,
      @Cast("void*") long out);

  static native int ap_mix_rows(
      @Cast("const Context*") long context,
      int type,
      long B,
      long n,
      @Cast("const float*") long a,
      @Cast("const void*") long x,
      @Cast("const float*") long b,
      @Cast("const void*") long y,
      @Cast("void*") long out);

  static native int ap_linear_combination(
      @Cast("const Context*") long context,
      long n,
      float a,
      @Cast("const float*") long x,
      float b,
      @Cast("const float*") long y,
      float c,
      @Cast("const float*") long z,
      @Cast("float*") long out);

  static native int ap_add_exponential(
      @Cast("const Context*") long context,
      long n,
      @Cast("const float*") long x,
      float a,
      @Cast("const float*") long v,
      float b,
      @Cast("const float*") long z,
      @Cast("float*") long out);

  static native int ap_clamp(
      @Cast("const Context*") long context,
      long n,
      float low,
      float high,
      @Cast("const float*") long x,
      @Cast("float*") long out);

  static native int ap_convert(
      @Cast("const Context*") long context,
      long n,
      int fromType,
      @Cast("const void*") long from,
      int toType,
      @Cast("void*") long to);

  static native int ap_sum_rows(
      @Cast("const Context*") long context,
      int type,
      long rows,
      long columns,
      long stride,
      @Cast("const void*") long x,
      @Cast("float*") long sum);

  static native int ap_linear_forward(
      @Cast("const Context*") long context,
      int type,
      long rows,
      long in,
      long out,
      @Cast("const void*") long x,
      @Cast("const void*") long weight,
      @Cast("const float*") long bias,
      @Cast("const void*") long base,
      int yType,
      @Cast("void*") long y);

  static native int ap_linear_gelu_forward(
      @Cast("const Context*") long context,
      int type,
      int gelu,
      long rows,
      long in,
      long out,
      @Cast("const void*") long x,
      @Cast("const void*") long weight,
      @Cast("const float*") long bias,
      @Cast("void*") long y,
      @Cast("void*") long slope);

  static native int ap_linear_backward_input(
      @Cast("const Context*") long context,
      int type,
      long rows,
      long in,
      long out,
      @Cast("const void*") long dy,
      @Cast("const void*") long weight,
      @Cast("const void*") long scale,
      @Cast("void*") long dx);

  static native int ap_linear_backward_weight(
      @Cast("const Context*") long context,
      int type,
      long rows,
      long in,
      long out,
      @Cast("const void*") long x,
      @Cast("const void*") long dy,
      @Cast("float*") long dweight,
      @Cast("float*") long dbias);

  static native int ap_attention_forward(
      @Cast("const Context*") long context,
      int type,
      long B,
      long N,
      long H,
      long D,
      float scale,
      @Cast("const void*") long qkv,
      @Cast("void*") long out,
      @Cast("float*") long logSumExp);

  static native int ap_attention_backward(
      @Cast("const Context*") long context,
      int type,
      long B,
      long N,
      long H,
      long D,
      float scale,
      @Cast("const void*") long qkv,
      @Cast("const void*") long out,
      @Cast("const float*") long logSumExp,
      @Cast("const void*") long dout,
      @Cast("void*") long dqkv);

  static native int ap_cross_attention_forward(
      @Cast("const Context*") long context,
      int type,
      long B,
      long N,
      long M,
      long H,
      long D,
      float scale,
      @Cast("const void*") long q,
      @Cast("const void*") long kv,
      @Cast("void*") long out,
      @Cast("float*") long logSumExp);

  static native int ap_cross_attention_backward(
      @Cast("const Context*") long context,
      int type,
      long B,
      long N,
      long M,
      long H,
      long D,
      float scale,
      @Cast("const void*") long q,
      @Cast("const void*") long kv,
      @Cast("const void*") long out,
      @Cast("const float*") long logSumExp,
      @Cast("const void*") long dout,
      @Cast("void*") long dq,
      @Cast("void*") long dkv);

  static native int ap_layer_norm_forward(
      @Cast("const Context*") long context,
      int type,
      long rows,
      long C,
      float epsilon,
      @Cast("const void*") long x,
      @Cast("const float*") long gain,
      @Cast("const float*") long bias,
      @Cast("void*") long y,
      @Cast("float*") long mean,
      @Cast("float*") long rstd);

  static native int ap_layer_norm_backward(
      @Cast("const Context*") long context,
      int type,
      long rows,
      long C,
      @Cast("const void*") long x,
      @Cast("const float*") long gain,
      @Cast("const float*") long mean,
      @Cast("const float*") long rstd,
      @Cast("const void*") long dy,
      @Cast("const void*") long base,
      @Cast("void*") long dx);

  static native int ap_layer_norm_backward_parameters(
      @Cast("const Context*") long context,
      int type,
      long rows,
      long C,
      @Cast("const void*") long x,
      @Cast("const float*") long mean,
      @Cast("const float*") long rstd,
      @Cast("const void*") long dy,
      @Cast("float*") long dgain,
      @Cast("float*") long dbias);

  static native int ap_gelu_forward(
      @Cast("const Context*") long context,
      int type,
      int gelu,
      long n,
      @Cast("const void*") long x,
      @Cast("void*") long y,
      @Cast("void*") long slope);

  static native int ap_gelu_backward(
      @Cast("const Context*") long context,
      int type,
      long n,
      @Cast("const void*") long slope,
      @Cast("const void*") long dy,
      @Cast("void*") long dx);

  static native int ap_silu_forward(
      @Cast("const Context*") long context,
      int type,
      long n,
      @Cast("const void*") long x,
      @Cast("void*") long y);

  static native int ap_silu_backward(
      @Cast("const Context*") long context,
      int type,
      long n,
      @Cast("const void*") long x,
      @Cast("const void*") long dy,
      @Cast("void*") long dx);

  static native int ap_geglu_forward(
      @Cast("const Context*") long context,
      int type,
      long rows,
      long C,
      @Cast("const void*") long x,
      @Cast("void*") long y);

  static native int ap_geglu_backward(
      @Cast("const Context*") long context,
      int type,
      long rows,
      long C,
      @Cast("const void*") long x,
      @Cast("const void*") long dy,
      @Cast("void*") long dx);

  static native int ap_residual_forward(
      @Cast("const Context*") long context,
      int type,
      long B,
      long n,
      @Cast("const void*") long x,
      @Cast("const void*") long branch,
      @Cast("const float*") long scale,
      @Cast("void*") long y);

  static native int ap_residual_backward(
      @Cast("const Context*") long context,
      int type,
      long B,
      long n,
      @Cast("const void*") long dy,
      @Cast("const float*") long scale,
      @Cast("void*") long dbranch);

  static native int ap_modulated_norm_forward(
      @Cast("const Context*") long context,
      int type,
      long B,
      long N,
      long C,
      long chunks,
      long shift,
      long scale,
      float epsilon,
      @Cast("const void*") long x,
      @Cast("const void*") long modulation,
      @Cast("void*") long y,
      @Cast("float*") long mean,
      @Cast("float*") long rstd);

  static native int ap_modulated_norm_backward(
      @Cast("const Context*") long context,
      int type,
      long B,
      long N,
      long C,
      long chunks,
      long shift,
      long scale,
      @Cast("const void*") long x,
      @Cast("const void*") long modulation,
      @Cast("const float*") long mean,
      @Cast("const float*") long rstd,
      @Cast("const void*") long dy,
      @Cast("const void*") long base,
      @Cast("void*") long dx,
      @Cast("void*") long dmodulation);

  static native int ap_gate_forward(
      @Cast("const Context*") long context,
      int type,
      long B,
      long N,
      long C,
      long chunks,
      long gate,
      @Cast("const void*") long x,
      @Cast("const void*") long branch,
      @Cast("const void*") long modulation,
      @Cast("void*") long y);

  static native int ap_gate_backward(
      @Cast("const Context*") long context,
      int type,
      long B,
      long N,
      long C,
      long chunks,
      long gate,
      @Cast("const void*") long dy,
      @Cast("const void*") long branch,
      @Cast("const void*") long modulation,
      @Cast("void*") long dbranch,
      @Cast("void*") long dmodulation);

  static native int ap_add_to_tokens(
      @Cast("const Context*") long context,
      int type,
      long B,
      long N,
      long C,
      @Cast("const void*") long x,
      @Cast("const void*") long t,
      @Cast("void*") long y);

  static native int ap_sum_over_tokens(
      @Cast("const Context*") long context,
      int type,
      long B,
      long N,
      long C,
      @Cast("const void*") long dy,
      @Cast("void*") long dt);

  static native int ap_embedding_forward(
      @Cast("const Context*") long context,
      int type,
      long count,
      long rows,
      long width,
      @Cast("const int32_t*") long indices,
      @Cast("const void*") long table,
      @Cast("void*") long y);

  static native int ap_embedding_backward(
      @Cast("const Context*") long context,
      int type,
      long count,
      long rows,
      long width,
      @Cast("const int32_t*") long indices,
      @Cast("const void*") long dy,
      @Cast("float*") long dtable);

  static native int ap_timestep_embedding(
      @Cast("const Context*") long context,
      long count,
      long width,
      float maxPeriod,
      @Cast("const float*") long t,
      int yType,
      @Cast("void*") long y);

  static native int ap_gaussian(
      @Cast("const Context*") long context,
      long seed,
      long B,
      long n,
      @Cast("const int32_t*") long streams,
      @Cast("float*") long x);

  static native int ap_assemble_tokens(
      @Cast("const Context*") long context,
      int type,
      long B,
      long N,
      long C,
      @Cast("const void*") long patches,
      @Cast("const float*") long classToken,
      @Cast("const float*") long positions,
      @Cast("void*") long out);

  static native int ap_assemble_tokens_backward(
      @Cast("const Context*") long context,
      int type,
      long B,
      long N,
      long C,
      @Cast("const void*") long dy,
      @Cast("void*") long dpatches);

  static native int ap_select_class_token(
      @Cast("const Context*") long context,
      int type,
      long B,
      long N,
      long C,
      @Cast("const void*") long x,
      @Cast("void*") long y);

  static native int ap_select_class_token_backward(
      @Cast("const Context*") long context,
      int type,
      long B,
      long N,
      long C,
      @Cast("const void*") long dy,
      @Cast("void*") long dx);

  static native int ap_resize_positions(
      @Cast("const Context*") long context,
      long from,
      long to,
      long C,
      @Cast("const float*") long positions,
      @Cast("float*") long out);

  static native int ap_resize_positions_backward(
      @Cast("const Context*") long context,
      long from,
      long to,
      long C,
      @Cast("const float*") long dy,
      @Cast("float*") long dpositions);

  static native int ap_image_transform(
      @Cast("const Context*") long context,
      long B,
      long channels,
      long height,
      long width,
      long R,
      @Cast("const uint8_t*") long pixels,
      @Cast("const float*") long windows,
      @Cast("const float*") long mean,
      @Cast("const float*") long std,
      @Cast("float*") long out);

  static native int ap_image_erase(
      @Cast("const Context*") long context,
      long B,
      long channels,
      long R,
      @Cast("const int32_t*") long rectangles,
      @Cast("float*") long images);

  static native int ap_image_mix(
      @Cast("const Context*") long context,
      long B,
      long channels,
      long R,
      @Cast("const int32_t*") long boxes,
      @Cast("const float*") long lambda,
      @Cast("float*") long images);

  static native int ap_patchify(
      @Cast("const Context*") long context,
      int type,
      long B,
      long channels,
      long R,
      long patch,
      @Cast("const float*") long images,
      @Cast("void*") long patches);

  static native int ap_unpatchify(
      @Cast("const Context*") long context,
      long B,
      long channels,
      long R,
      long patch,
      @Cast("const float*") long tokens,
      @Cast("float*") long images);

  static native int ap_unpatchify_backward(
      @Cast("const Context*") long context,
      long B,
      long channels,
      long R,
      long patch,
      @Cast("const float*") long dimages,
      @Cast("float*") long dtokens);

  static native int ap_convolution_forward(
      @Cast("const Context*") long context,
      int type,
      long B,
      long H,
      long W,
      long in,
      long out,
      long k,
      long stride,
      long padding,
      @Cast("const void*") long x,
      @Cast("const void*") long weight,
      @Cast("const float*") long bias,
      @Cast("void*") long y);

  static native int ap_convolution_backward_input(
      @Cast("const Context*") long context,
      int type,
      long B,
      long H,
      long W,
      long in,
      long out,
      long k,
      long stride,
      long padding,
      @Cast("const void*") long dy,
      @Cast("const void*") long weight,
      @Cast("void*") long dx);

  static native int ap_convolution_backward_weight(
      @Cast("const Context*") long context,
      int type,
      long B,
      long H,
      long W,
      long in,
      long out,
      long k,
      long stride,
      long padding,
      @Cast("const void*") long x,
      @Cast("const void*") long dy,
      @Cast("float*") long dweight,
      @Cast("float*") long dbias);

  static native int ap_unfold(
      @Cast("const Context*") long context,
      int type,
      long B,
      long H,
      long W,
      long in,
      long out,
      long k,
      long stride,
      long padding,
      @Cast("const void*") long x,
      @Cast("void*") long patches);

  static native int ap_group_norm_forward(
      @Cast("const Context*") long context,
      int type,
      long B,
      long N,
      long C,
      long G,
      float epsilon,
      int silu,
      @Cast("const void*") long x,
      @Cast("const float*") long gain,
      @Cast("const float*") long bias,
      @Cast("void*") long y,
      @Cast("float*") long mean,
      @Cast("float*") long rstd);

  static native int ap_group_norm_backward(
      @Cast("const Context*") long context,
      int type,
      long B,
      long N,
      long C,
      long G,
      int silu,
      @Cast("const void*") long x,
      @Cast("const float*") long gain,
      @Cast("const float*") long bias,
      @Cast("const float*") long mean,
      @Cast("const float*") long rstd,
      @Cast("const void*") long dy,
      @Cast("const void*") long base,
      @Cast("void*") long dx);

  static native int ap_group_norm_backward_parameters(
      @Cast("const Context*") long context,
      int type,
      long B,
      long N,
      long C,
      long G,
      int silu,
      @Cast("const void*") long x,
      @Cast("const float*") long gain,
      @Cast("const float*") long bias,
      @Cast("const float*") long mean,
      @Cast("const float*") long rstd,
      @Cast("const void*") long dy,
      @Cast("float*") long dgain,
      @Cast("float*") long dbias);

  static native int ap_upsample_forward(
      @Cast("const Context*") long context,
      int type,
      long B,
      long H,
      long W,
      long C,
      @Cast("const void*") long x,
      @Cast("void*") long y);

  static native int ap_upsample_backward(
      @Cast("const Context*") long context,
      int type,
      long B,
      long H,
      long W,
      long C,
      @Cast("const void*") long dy,
      @Cast("void*") long dx);

  static native int ap_concatenate(
      @Cast("const Context*") long context,
      int type,
      long rows,
      long first,
      long second,
      @Cast("const void*") long a,
      @Cast("const void*") long b,
      @Cast("void*") long out);

  static native int ap_split(
      @Cast("const Context*") long context,
      int type,
      long rows,
      long first,
      long second,
      @Cast("const void*") long x,
      @Cast("void*") long a,
      @Cast("void*") long b);

  static native int ap_cross_entropy_forward(
      @Cast("const Context*") long context,
      long B,
      long classes,
      @Cast("const float*") long logits,
      @Cast("const int32_t*") long labels,
      @Cast("const int32_t*") long partners,
      @Cast("const float*") long lambda,
      float smoothing,
      @Cast("float*") long losses,
      @Cast("float*") long logSumExp);

  static native int ap_cross_entropy_backward(
      @Cast("const Context*") long context,
      long B,
      long classes,
      @Cast("const float*") long logits,
      @Cast("const int32_t*") long labels,
      @Cast("const int32_t*") long partners,
      @Cast("const float*") long lambda,
      float smoothing,
      @Cast("const float*") long logSumExp,
      float scale,
      @Cast("float*") long dlogits);

  static native int ap_mean_squared_error_forward(
      @Cast("const Context*") long context,
      int type,
      long B,
      long P,
      long stride,
      @Cast("const void*") long prediction,
      @Cast("const float*") long target,
      @Cast("float*") long losses);

  static native int ap_mean_squared_error_backward(
      @Cast("const Context*") long context,
      int type,
      long B,
      long P,
      long stride,
      @Cast("const void*") long prediction,
      @Cast("const float*") long target,
      float scale,
      @Cast("float*") long dprediction);

  static native int ap_variational_bound_forward(
      @Cast("const Context*") long context,
      int type,
      long B,
      long P,
      @Cast("const void*") long prediction,
      @Cast("const float*") long clean,
      @Cast("const float*") long noisy,
      @Cast("const float*") long coefficients,
      @Cast("float*") long losses);

  static native int ap_variational_bound_backward(
      @Cast("const Context*") long context,
      int type,
      long B,
      long P,
      @Cast("const void*") long prediction,
      @Cast("const float*") long clean,
      @Cast("const float*") long noisy,
      @Cast("const float*") long coefficients,
      float scale,
      @Cast("float*") long dprediction);

  static native int ap_sum_of_squares(
      @Cast("const Context*") long context,
      long n,
      @Cast("const float*") long x,
      @Cast("float*") long sum);

  static native int ap_adam_w(
      @Cast("const Context*") long context,
      long n,
      float beta1,
      float beta2,
      float epsilon,
      float weightDecay,
      float maxNorm,
      @Cast("const float*") long rates,
      @Cast("float*") long w,
      @Cast("const float*") long g,
      @Cast("float*") long m,
      @Cast("float*") long v,
      @Cast("const float*") long squaredNorm,
      int averages,
      @Cast("const int64_t*") long[] emas,
      @Cast("void*") long rounded);

  static native int ap_ntk_gram_contracted(
      @Cast("const Context*") long context,
      int type,
      long samples,
      long tokens,
      long in,
      long out,
      @Cast("const void*") long x,
      @Cast("const void*") long dy,
      @Cast("double*") long gram);

  static native int ap_ntk_gram_tiled(
      @Cast("const Context*") long context,
      int type,
      long samples,
      long tokens,
      long in,
      long out,
      @Cast("const void*") long x,
      @Cast("const void*") long dy,
      @Cast("double*") long gram);

  static native int ap_ntk_gram_rows(
      @Cast("const Context*") long context,
      long samples,
      long elements,
      @Cast("const float*") long g,
      @Cast("double*") long gram);

  static native int ap_zico_update(
      @Cast("const Context*") long context,
      long n,
      long batch,
      @Cast("const float*") long g,
      @Cast("float*") long mean,
      @Cast("float*") long magnitude,
      @Cast("float*") long squares);

  static native int ap_zico_reduce(
      @Cast("const Context*") long context,
      long n,
      long batches,
      @Cast("const float*") long magnitude,
      @Cast("const float*") long squares,
      @Cast("double*") long sum);

  static native int ap_copy_segments(
      @Cast("const Context*") long context,
      long count,
      @Cast("const int64_t*") long[] fromOffsets,
      @Cast("const int64_t*") long[] toOffsets,
      @Cast("const int64_t*") long[] lengths,
      @Cast("const float*") long from,
      @Cast("float*") long to);
}
