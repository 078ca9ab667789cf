#include "group_norm.cuh"

using namespace autoprog;

int ap_group_norm_forward(ap_context* context, int32_t type, int64_t B, int64_t N, int64_t C, int64_t G, float epsilon,
                          int32_t silu, const void* x, const float* gain, const float* bias, void* y, float* mean,
                          float* rstd) {
  return guarded(context, type, [&](auto as) {
    using T = typename decltype(as)::Type;
    constexpr int kWidth = kVector<T>;
    const GroupShape s{B, N, C, G};
    with_width<kWidth>(s.of_group() % kWidth == 0 && loadable<kWidth>(as(x), gain, bias, as(y)), [&](auto wide) {
      launch(group_norm_forward<T, wide()>, blocks_for(B * G, 1), kGroupThreads, 0, context->stream, s, epsilon,
             silu != 0, as(x), gain, bias, as(y), mean, rstd);
    });
  });
}

int ap_group_norm_backward(ap_context* context, int32_t type, int64_t B, int64_t N, int64_t C, int64_t G, int32_t silu,
                           const void* x, const float* gain, const float* bias, const float* mean, const float* rstd,
                           const void* dy, const void* base, void* dx) {
  return guarded(context, type, [&](auto as) {
    using T = typename decltype(as)::Type;
    constexpr int kWidth = kVector<T>;
    const GroupShape s{B, N, C, G};
    const bool wide = s.of_group() % kWidth == 0 && loadable<kWidth>(as(x), gain, bias, as(dy), as(base), as(dx));
    with_width<kWidth>(wide, [&](auto width) {
      launch(group_norm_backward<T, width()>, blocks_for(B * G, 1), kGroupThreads, 0, context->stream, s, silu != 0,
             as(x), gain, bias, mean, rstd, as(dy), as(base), as(dx));
    });
  });
}

int ap_group_norm_backward_parameters(ap_context* context, int32_t type, int64_t B, int64_t N, int64_t C, int64_t G,
                                      int32_t silu, const void* x, const float* gain, const float* bias,
                                      const float* mean, const float* rstd, const void* dy, float* dgain,
                                      float* dbias) {
  return guarded(context, type, [&](auto as) {
    using T = typename decltype(as)::Type;
    constexpr int kWidth = kVector<T>;
    const GroupShape s{B, N, C, G};
    with_width<kWidth>(s.of_group() % kWidth == 0 && loadable<kWidth>(as(x), as(dy), gain, bias), [&](auto wide) {
      const GroupNormTerms<T, wide()> terms{s, silu != 0, as(x), as(dy), gain, bias, mean, rstd};
      sum_over_rows<2, wide()>(context, B * N, C, Added<2>{{dgain, dbias}}, terms);
    });
  });
}
