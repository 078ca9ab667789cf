#include "group_norm.cuh"

using namespace autoprog;

namespace {

// So many blocks share in a pass, unless that leaves a thread less than it loads at once: enough to even out what the
// multiprocessors do, and few where sums of all are left to be added.
constexpr int64_t kElementBlocks = 2048, kGroupSumBlocks = 1024, kParameterSumBlocks = 256;

// The blocks of a pass over maps, and what each has.
template <int Width>
struct Slabs {
  GroupShape shape;
  dim3 grid, block;

  Slabs(int64_t B, int64_t N, int64_t C, int64_t G, int64_t blocks) : shape{B, N, C, G, 0, 0, static_cast<int>(C / G)} {
    const int64_t vectors = C / Width, tiles = blocks_for(vectors, kSlabThreads);
    block.x = blocks_for(vectors, tiles);
    block.y = kSlabThreads / block.x;
    const int64_t least = int64_t{kPixelsAtOnce} * block.y;
    shape.slab = blocks_for(blocks_for(B * N * tiles, blocks), least) * least;
    shape.slabs = static_cast<int>(blocks_for(N, shape.slab));
    grid = dim3(blocks_for(parts(), 1), static_cast<unsigned>(tiles));
  }
  int64_t parts() const { return shape.B * shape.slabs; }
  int64_t groups() const { return shape.B * shape.G; }
  int64_t sums() const { return parts() * 2 * shape.C; }
};

}  // namespace

int ap_group_norm_forward(ap_context* context, int32_t type, int64_t B, int64_t N, int64_t C, int64_t G, float epsilon,
                          int32_t silu, const void* x, const float* gain, const float* bias, void* y, float* mean,
                          float* rstd) {
  return guarded(context, type, [&](auto as) {
    using T = typename decltype(as)::Type;
    constexpr int kWidth = kVector<T>;
    with_width<kWidth>(C % kWidth == 0 && loadable<kWidth>(as(x), gain, bias, as(y)), [&](auto wide) {
      const Slabs<wide()> summed(B, N, C, G, kGroupSumBlocks), all(B, N, C, G, kElementBlocks);
      float* sums = context->scratch.take<float>(summed.sums() + summed.groups());
      float* rest = sums + summed.sums();
      const Partial<2, 1> partial{sums, C};
      launch(sum_slabs<Deviations<T, wide()>, wide(), const T*>, summed.grid, summed.block, 0, context->stream,
             summed.shape, as(x), partial);
      launch(group_statistics<T>, blocks_for(summed.groups(), 1), kSumThreads, 0, context->stream, summed.shape,
             epsilon, as(x), partial, mean, rest, rstd);
      launch(group_norm_forward<T, wide()>, all.grid, all.block, 0, context->stream, all.shape, silu != 0, as(x), gain,
             bias, mean, rest, rstd, as(y));
    });
  });
}

int ap_group_norm_backward(ap_context* context, int32_t type, int64_t B, int64_t N, int64_t C, int64_t G, int32_t silu,
                           const void* x, const float* gain, const float* bias, const float* mean, const float* rstd,
                           const void* dy, const void* base, void* dx) {
  return guarded(context, type, [&](auto as) {
    using T = typename decltype(as)::Type;
    constexpr int kWidth = kVector<T>;
    const GroupNormGiven<T> given{silu != 0, as(x), as(dy), gain, bias, mean, rstd};
    const bool wide = C % kWidth == 0 && loadable<kWidth>(as(x), gain, bias, as(dy), as(base), as(dx));
    with_width<kWidth>(wide, [&](auto width) {
      const Slabs<width()> summed(B, N, C, G, kGroupSumBlocks), all(B, N, C, G, kElementBlocks);
      float* sums = context->scratch.take<float>(summed.sums() + 2 * summed.groups());
      float *mean_gradient = sums + summed.sums(), *mean_along = mean_gradient + summed.groups();
      const Partial<2, 1> partial{sums, C};
      launch(sum_slabs<GroupNormTerms<T, width()>, width(), GroupNormGiven<T>>, summed.grid, summed.block, 0,
             context->stream, summed.shape, given, partial);
      launch(group_means, blocks_for(summed.groups(), 1), kSumThreads, 0, context->stream, summed.shape, gain, partial,
             mean_gradient, mean_along);
      const auto elements = [&](auto has_base) {
        launch(group_norm_backward<T, width(), has_base()>, all.grid, all.block, 0, context->stream, all.shape, given,
               mean_gradient, mean_along, as(base), as(dx));
      };
      if (base != nullptr) {
        elements(std::true_type{});
      } else {
        elements(std::false_type{});
      }
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
    const GroupNormGiven<T> given{silu != 0, as(x), as(dy), gain, bias, mean, rstd};
    with_width<kWidth>(C % kWidth == 0 && loadable<kWidth>(as(x), as(dy), gain, bias), [&](auto wide) {
      const Slabs<wide()> summed(B, N, C, G, kParameterSumBlocks);
      const Partial<2, 1> partial{context->scratch.take<float>(summed.sums()), C};
      launch(sum_slabs<GroupNormTerms<T, wide()>, wide(), GroupNormGiven<T>>, summed.grid, summed.block, 0,
             context->stream, summed.shape, given, partial);
      add_parts(context, summed.parts(), C, partial, Added<2>{{dgain, dbias}});
    });
  });
}
