#include <algorithm>

#include "attention.cuh"
#include "attention_backward.cuh"
#include "attention_backward_wgmma.cuh"
#include "attention_float.cuh"
#include "attention_forward.cuh"
#include "attention_forward_wgmma.cuh"
#include "context.cuh"

using namespace autoprog;

namespace {

// ---- which kernel serves which shape ----------------------------------------------------------------------------

// Of bfloat16 heads of up to W elements: the most threads of a block, such that two blocks of a multiprocessor (65536
// registers) hold their sums without spilling.
template <int W>
struct Plan {
  static constexpr int forward_threads = W <= 64 ? 256 : W <= 128 ? 192 : 128;
  static constexpr int backward_threads = W <= 80 ? 192 : 128;
  // blocks of 16 queries that a warp owns where keys pass in tiles: two halve the reads of shared memory
  static constexpr int tiled_blocks = W <= 80 ? 2 : 1;
};

// Shared memory of a multiprocessor of sm_90, and what of it each block has beside its own.
constexpr size_t kMultiprocessorShared = 228 * 1024, kReserved = 1024;
// A head lies in shared memory as a whole if two blocks fit into a multiprocessor, and the device has room for one.
constexpr size_t kMostShared = kMultiprocessorShared / 2 - kReserved;
bool fits_whole(const ap_context* context, size_t bytes) {
  return bytes <= std::min(kMostShared, context->most_shared);
}
// Multiprocessors of a GPU that is to be filled.
constexpr int kMultiprocessors = 132;
constexpr int kEnoughBlocks = 2 * kMultiprocessors;

// body(Wide<W>) for the least W of the list that is not below D.
template <int First, int... Rest, class Body>
void with_head_width(int64_t D, Body body) {
  if constexpr (sizeof...(Rest) > 0) {
    if (D > First) return with_head_width<Rest...>(D, body);
  }
  body(Wide<First>{});
}

int divide_up(int n, int by) {
  return (n + by - 1) / by;
}

// How the blocks of 16 rows of a head are shared out: to as many warps as leave the fewest of them idle in the last
// round, and to several thread blocks where there are few heads.
struct Shares {
  int warps, parts;

  Shares(int rows, int most_threads, int heads) {
    const int most_warps = most_threads / kWarp, blocks = divide_up(rows, kBlock);
    const int rounds = divide_up(blocks, most_warps);
    warps = divide_up(blocks, rounds);
    parts = std::clamp(kEnoughBlocks / heads, 1, rounds);
  }
};

template <int W>
constexpr size_t tile_bytes(int rows) {
  return static_cast<size_t>(rows) * kStride<W> * sizeof(BFloat16);
}

// What the backward pass by tiles has beside them.
constexpr size_t kTileStatistics = 2 * kTile * sizeof(Statistics);

// A block that owns rows, Blocks times 16 for each warp, while those of the other side pass in tiles.
template <int W, int Blocks, int Threads>
struct Tiles {
  static constexpr int threads = Threads, owned = Threads / kWarp * Blocks * kBlock;
  static constexpr size_t bytes = tile_bytes<W>(4 * kTile + owned);
};

// body(Tiles) with as many threads of at most Threads as the device has shared memory for.
template <int W, int Blocks, int Threads, class Body>
void with_tiles(const ap_context* context, Body body) {
  constexpr size_t kBytes = Tiles<W, Blocks, Threads>::bytes + kTileStatistics;
  if constexpr (kBytes > kLeastShared) {
    if (kBytes > context->most_shared) return with_tiles<W, Blocks, Threads / 2>(context, body);
  }
  body(Tiles<W, Blocks, Threads>{});
}

// ---- launches ---------------------------------------------------------------------------------------------------

// `blocks` for each head, which read the same rows and so are neighbours.
dim3 grid(const AttentionShape& shape, int blocks) {
  return dim3(blocks, shape.H, shape.B);
}

// The statistics of all queries, each block making those of a few.
template <class T>
void find_statistics(ap_context* context, AttentionBackward<T>& a) {
  constexpr int kQueries = 128;
  const AttentionShape& shape = a.shape;
  a.statistics = context->scratch.take<Statistics>(int64_t{shape.B} * shape.H * shape.queries);
  launch(attention_statistics<T>, grid(shape, divide_up(shape.queries, kQueries)), kStatisticsThreads, 0,
         context->stream, a);
}

// Heads of up to so many elements are served by the products of a warpgroup, where there are any.
template <int W>
constexpr bool kHasWgmma = W == 64 || W == 80;

// Into how many blocks the work on a head goes that has so many tiles, each block taking `together` of them at a time.
int parts_of(int tiles, int together, int heads, int blocks_of_multiprocessor) {
  return std::clamp(kMultiprocessors * blocks_of_multiprocessor / heads, 1, divide_up(tiles, together));
}

template <int W>
size_t block_bytes(int rows) {
  return static_cast<size_t>(rows) * W * sizeof(BFloat16);
}

// Whether a shape is served by a warpgroup: if asked for, or where that is `faster`.
bool by_wgmma(const ap_context* context, const AttentionShape& shape, bool faster) {
  return shape.vectors &&
         (context->attention == AttentionKernels::wgmma || context->attention == AttentionKernels::wgmma_pairs ||
          (context->attention == AttentionKernels::faster && faster));
}

// On an H200 forward is faster by a warpgroup where a block's rows are nearly all of the head: with 1024 queries 0.86
// of the time, with 256 of 72 elements 0.89; but with 197 1.01, and with 257 1.05.
bool is_faster_forward(const AttentionShape& shape) {
  const int rows = round_up(shape.queries, std::min(kForwardGroups * kGroupRows, round_up(shape.queries, kGroupRows)));
  return 4 * rows <= 5 * shape.queries;
}

// Where a head fits into the tiles that a block has room for, blocks of one warpgroup: two of a multiprocessor, one of
// which works while the other waits for its first tiles.
template <int W>
void forward_pairs_wgmma(ap_context* context, const AttentionForward<BFloat16>& a) {
  constexpr int kRows = 2 * kGroupRows;
  const int pairs = divide_up(a.shape.queries, kRows);
  const int groups = a.shape.keys <= kStages * kTile ? 1 : std::min(kForwardGroups, pairs);
  launch(attention_forward_pairs_wgmma<W>, grid(a.shape, divide_up(pairs, groups)), groups * kWarpgroup,
         block_bytes<W>(2 * kStages * kTile + groups * kRows), context->stream, a);
}

template <int W>
void forward_wgmma(ap_context* context, const AttentionForward<BFloat16>& a) {
  if (context->attention == AttentionKernels::wgmma_pairs) return forward_pairs_wgmma<W>(context, a);
  const AttentionShape& shape = a.shape;
  const int tiles = divide_up(shape.queries, kGroupRows), groups = std::min(kForwardGroups, tiles);
  const size_t whole = block_bytes<W>(2 * round_up(shape.keys, kBlock) + groups * kGroupRows);
  if (whole <= kMostShared) {
    const int parts = parts_of(tiles, groups, shape.B * shape.H, 2);
    launch(attention_forward_whole_wgmma<W>, grid(shape, parts), groups * kWarpgroup, whole, context->stream, a);
  } else {
    launch(attention_forward_tiled_wgmma<W>, grid(shape, divide_up(tiles, kForwardGroups)), kForwardGroups * kWarpgroup,
           block_bytes<W>(2 * kStages * kTile + kForwardGroups * kGroupRows), context->stream, a);
  }
}

// Of a block of attention_backward_whole_wgmma.
template <int W>
size_t whole_backward_bytes(const AttentionShape& shape) {
  const int queries = round_up(shape.queries, kBlock), keys = round_up(shape.keys, kBlock);
  return block_bytes<W>(2 * std::max(queries, keys) + 2 * kGroupRows) +
         static_cast<size_t>(queries) * sizeof(Statistics);
}

// On an H200 backward is faster by warpgroups where their tiles are nearly full, and as many blocks fit into a
// multiprocessor as its registers allow: with 197 tokens 0.89 of the time, with 1024 0.73, with 4096 0.63, with 256 of
// 72 elements 0.89; but with 65 1.04, and with 257, of which two blocks fit and not three, 1.09.
template <int W>
bool is_faster_backward(const AttentionShape& shape) {
  const auto is_full = [](int rows) { return 3 * round_up(rows, kGroupRows) <= 4 * rows; };
  const size_t whole = whole_backward_bytes<W>(shape);
  return is_full(shape.queries) && is_full(shape.keys) &&
         (whole > kMostShared || kWholeGroups<W> * (whole + kReserved) <= kMultiprocessorShared);
}

template <int W>
void backward_wgmma(ap_context* context, AttentionBackward<BFloat16>& a) {
  const AttentionShape& shape = a.shape;
  const int heads = shape.B * shape.H;
  const int query_tiles = divide_up(shape.queries, kGroupRows), key_tiles = divide_up(shape.keys, kGroupRows);
  const size_t whole = whole_backward_bytes<W>(shape);
  if (whole <= kMostShared) {
    const int parts = parts_of(std::max(query_tiles, key_tiles), 1, heads, kWholeGroups<W>);
    launch(attention_backward_whole_wgmma<W>, grid(shape, parts), kWarpgroup, whole, context->stream, a);
    return;
  }
  constexpr int kThreads = kTiledGroups * kWarpgroup;
  const size_t tiled = block_bytes<W>(2 * kStages * kTile + 2 * kTiledGroups * kGroupRows);
  find_statistics(context, a);
  launch(attention_backward_queries_wgmma<W>, grid(shape, divide_up(query_tiles, kTiledGroups)), kThreads, tiled,
         context->stream, a);
  launch(attention_backward_keys_wgmma<W>, grid(shape, divide_up(key_tiles, kTiledGroups)), kThreads,
         tiled + kStages * kTile * sizeof(Statistics), context->stream, a);
}

template <int W>
void forward(ap_context* context, const AttentionForward<BFloat16>& a) {
  if constexpr (kHasWgmma<W>) {
    const bool faster = is_faster_forward(a.shape);
    if (a.shape.scale >= 0.0f && by_wgmma(context, a.shape, faster)) return forward_wgmma<W>(context, a);
  }
  constexpr int kThreads = Plan<W>::forward_threads, kTiledThreads = 128, kBlocks = Plan<W>::tiled_blocks;
  const AttentionShape& shape = a.shape;
  const int heads = shape.B * shape.H;
  const Shares shares(shape.queries, kThreads, heads);
  const size_t whole = tile_bytes<W>(2 * round_up(shape.keys, kBlock) + shares.warps * kBlock);
  if (fits_whole(context, whole)) {
    launch(attention_forward_whole<W, kThreads>, grid(shape, shares.parts), shares.warps * kWarp, whole,
           context->stream, a);
  } else {
    with_tiles<W, kBlocks, kTiledThreads>(context, [&](auto tiles) {
      using Tiles = decltype(tiles);
      launch(attention_forward_tiled<W, kBlocks, Tiles::threads>, grid(shape, divide_up(shape.queries, Tiles::owned)),
             Tiles::threads, Tiles::bytes, context->stream, a);
    });
  }
}

template <int W>
void backward(ap_context* context, AttentionBackward<BFloat16>& a) {
  if constexpr (kHasWgmma<W>) {
    if (by_wgmma(context, a.shape, is_faster_backward<W>(a.shape))) return backward_wgmma<W>(context, a);
  }
  constexpr int kThreads = Plan<W>::backward_threads;
  const AttentionShape& shape = a.shape;
  const int heads = shape.B * shape.H, queries = round_up(shape.queries, kBlock), keys = round_up(shape.keys, kBlock);
  const Shares shares(std::max(queries, keys), kThreads, heads);
  const size_t whole = tile_bytes<W>(2 * std::max(queries, keys) + shares.warps * kBlock) +
                       static_cast<size_t>(queries) * sizeof(Statistics);
  if (fits_whole(context, whole)) {
    launch(attention_backward_whole<W, kThreads>, grid(shape, shares.parts), shares.warps * kWarp, whole,
           context->stream, a);
    return;
  }
  find_statistics(context, a);
  with_tiles<W, 1, kThreads>(context, [&](auto tiles) {
    using Tiles = decltype(tiles);
    launch(attention_backward_queries<W, Tiles::threads>, grid(shape, divide_up(shape.queries, Tiles::owned)),
           Tiles::threads, Tiles::bytes, context->stream, a);
    launch(attention_backward_keys<W, Tiles::threads>, grid(shape, divide_up(shape.keys, Tiles::owned)), Tiles::threads,
           Tiles::bytes + kTileStatistics, context->stream, a);
  });
}

template <int W>
void forward(ap_context* context, const AttentionForward<float>& a) {
  launch(attention_forward_float<W>, grid(a.shape, divide_up(a.shape.queries, kFloatRows<W>)), kFloatThreads<W>,
         float_forward_floats<W>() * sizeof(float), context->stream, a);
}

template <int W>
void backward(ap_context* context, AttentionBackward<float>& a) {
  find_statistics(context, a);
  launch(attention_backward_queries_float<W>, grid(a.shape, divide_up(a.shape.queries, kFloatRows<W>)),
         kFloatThreads<W>, float_backward_floats<W>() * sizeof(float), context->stream, a);
  launch(attention_backward_keys_float<W>, grid(a.shape, divide_up(a.shape.keys, kFloatRows<W>)), kFloatThreads<W>,
         float_backward_floats<W>() * sizeof(float), context->stream, a);
}

template <class T, class Body>
void with_width_of(int64_t D, Body body) {
  if constexpr (std::is_same_v<T, float>) {
    with_head_width<32, 64, 96, 128, 160>(D, body);
  } else {
    with_head_width<32, 48, 64, 80, 96, 128, 160>(D, body);
  }
}

AttentionShape shape_of(int64_t B, int64_t N, int64_t M, int64_t H, int64_t D, float scale, bool vectors) {
  constexpr int64_t kMost = 65535;  // of a grid's second and third dimension
  if (B > kMost || H > kMost) {
    throw std::runtime_error("attention of " + std::to_string(B) + " samples and " + std::to_string(H) +
                             " heads: one call takes up to 65535 of each; split the batch");
  }
  return {static_cast<int>(B),
          static_cast<int>(H),
          static_cast<int>(N),
          static_cast<int>(M),
          static_cast<int>(D),
          scale,
          vectors};
}

// Part `which` of a packed tensor (B, tokens, parts, H, D).
template <class T>
Heads<T> packed(const AttentionShape& s, T* x, int tokens, int parts, int which) {
  const int width = s.H * s.D;
  return {x + which * width, int64_t{parts} * width * tokens, parts * width, s.D};
}

// A tensor (B, N, H, D).
template <class T>
Heads<T> alone(const AttentionShape& s, T* x) {
  return packed(s, x, s.queries, 1, 0);
}

}  // namespace

int ap_attention_forward(ap_context* context, int32_t type, int64_t B, int64_t N, int64_t H, int64_t D, float scale,
                         const void* qkv, void* out, float* log_sum_exp) {
  return guarded(context, type, [&](auto as) {
    if (B * N * H == 0) return;
    using T = typename decltype(as)::Type;
    const AttentionShape shape = shape_of(B, N, N, H, D, scale, loadable<kVector<T>>(as(qkv), as(out)));
    const auto in = [&](int which) { return packed(shape, as(qkv), shape.keys, 3, which); };
    const AttentionForward<T> a{shape, in(0), in(1), in(2), alone(shape, as(out)), log_sum_exp};
    with_width_of<T>(D, [&](auto width) { forward<width()>(context, a); });
  });
}

int ap_attention_backward(ap_context* context, int32_t type, int64_t B, int64_t N, int64_t H, int64_t D, float scale,
                          const void* qkv, const void* out, const float* log_sum_exp, const void* dout, void* dqkv) {
  return guarded(context, type, [&](auto as) {
    if (B * N * H == 0) return;
    using T = typename decltype(as)::Type;
    const bool vectors = loadable<kVector<T>>(as(qkv), as(out), as(dout), as(dqkv));
    const AttentionShape shape = shape_of(B, N, N, H, D, scale, vectors);
    const auto in = [&](int which) { return packed(shape, as(qkv), shape.keys, 3, which); };
    const auto gradient = [&](int which) { return packed(shape, as(dqkv), shape.keys, 3, which); };
    AttentionBackward<T> a{
        shape,       in(0),       in(1),       in(2),  alone(shape, as(out)), alone(shape, as(dout)), gradient(0),
        gradient(1), gradient(2), log_sum_exp, nullptr};
    with_width_of<T>(D, [&](auto width) { backward<width()>(context, a); });
  });
}

int ap_cross_attention_forward(ap_context* context, int32_t type, int64_t B, int64_t N, int64_t M, int64_t H, int64_t D,
                               float scale, const void* q, const void* kv, void* out, float* log_sum_exp) {
  return guarded(context, type, [&](auto as) {
    if (B * N * H == 0) return;
    using T = typename decltype(as)::Type;
    const AttentionShape shape = shape_of(B, N, M, H, D, scale, loadable<kVector<T>>(as(q), as(kv), as(out)));
    const auto in = [&](int which) { return packed(shape, as(kv), shape.keys, 2, which); };
    const AttentionForward<T> a{shape, alone(shape, as(q)), in(0), in(1), alone(shape, as(out)), log_sum_exp};
    with_width_of<T>(D, [&](auto width) { forward<width()>(context, a); });
  });
}

int ap_cross_attention_backward(ap_context* context, int32_t type, int64_t B, int64_t N, int64_t M, int64_t H,
                                int64_t D, float scale, const void* q, const void* kv, const void* out,
                                const float* log_sum_exp, const void* dout, void* dq, void* dkv) {
  return guarded(context, type, [&](auto as) {
    if (B * N * H == 0) return;
    using T = typename decltype(as)::Type;
    const bool vectors = loadable<kVector<T>>(as(q), as(kv), as(out), as(dout), as(dq), as(dkv));
    const AttentionShape shape = shape_of(B, N, M, H, D, scale, vectors);
    const auto in = [&](int which) { return packed(shape, as(kv), shape.keys, 2, which); };
    const auto gradient = [&](int which) { return packed(shape, as(dkv), shape.keys, 2, which); };
    AttentionBackward<T> a{shape,
                           alone(shape, as(q)),
                           in(0),
                           in(1),
                           alone(shape, as(out)),
                           alone(shape, as(dout)),
                           alone(shape, as(dq)),
                           gradient(0),
                           gradient(1),
                           log_sum_exp,
                           nullptr};
    with_width_of<T>(D, [&](auto width) { backward<width()>(context, a); });
  });
}
