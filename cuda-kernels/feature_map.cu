#include "context.cuh"
#include "feature_map.cuh"

using namespace autoprog;

int ap_upsample_forward(ap_context* context, int32_t type, int64_t B, int64_t H, int64_t W, int64_t C, const void* x,
                        void* y) {
  return guarded(context, type, [&](auto as) {
    using T = typename decltype(as)::Type;
    constexpr int kWidth = kVector<T>;
    const int64_t rows = 4 * B * H * W;
    with_width<kWidth>(C % kWidth == 0 && loadable<kWidth>(as(x), as(y)), [&](auto wide) {
      launch(upsample_forward<T, wide()>, row_blocks(rows), kRowBlock, 0, context->stream, rows, W, C, as(x), as(y));
    });
  });
}

int ap_upsample_backward(ap_context* context, int32_t type, int64_t B, int64_t H, int64_t W, int64_t C, const void* dy,
                         void* dx) {
  return guarded(context, type, [&](auto as) {
    using T = typename decltype(as)::Type;
    constexpr int kWidth = kVector<T>;
    const int64_t rows = B * H * W;
    with_width<kWidth>(C % kWidth == 0 && loadable<kWidth>(as(dy), as(dx)), [&](auto wide) {
      launch(upsample_backward<T, wide()>, row_blocks(rows), kRowBlock, 0, context->stream, rows, W, C, as(dy), as(dx));
    });
  });
}

int ap_concatenate(ap_context* context, int32_t type, int64_t rows, int64_t first, int64_t second, const void* a,
                   const void* b, void* out) {
  return guarded(context, type, [&](auto as) {
    using T = typename decltype(as)::Type;
    constexpr int kWidth = kVector<T>;
    const bool even = first % kWidth == 0 && second % kWidth == 0;
    with_width<kWidth>(even && loadable<kWidth>(as(a), as(b), as(out)), [&](auto wide) {
      launch(concatenate<T, wide()>, row_blocks(rows), kRowBlock, 0, context->stream, rows, first, second, as(a), as(b),
             as(out));
    });
  });
}

int ap_split(ap_context* context, int32_t type, int64_t rows, int64_t first, int64_t second, const void* x, void* a,
             void* b) {
  return guarded(context, type, [&](auto as) {
    using T = typename decltype(as)::Type;
    constexpr int kWidth = kVector<T>;
    const bool even = first % kWidth == 0 && second % kWidth == 0;
    with_width<kWidth>(even && loadable<kWidth>(as(x), as(a), as(b)), [&](auto wide) {
      launch(split<T, wide()>, row_blocks(rows), kRowBlock, 0, context->stream, rows, first, second, as(x), as(a),
             as(b));
    });
  });
}
