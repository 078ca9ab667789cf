#include "context.cuh"
#include "residual.cuh"

using namespace autoprog;

int ap_residual_forward(ap_context* context, int32_t type, int64_t B, int64_t n, const void* x, const void* branch,
                        const float* scale, void* y) {
  return guarded(context, type, [&](auto as) {
    using T = typename decltype(as)::Type;
    constexpr int kWidth = kVector<T>;
    with_width<kWidth>(n % kWidth == 0 && loadable<kWidth>(as(x), as(branch), as(y)), [&](auto wide) {
      const unsigned blocks = flat_blocks<wide()>(n);
      launch(residual_forward<T, wide()>, blocks_for(B * blocks, 1), kFlatThreads, 0, context->stream, blocks, n, as(x),
             as(branch), scale, as(y));
    });
  });
}

int ap_residual_backward(ap_context* context, int32_t type, int64_t B, int64_t n, const void* dy, const float* scale,
                         void* dbranch) {
  return guarded(context, type, [&](auto as) {
    using T = typename decltype(as)::Type;
    constexpr int kWidth = kVector<T>;
    with_width<kWidth>(n % kWidth == 0 && loadable<kWidth>(as(dy), as(dbranch)), [&](auto wide) {
      const unsigned blocks = flat_blocks<wide()>(n);
      launch(residual_backward<T, wide()>, blocks_for(B * blocks, 1), kFlatThreads, 0, context->stream, blocks, n,
             as(dy), scale, as(dbranch));
    });
  });
}
