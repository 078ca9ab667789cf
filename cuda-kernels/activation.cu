#include "activation.cuh"

using namespace autoprog;

int ap_gelu_forward(ap_context* context, int32_t type, int32_t gelu, int64_t n, const void* x, void* y, void* slope) {
  return guarded(context, type, [&](auto as) {
    with_gelu(gelu, [&](auto activation) { activate(context, activation, n, as(x), as(y), as(slope)); });
  });
}

int ap_gelu_backward(ap_context* context, int32_t type, int64_t n, const void* slope, const void* dy, void* dx) {
  return guarded(context, type, [&](auto as) { multiply_by_slope(context, n, as(slope), as(dy), as(dx)); });
}

int ap_silu_forward(ap_context* context, int32_t type, int64_t n, const void* x, void* y) {
  return guarded(context, type, [&](auto as) {
    using T = typename decltype(as)::Type;
    activate<Silu, T>(context, {}, n, as(x), as(y), nullptr);
  });
}

int ap_silu_backward(ap_context* context, int32_t type, int64_t n, const void* x, const void* dy, void* dx) {
  return guarded(context, type, [&](auto as) {
    using T = typename decltype(as)::Type;
    constexpr int kWidth = kVector<T>;
    with_width<kWidth>(loadable<kWidth>(as(x), as(dy), as(dx)), [&](auto wide) {
      launch(activation_backward<Silu, T, wide()>, flat_blocks<wide()>(n), kFlatThreads, 0, context->stream, n, as(x),
             as(dy), as(dx));
    });
  });
}

int ap_geglu_forward(ap_context* context, int32_t type, int64_t rows, int64_t C, const void* x, void* y) {
  return guarded(context, type, [&](auto as) {
    using T = typename decltype(as)::Type;
    constexpr int kWidth = kVector<T>;
    with_width<kWidth>(C % kWidth == 0 && loadable<kWidth>(as(x), as(y)), [&](auto wide) {
      launch(geglu_forward<T, wide()>, flat_blocks<wide()>(rows * C), kFlatThreads, 0, context->stream, rows, C, as(x),
             as(y));
    });
  });
}

int ap_geglu_backward(ap_context* context, int32_t type, int64_t rows, int64_t C, const void* x, const void* dy,
                      void* dx) {
  return guarded(context, type, [&](auto as) {
    using T = typename decltype(as)::Type;
    constexpr int kWidth = kVector<T>;
    with_width<kWidth>(C % kWidth == 0 && loadable<kWidth>(as(x), as(dy), as(dx)), [&](auto wide) {
      launch(geglu_backward<T, wide()>, flat_blocks<wide()>(rows * C), kFlatThreads, 0, context->stream, rows, C, as(x),
             as(dy), as(dx));
    });
  });
}
