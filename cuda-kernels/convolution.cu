#include "context.cuh"
#include "convolution.cuh"

using namespace autoprog;

namespace {

constexpr int64_t kPatchBytes = int64_t{32} << 20;  // of windows at a time: the second-level cache keeps them

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

template <class T>
void unfold_rows(ap_context* context, const ConvolutionShape& s, int64_t first, int64_t count, const T* x, T* patches) {
  launch(unfold<T>, row_blocks(count), kRowBlock, 0, context->stream, s, first, count, x, patches);
}

// Lays out the windows of x piece by piece, and gives each piece to multiply(first row, rows, windows), which returns a
// code.
template <class Multiply>
int with_patches(ap_context* context, int32_t type, const ConvolutionShape& s, const void* x, Multiply multiply) {
  const int64_t rows = s.B * s.out_pixels(), bytes = type == AP_BFLOAT16 ? 2 : 4;
  constexpr int64_t kRowsOfTile = 128;
  const int64_t together = at_a_time(rows, s.patch() * bytes, kRowsOfTile);
  int code = 0;
  for (int64_t first = 0; first < rows && code == 0; first += together) {
    const int64_t count = std::min(together, rows - first);
    void* patches = nullptr;
    code = guarded(context, type, [&](auto as) {
      patches = convolutions_of(context).patches.take<char>(together * s.patch() * bytes);
      unfold_rows(context, s, first, count, as(x), as(patches));
    });
    if (code == 0) code = multiply(first, count, patches);
  }
  return code;
}

// Element i of an array of the type.
template <class P>
P* at(int32_t type, P* p, int64_t i) {
  using Byte = std::conditional_t<std::is_const_v<P>, const char, char>;
  return static_cast<Byte*>(p) + i * (type == AP_BFLOAT16 ? 2 : 4);
}

}  // namespace

int ap_convolution_forward(ap_context* context, int32_t type, int64_t B, int64_t H, int64_t W, int64_t in, int64_t out,
                           int64_t k, int64_t stride, int64_t padding, const void* x, const void* weight,
                           const float* bias, void* y) {
  const ConvolutionShape s = shape_of(B, H, W, in, out, k, stride, padding);
  return with_patches(context, type, s, x, [&](int64_t first, int64_t count, const void* patches) {
    return ap_linear_forward(context, type, count, s.patch(), out, patches, weight, bias, nullptr, type,
                             at(type, y, first * out));
  });
}

int ap_convolution_backward_input(ap_context* context, int32_t type, int64_t B, int64_t H, int64_t W, int64_t in,
                                  int64_t out, int64_t k, int64_t stride, int64_t padding, const void* dy,
                                  const void* weight, void* dx) {
  const ConvolutionShape s = shape_of(B, H, W, in, out, k, stride, padding);
  const int64_t sample = s.out_pixels() * s.patch();
  const int64_t together = at_a_time(B, sample * static_cast<int64_t>(sizeof(float)), 1);
  void* turned = nullptr;
  float* dpatches = nullptr;
  int code = guarded(context, type, [&](auto as) {
    using T = typename decltype(as)::Type;
    T* to = convolutions_of(context).weight.take<T>(s.patch() * out);
    turned = to;
    dpatches = convolutions_of(context).patches.take<float>(together * sample);
    launch(turn_weight<T>, flat_blocks<1>(s.patch() * out), kFlatThreads, 0, context->stream, s, as(weight), to);
  });
  for (int64_t first = 0; first < B && code == 0; first += together) {
    const int64_t samples = std::min(together, B - first), rows = samples * s.out_pixels();
    code = ap_linear_forward(context, type, rows, out, s.patch(), at(type, dy, first * s.out_pixels() * out), turned,
                             nullptr, nullptr, AP_FLOAT32, dpatches);
    if (code != 0) break;
    code = guarded(context, type, [&](auto as) {
      using T = typename decltype(as)::Type;
      constexpr int kWidth = kVector<float>;
      T* to = as(dx) + first * H * W * in;
      with_width<kWidth>(in % kWidth == 0 && loadable<kWidth>(to), [&](auto wide) {
        launch(fold<T, wide()>, row_blocks(samples * H * W), kRowBlock, 0, context->stream, s, samples, dpatches, to);
      });
    });
  }
  return code;
}

int ap_convolution_backward_weight(ap_context* context, int32_t type, int64_t B, int64_t H, int64_t W, int64_t in,
                                   int64_t out, int64_t k, int64_t stride, int64_t padding, const void* x,
                                   const void* dy, float* dweight, float* dbias) {
  const ConvolutionShape s = shape_of(B, H, W, in, out, k, stride, padding);
  return with_patches(context, type, s, x, [&](int64_t first, int64_t count, const void* patches) {
    return ap_linear_backward_weight(context, type, count, s.patch(), out, patches, at(type, dy, first * out), dweight,
                                     dbias);
  });
}

int ap_unfold(ap_context* context, int32_t type, int64_t B, int64_t H, int64_t W, int64_t in, int64_t out, int64_t k,
              int64_t stride, int64_t padding, const void* x, void* patches) {
  return guarded(context, type, [&](auto as) {
    const ConvolutionShape s = shape_of(B, H, W, in, out, k, stride, padding);
    unfold_rows(context, s, 0, B * s.out_pixels(), as(x), as(patches));
  });
}
