#include "activation.cuh"
#include "context.cuh"

using namespace autoprog;

int ap_gelu_forward(ap_context* context, int32_t type, int64_t n, const void* x, void* y, void* slope) {
  return guarded(context, type, [&](auto as) {
    using T = typename decltype(as)::Type;
    constexpr int kWidth = kVector<T>;
    with_width<kWidth>(loadable<kWidth>(as(x), as(y), as(slope)), [&](auto wide) {
      launch(gelu_forward<T, wide()>, flat_blocks<wide()>(n), kFlatThreads, 0, context->stream, n, as(x), as(y),
             as(slope));
    });
  });
}

int ap_gelu_backward(ap_context* context, int32_t type, int64_t n, const void* slope, const void* dy, void* dx) {
  return guarded(context, type, [&](auto as) {
    using T = typename decltype(as)::Type;
    constexpr int kWidth = kVector<T>;
    with_width<kWidth>(loadable<kWidth>(as(slope), as(dy), as(dx)), [&](auto wide) {
      launch(gelu_backward<T, wide()>, flat_blocks<wide()>(n), kFlatThreads, 0, context->stream, n, as(slope), as(dy),
             as(dx));
    });
  });
}
