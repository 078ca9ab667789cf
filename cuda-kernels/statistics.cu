#include <algorithm>

#include "context.cuh"
#include "ntk_gram.cuh"
#include "ntk_gram_contracted.cuh"
#include "ntk_gram_tiled.cuh"
#include "statistics.cuh"

using namespace autoprog;

namespace {

template <class T>
Factor<T> factor(const T* data, int64_t width) {
  return {data, width, width % kVector<T> == 0 && loadable<kVector<T>>(data)};
}

// The pairs of groups of samples, each with blocks of its own: one pair up to 16 samples.
int64_t choices_of(int64_t n) {
  return pair_at(std::max<int64_t>(2, divide_up(n, kGroup)) - 1, 0);
}

// body(Wide<stages>) with as many stages of the contracted kernel as the device has shared memory for.
template <class T, class Body>
void with_stages(const ap_context* context, Body body) {
  if constexpr (kContractedBytes < T, kStages < T >>> kLeastShared) {
    static_assert(kContractedBytes<T, kStages<T> - 1> <= kLeastShared);
    if (kContractedBytes < T, kStages < T >>> context->most_shared) return body(Wide<kStages<T> - 1>{});
  }
  body(Wide<kStages<T>>{});
}

// gram (n, n) += what find(parts, partial) finds in at most `most` parts, each by `blocks_each` blocks.
template <class Find>
void add_grams(ap_context* context, int64_t n, int64_t most, int64_t blocks_each, double* gram, Find find) {
  // blocks that fill a GPU of 132 multiprocessors twice; 8 MiB of parts
  constexpr int64_t kEnoughBlocks = 264, kMostNumbers = 1 << 20;
  const int64_t parts =
      std::max<int64_t>(1, std::min({most, kEnoughBlocks / blocks_each, kMostNumbers / pair_at(n, 0)}));
  double* partial = context->scratch.take<double>(parts * pair_at(n, 0));
  find(parts, partial);
  launch(add_partial_grams, row_blocks(n * n), kRowBlock, 0, context->stream, n, parts, partial, gram);
}

}  // namespace

int ap_ntk_gram_contracted(ap_context* context, int32_t type, int64_t n, int64_t N, int64_t in, int64_t out,
                           const void* x, const void* dy, double* gram) {
  return guarded(context, type, [&](auto as) {
    using T = typename decltype(as)::Type;
    const int64_t pairs_of_blocks = pair_at(divide_up(n * N, kRows), 0);
    add_grams(context, n, pairs_of_blocks, 1, gram, [&](int64_t parts, double* partial) {
      with_stages<T>(context, [&](auto stages) {
        launch(ntk_gram_contracted<T, stages()>, blocks_for(parts, 1), kGramThreads, kContractedBytes<T, stages()>,
               context->stream, n, N, factor(as(x), in), factor(as(dy), out), partial);
      });
    });
  });
}

int ap_ntk_gram_tiled(ap_context* context, int32_t type, int64_t n, int64_t N, int64_t in, int64_t out, const void* x,
                      const void* dy, double* gram) {
  const size_t bytes = type == AP_BFLOAT16 ? kTiledBytes<BFloat16> : kTiledBytes<float>;
  if (bytes > context->most_shared) return ap_ntk_gram_contracted(context, type, n, N, in, out, x, dy, gram);
  return guarded(context, type, [&](auto as) {
    using T = typename decltype(as)::Type;
    const int64_t tiles = divide_up(out, kDown) * divide_up(in, kAcross), choices = choices_of(n);
    add_grams(context, n, tiles, choices, gram, [&](int64_t parts, double* partial) {
      launch(ntk_gram_tiled<T>, blocks_for(choices * parts, 1), kGramThreads, kTiledBytes<T>, context->stream, n, N,
             factor(as(x), in), factor(as(dy), out), parts, partial);
    });
  });
}

int ap_ntk_gram_rows(ap_context* context, int64_t n, int64_t P, const float* g, double* gram) {
  return guarded(context, [&] {
    const int64_t choices = choices_of(n);
    add_grams(context, n, divide_up(P, kRun), choices, gram, [&](int64_t parts, double* partial) {
      launch(ntk_gram_rows, blocks_for(choices * parts, 1), kGramThreads, 0, context->stream, n, factor(g, P), parts,
             partial);
    });
  });
}

int ap_zico_update(ap_context* context, int64_t n, int64_t batch, const float* g, float* mean, float* magnitude,
                   float* squares) {
  return guarded(context, [&] {
    constexpr int kWidth = kVector<float>;
    const float share = 1.0f / static_cast<float>(batch);
    with_width<kWidth>(loadable<kWidth>(g, mean, magnitude, squares), [&](auto wide) {
      launch(zico_update<wide()>, flat_blocks<wide()>(n), kFlatThreads, 0, context->stream, n, share, g, mean,
             magnitude, squares);
    });
  });
}

int ap_zico_reduce(ap_context* context, int64_t n, int64_t batches, const float* magnitude, const float* squares,
                   double* sum) {
  return guarded(context, [&] {
    constexpr int kWidth = kVector<float>;
    const unsigned blocks = sum_blocks<kWidth>(n);
    double* partial = context->scratch.take<double>(blocks);
    with_width<kWidth>(loadable<kWidth>(magnitude, squares), [&](auto wide) {
      launch(zico_reduce<wide()>, blocks, kSumThreads, 0, context->stream, n, static_cast<float>(batches), magnitude,
             squares, partial);
    });
    launch(add_partial_sums<double>, 1, kSumThreads, 0, context->stream, static_cast<int>(blocks), partial, sum);
  });
}
