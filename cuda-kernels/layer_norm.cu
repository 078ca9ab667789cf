#include "layer_norm.cuh"

using namespace autoprog;

int ap_layer_norm_forward(ap_context* context, int32_t type, int64_t rows, int64_t C, float epsilon, const void* x,
                          const float* gain, const float* bias, void* y, float* mean, float* rstd) {
  return guarded(context, type, [&](auto as) {
    using T = typename decltype(as)::Type;
    constexpr int kWidth = kVector<T>;
    with_walk<T, kNormForward>(C % kWidth == 0 && loadable<kWidth>(as(x), gain, bias, as(y)), C, [&](auto walk) {
      launch(layer_norm_forward<T, decltype(walk)>, row_blocks(rows), kRowBlock, 0, context->stream, rows, C, epsilon,
             as(x), gain, bias, as(y), mean, rstd);
    });
  });
}

int ap_layer_norm_backward(ap_context* context, int32_t type, int64_t rows, int64_t C, const void* x, const float* gain,
                           const float* mean, const float* rstd, const void* dy, const void* base, void* dx) {
  return guarded(context, type, [&](auto as) {
    using T = typename decltype(as)::Type;
    constexpr int kWidth = kVector<T>;
    with_walk<T, kNormBackward>(C % kWidth == 0 && loadable<kWidth>(as(x), gain, as(dy), as(base), as(dx)), C,
                                [&](auto walk) {
                                  launch(layer_norm_backward<T, decltype(walk)>, row_blocks(rows), kRowBlock, 0,
                                         context->stream, rows, C, as(x), gain, mean, rstd, as(dy), as(base), as(dx));
                                });
  });
}

int ap_layer_norm_backward_parameters(ap_context* context, int32_t type, int64_t rows, int64_t C, const void* x,
                                      const float* mean, const float* rstd, const void* dy, float* dgain,
                                      float* dbias) {
  return guarded(context, type, [&](auto as) {
    using T = typename decltype(as)::Type;
    with_width<kSumWidth>(C % kSumWidth == 0 && loadable<kSumWidth>(as(x), as(dy)), [&](auto wide) {
      const NormTerms<T, wide()> terms{C, as(x), as(dy), mean, rstd};
      sum_over_rows<2, wide()>(context, rows, C, Added<2>{{dgain, dbias}}, terms);
    });
  });
}
