#include "context.cuh"
#include "embedding.cuh"

using namespace autoprog;

int ap_embedding_forward(ap_context* context, int32_t type, int64_t count, int64_t rows, int64_t width,
                         const int32_t* indices, const void* table, void* y) {
  return guarded(context, type, [&](auto as) {
    using T = typename decltype(as)::Type;
    constexpr int kWidth = kVector<T>;
    with_width<kWidth>(width % kWidth == 0 && loadable<kWidth>(as(table), as(y)), [&](auto wide) {
      launch(embedding_forward<T, wide()>, flat_blocks<wide()>(count * width), kFlatThreads, 0, context->stream, count,
             rows, width, indices, as(table), as(y));
    });
  });
}

int ap_embedding_backward(ap_context* context, int32_t type, int64_t count, int64_t rows, int64_t width,
                          const int32_t* indices, const void* dy, float* dtable) {
  return guarded(context, type, [&](auto as) {
    using T = typename decltype(as)::Type;
    constexpr int kWidth = kVector<T>;
    with_width<kWidth>(width % kWidth == 0 && loadable<kWidth>(as(dy), dtable), [&](auto wide) {
      const dim3 blocks(row_blocks(rows), blocks_for(width, kWarp * wide()));
      launch(embedding_backward<T, wide()>, blocks, kRowBlock, 0, context->stream, count, rows, width, indices, as(dy),
             dtable);
    });
  });
}

int ap_timestep_embedding(ap_context* context, int64_t count, int64_t width, float max_period, const float* t,
                          int32_t y_type, void* y) {
  return guarded(context, y_type, [&](auto as) {
    using T = typename decltype(as)::Type;
    launch(timestep_embedding<T>, flat_blocks<1>(count * (width - width / 2)), kFlatThreads, 0, context->stream, count,
           width, max_period, t, as(y));
  });
}
