#include "context.cuh"
#include "token.cuh"

using namespace autoprog;

namespace {

// So many bytes of shared memory do the shares of resize_positions_backward take.
size_t bytes_of_shares(int64_t to) {
  const auto bytes = static_cast<size_t>(to) * sizeof(Share);
  return (bytes + 15) / 16 * 16 + bytes;
}

}  // namespace

int ap_assemble_tokens(ap_context* context, int32_t type, int64_t B, int64_t N, int64_t C, const void* patches,
                       const float* class_token, const float* positions, void* out) {
  return guarded(context, type, [&](auto as) {
    using T = typename decltype(as)::Type;
    constexpr int kWidth = kVector<T>;
    const bool wide = C % kWidth == 0 && loadable<kWidth>(as(patches), class_token, positions, as(out));
    with_width<kWidth>(wide, [&](auto width) {
      launch(assemble_tokens<T, width()>, flat_blocks<width()>(B * N * C), kFlatThreads, 0, context->stream, B, N, C,
             as(patches), class_token, positions, as(out));
    });
  });
}

int ap_assemble_tokens_backward(ap_context* context, int32_t type, int64_t B, int64_t N, int64_t C, const void* dy,
                                void* dpatches) {
  return guarded(context, type, [&](auto as) {
    using T = typename decltype(as)::Type;
    constexpr int kWidth = kVector<T>;
    with_width<kWidth>(C % kWidth == 0 && loadable<kWidth>(as(dy), as(dpatches)), [&](auto width) {
      launch(assemble_tokens_backward<T, width()>, flat_blocks<width()>(B * (N - 1) * C), kFlatThreads, 0,
             context->stream, B, N, C, as(dy), as(dpatches));
    });
  });
}

int ap_select_class_token(ap_context* context, int32_t type, int64_t B, int64_t N, int64_t C, const void* x, void* y) {
  return guarded(context, type, [&](auto as) {
    using T = typename decltype(as)::Type;
    constexpr int kWidth = kVector<T>;
    with_width<kWidth>(C % kWidth == 0 && loadable<kWidth>(as(x), as(y)), [&](auto width) {
      launch(select_class_token<T, width()>, flat_blocks<width()>(B * C), kFlatThreads, 0, context->stream, B, N, C,
             as(x), as(y));
    });
  });
}

int ap_select_class_token_backward(ap_context* context, int32_t type, int64_t B, int64_t N, int64_t C, const void* dy,
                                   void* dx) {
  return guarded(context, type, [&](auto as) {
    using T = typename decltype(as)::Type;
    constexpr int kWidth = kVector<T>;
    with_width<kWidth>(C % kWidth == 0 && loadable<kWidth>(as(dy), as(dx)), [&](auto width) {
      launch(select_class_token_backward<T, width()>, flat_blocks<width()>(B * N * C), kFlatThreads, 0, context->stream,
             B, N, C, as(dy), as(dx));
    });
  });
}

int ap_resize_positions(ap_context* context, int64_t from, int64_t to, int64_t C, const float* positions, float* out) {
  return guarded(context, [&] {
    launch(resize_positions, blocks_for(1 + to * to, 1), kFlatThreads, 0, context->stream, from, to, C, positions, out);
  });
}

int ap_resize_positions_backward(ap_context* context, int64_t from, int64_t to, int64_t C, const float* dy,
                                 float* dpositions) {
  return guarded(context, [&] {
    launch(resize_positions_backward, blocks_for(1 + from * from, 1), kFlatThreads, bytes_of_shares(to),
           context->stream, from, to, C, dy, dpositions);
  });
}
