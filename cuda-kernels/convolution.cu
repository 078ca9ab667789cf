#include "context.cuh"
#include "convolution.cuh"

using namespace autoprog;

namespace {

// Of windows at a time: enough that a product of them fills the largest GPU several times.
constexpr int64_t kPatchBytes = int64_t{64} << 20;

// What a context keeps for its convolutions.
struct Convolutions {
  Scratch patches, weight;
};

Convolutions& convolutions_of(ap_context* context) {
  if (context->convolutions == nullptr) context->convolutions = std::make_shared<Convolutions>();
  return *static_cast<Convolutions*>(context->convolutions.get());
}

ConvolutionShape shape_of(int64_t B, int64_t H, int64_t W, int64_t in, int64_t out, int64_t k, int64_t stride,
                          int64_t padding) {
  return {B, H, W, in, out, static_cast<int>(k), stride, padding};
}

// So many of `n`, each with so many bytes of windows, are done at a time: a multiple of `granule`, or all.
int64_t at_a_time(int64_t n, int64_t bytes_each, int64_t granule) {
  return std::min(n, std::max(granule, kPatchBytes / bytes_each / granule * granule));
}

// The weight in another order. Valid until the next call.
template <class T>
T* ordered(ap_context* context, const ConvolutionShape& s, const WeightOrder& order, const T* weight) {
  T* to = convolutions_of(context).weight.take<T>(s.patch() * s.out);
  launch(order_weight<T>, flat_blocks<1>(s.in * s.out), kFlatThreads, 0, context->stream, order, s.window(), weight,
         to);
  return to;
}

// Lays out the windows of x piece by piece, and gives each piece to multiply(first row, rows, windows), which returns a
// code.
template <class Multiply>
int with_windows(ap_context* context, int32_t type, const ConvolutionShape& s, const void* x, Multiply multiply) {
  const int64_t rows = s.B * s.out_pixels(), bytes = type == AP_BFLOAT16 ? 2 : 4;
  if (s.of_pixels()) return multiply(0, rows, x);
  constexpr int64_t kRowsOfTile = 128;
  const int64_t together = at_a_time(rows, s.patch() * bytes, kRowsOfTile);
  int code = 0;
  for (int64_t first = 0; first < rows && code == 0; first += together) {
    const int64_t count = std::min(together, rows - first);
    void* windows = nullptr;
    code = guarded(context, type, [&](auto as) {
      using T = typename decltype(as)::Type;
      constexpr int kWidth = kVector<T>;
      windows = convolutions_of(context).patches.take<T>(together * s.patch());
      with_width<kWidth>(s.in % kWidth == 0 && loadable<kWidth>(as(x)), [&](auto wide) {
        launch(lay_out_windows<T, wide()>, row_blocks(count), kRowBlock, 0, context->stream, s, first, count, as(x),
               as(windows));
      });
    });
    if (code == 0) code = multiply(first, count, windows);
  }
  return code;
}

// Element i of an array of the type.
template <class P>
P* at(int32_t type, P* p, int64_t i) {
  using Byte = std::conditional_t<std::is_const_v<P>, const char, char>;
  return static_cast<Byte*>(p) + i * (type == AP_BFLOAT16 ? 2 : 4);
}

// y = the windows of x times a weight in their order
int multiply_windows(ap_context* context, int32_t type, const ConvolutionShape& s, const void* x, const void* weight,
                     const float* bias, void* y) {
  return with_windows(context, type, s, x, [&](int64_t first, int64_t count, const void* windows) {
    return ap_linear_forward(context, type, count, s.patch(), s.out, windows, weight, bias, nullptr, type,
                             at(type, y, first * s.out));
  });
}

// dx of any stride: each pixel's sum over the windows that it is in.
int fold_products(ap_context* context, int32_t type, const ConvolutionShape& s, const void* dy, const void* weight,
                  void* dx) {
  const int64_t sample = s.out_pixels() * s.patch();
  const int64_t together = at_a_time(s.B, sample * static_cast<int64_t>(sizeof(float)), 1);
  float* dpatches = nullptr;
  int code = guarded(context, [&] { dpatches = convolutions_of(context).patches.take<float>(together * sample); });
  for (int64_t first = 0; first < s.B && code == 0; first += together) {
    const int64_t samples = std::min(together, s.B - first), rows = samples * s.out_pixels();
    code = ap_linear_forward(context, type, rows, s.out, s.patch(), at(type, dy, first * s.out_pixels() * s.out),
                             weight, nullptr, nullptr, AP_FLOAT32, dpatches);
    if (code != 0) break;
    code = guarded(context, type, [&](auto as) {
      using T = typename decltype(as)::Type;
      constexpr int kWidth = kVector<float>;
      T* to = as(dx) + first * s.H * s.W * s.in;
      with_width<kWidth>(s.in % kWidth == 0 && loadable<kWidth>(to), [&](auto wide) {
        launch(fold<T, wide()>, row_blocks(samples * s.H * s.W), kRowBlock, 0, context->stream, s, samples, dpatches,
               to);
      });
    });
  }
  return code;
}

}  // namespace

int ap_convolution_forward(ap_context* context, int32_t type, int64_t B, int64_t H, int64_t W, int64_t in, int64_t out,
                           int64_t k, int64_t stride, int64_t padding, const void* x, const void* weight,
                           const float* bias, void* y) {
  const ConvolutionShape s = shape_of(B, H, W, in, out, k, stride, padding);
  const void* in_order = weight;
  const int code = guarded(context, type, [&](auto as) {
    if (k > 1) in_order = ordered(context, s, WeightOrder::of_windows(s), as(weight));
  });
  return code != 0 ? code : multiply_windows(context, type, s, x, in_order, bias, y);
}

int ap_convolution_backward_input(ap_context* context, int32_t type, int64_t B, int64_t H, int64_t W, int64_t in,
                                  int64_t out, int64_t k, int64_t stride, int64_t padding, const void* dy,
                                  const void* weight, void* dx) {
  const ConvolutionShape s = shape_of(B, H, W, in, out, k, stride, padding);
  const WeightOrder order = stride == 1 ? WeightOrder::of_gradient(s) : WeightOrder::of_fold(s);
  const void* in_order = nullptr;
  const int code = guarded(context, type, [&](auto as) { in_order = ordered(context, s, order, as(weight)); });
  if (code != 0) return code;
  return stride == 1 ? multiply_windows(context, type, s.of_gradient(), dy, in_order, nullptr, dx)
                     : fold_products(context, type, s, dy, in_order, dx);
}

int ap_convolution_backward_weight(ap_context* context, int32_t type, int64_t B, int64_t H, int64_t W, int64_t in,
                                   int64_t out, int64_t k, int64_t stride, int64_t padding, const void* x,
                                   const void* dy, float* dweight, float* dbias) {
  const ConvolutionShape s = shape_of(B, H, W, in, out, k, stride, padding);
  float* sum = dweight;
  int code = guarded(context, [&] {
    if (k > 1) sum = ordered(context, s, WeightOrder::of_windows(s), static_cast<const float*>(dweight));
  });
  if (code != 0) return code;
  code = with_windows(context, type, s, x, [&](int64_t first, int64_t count, const void* windows) {
    return ap_linear_backward_weight(context, type, count, s.patch(), out, windows, at(type, dy, first * out), sum,
                                     dbias);
  });
  if (code != 0 || k == 1) return code;
  return guarded(context, [&] {
    const unsigned blocks = flat_blocks<1>(s.patch());
    launch(put_back_weight, blocks_for(out * blocks, 1), kFlatThreads, 0, context->stream, blocks, s, sum, dweight);
  });
}

int ap_unfold(ap_context* context, int32_t type, int64_t B, int64_t H, int64_t W, int64_t in, int64_t out, int64_t k,
              int64_t stride, int64_t padding, const void* x, void* patches) {
  return guarded(context, type, [&](auto as) {
    const ConvolutionShape s = shape_of(B, H, W, in, out, k, stride, padding);
    using T = typename decltype(as)::Type;
    launch(unfold<T>, row_blocks(B * s.out_pixels()), kRowBlock, 0, context->stream, s, as(x), as(patches));
  });
}
