// out = softmax(q k^T scale) v of bfloat16 on Hopper: a warpgroup owns 64 queries. While it makes weights of scores,
// the tensor cores work for the others of its multiprocessor: four fit, of 128 registers a thread. Vaswani et al. 2017
// eq. 1; Dao et al. 2022; Shah et al. 2024.
#pragma once
#include "attention_forward.cuh"
#include "attention_wgmma.cuh"

namespace autoprog {

// Warpgroups of a block, which share keys and values.
inline constexpr int kForwardGroups = 2;

#ifdef AP_WGMMA
// A warpgroup's queries on their way over keys and values; `weights` are at work until the next scores are there.
template <int W>
struct GroupQueries {
  Softmax<W, 1> softmax;
  uint32_t weights[kTile / 16][4];
  bool counts;  // whether the warp has a row of the head

  __device__ __forceinline__ void start(int first, int queries) {
    softmax.start();
    counts = first < queries;
  }

  // Makes weights of the scores of C keys, which are complete, as are the sums.
  template <int C>
  __device__ __forceinline__ void weigh(Sums<C, 1>& x, int keys, float factor) {
    wgmma_settle(x[0]);
    wgmma_settle(softmax.out[0]);
    if (counts) {
      softmax.template weigh<C>(x, factor, keys);
      as_lefts<C>(weights, x[0]);
    }
  }

  // Goes on over the C keys at row r of the tiles, of which `keys` count.
  template <int C>
  __device__ __forceinline__ void attend(const BFloat16* q, const BFloat16* k, const BFloat16* v, int r, int keys,
                                         float factor) {
    Sums<C, 1> x;
    wgmma_fence();
    issue_transposed<C, W>(x[0], q, k, r);
    wgmma_commit();
    wgmma_wait<0>();
    weigh<C>(x, keys, factor);
    wgmma_fence();
    issue_add<C, W>(softmax.out[0], weights, v, r);
    wgmma_commit();
  }

  // Goes on over `keys` rows of the tiles.
  __device__ __forceinline__ void attend_all(const BFloat16* q, const BFloat16* k, const BFloat16* v, int keys,
                                             float factor) {
    each_part<kTile>(keys,
                     [&](auto part, int r, int count) { attend<decltype(part)::value>(q, k, v, r, count, factor); });
  }

  // Writes the warp's rows first ... of out and log_sum_exp.
  __device__ __forceinline__ void finish(const AttentionForward<BFloat16>& a, Head head, int first) {
    wgmma_wait<0>();
    wgmma_settle(softmax.out[0]);
    if (!counts) return;
    float inverse[1][2];
    softmax.finish(a, head, first, inverse);
    write_group<W>(softmax.out[0], inverse[0], head.of(a.out), first, a.shape.queries, a.shape.D);
  }
};
#endif

// A head lies in shared memory as a whole; its queries are shared by the warpgroups of `parts` blocks. Scale not
// negative. Grid (parts, H, B).
template <int W>
__global__ void __launch_bounds__(kForwardGroups* kWarpgroup, 2)
    attention_forward_whole_wgmma(const AttentionForward<BFloat16> a) {
#ifdef AP_WGMMA
  const AttentionShape& shape = a.shape;
  const Head head = this_head();
  const int group = own_group(), t = threadIdx.x % kWarpgroup, groups = blockDim.x / kWarpgroup;
  const int rows = round_up(shape.keys, kBlock), step = gridDim.x * groups * kGroupRows;
  const float factor = shape.scale * kLog2E;
  Smem smem;
  BFloat16* k = smem.take<BFloat16>(rows * W, 128);
  BFloat16* v = smem.take<BFloat16>(rows * W, 128);
  BFloat16* q = smem.take<BFloat16>(groups * kGroupRows * W, 128) + group * kGroupRows * W;
  auto ask_queries = [&](int block_first) {
    ask_blocks<W>(q, head.of(a.q), block_first + group * kGroupRows, kGroupRows, shape.queries, shape.D, t);
    cp_async_commit();
  };
  if (group == 0) ask_blocks<W>(k, head.of(a.k), 0, rows, shape.keys, shape.D, t);
  if (group == groups - 1) ask_blocks<W>(v, head.of(a.v), 0, rows, shape.keys, shape.D, t);
  ask_queries(blockIdx.x * groups * kGroupRows);
#pragma unroll 1
  for (int block_first = blockIdx.x * groups * kGroupRows; block_first < shape.queries; block_first += step) {
    take_blocks<0>();
    __syncthreads();
    const int own = block_first + group * kGroupRows + t / kWarp * kBlock;
    GroupQueries<W> queries;
    queries.start(own, shape.queries);
    // tile by tile, as the compiler then keeps what is alike in all lanes in registers of the warp
    for (int key = 0; key < shape.keys; key += kTile) {
      queries.attend_all(q, k + key * W, v + key * W, min(kTile, shape.keys - key), factor);
    }
    __syncthreads();
    if (block_first + step < shape.queries) ask_queries(block_first + step);
    queries.finish(a, head, own);
  }
#endif
}

// Keys and values pass in tiles. Scale not negative. Grid (blocks of queries, H, B).
template <int W>
__global__ void __launch_bounds__(kForwardGroups* kWarpgroup, 2)
    attention_forward_tiled_wgmma(const AttentionForward<BFloat16> a) {
#ifdef AP_WGMMA
  const AttentionShape& shape = a.shape;
  const Head head = this_head();
  const int group = own_group(), t = threadIdx.x % kWarpgroup;
  const int first = (blockIdx.x * kForwardGroups + group) * kGroupRows, own = first + t / kWarp * kBlock;
  const float factor = shape.scale * kLog2E;
  Smem smem;
  BFloat16* k = smem.take<BFloat16>(kStages * kTile * W, 128);
  BFloat16* v = smem.take<BFloat16>(kStages * kTile * W, 128);
  BFloat16* q = smem.take<BFloat16>(kForwardGroups * kGroupRows * W, 128) + group * kGroupRows * W;
  auto ask = [&](int key) {
    const int at = key / kTile % kStages * kTile * W;
    if (key < shape.keys) {
      if (group == 0) ask_blocks<W>(k + at, head.of(a.k), key, kTile, shape.keys, shape.D, t);
      if (group == 1) ask_blocks<W>(v + at, head.of(a.v), key, kTile, shape.keys, shape.D, t);
    }
    cp_async_commit();
  };
  ask_blocks<W>(q, head.of(a.q), first, kGroupRows, shape.queries, shape.D, t);
  ask(0);
  ask(kTile);
  GroupQueries<W> queries;
  queries.start(own, shape.queries);
  for (int key = 0; key < shape.keys; key += kTile) {
    take_blocks<1>();
    __syncthreads();
    // where the tile before the last was, which every warpgroup has done with
    ask(key + 2 * kTile);
    const int at = key / kTile % kStages * kTile * W;
    queries.attend_all(q, k + at, v + at, min(kTile, shape.keys - key), factor);
  }
  queries.finish(a, head, own);
#endif
}

#ifdef AP_WGMMA
// Two blocks of queries of a warpgroup, on their way over keys and values. While it makes weights of the scores of one,
// the tensor cores weigh values for the other and multiply its next scores.
template <int W>
struct PairOfQueries {
  GroupQueries<W> half[2];
  Sums<kTile, 1> scores[2];
  const BFloat16* q[2];

  // rows: of both, one after the other
  __device__ __forceinline__ void start(const BFloat16* rows, int first, int queries) {
#pragma unroll
    for (int h = 0; h < 2; h++) {
      q[h] = rows + h * kGroupRows * W;
      half[h].start(first + h * kGroupRows, queries);
    }
  }

  // Makes weights of the first block's scores of the first tile, and has those of the second.
  __device__ __forceinline__ void begin(const BFloat16* k, float factor) {
    ask_scores(0, k);
    wgmma_wait<0>();
    ask_scores(1, k);
    half[0].template weigh<kTile>(scores[0], kTile, factor);
    wgmma_wait<0>();
  }

  // Goes on to the keys of the next tile.
  __device__ __forceinline__ void advance(const BFloat16* v, const BFloat16* next, float factor) {
    add_and_ask(0, v, next);
    half[1].template weigh<kTile>(scores[1], kTile, factor);
    wgmma_wait<0>();
    add_and_ask(1, v, next);
    half[0].template weigh<kTile>(scores[0], kTile, factor);
    wgmma_wait<0>();
  }

  // Behind the last tile.
  __device__ __forceinline__ void end(const BFloat16* v, float factor) {
    add(0, v);
    half[1].template weigh<kTile>(scores[1], kTile, factor);
    wgmma_wait<0>();
    add(1, v);
    wgmma_wait<0>();
  }

  // Goes on over the `keys` rows of a tile that is not whole.
  __device__ __forceinline__ void attend_rest(const BFloat16* k, const BFloat16* v, int keys, float factor) {
#pragma unroll 1
    for (int r = 0; r < keys; r += kBlock) {
#pragma unroll
      for (int h = 0; h < 2; h++) half[h].template attend<kBlock>(q[h], k, v, r, keys - r, factor);
    }
  }

  __device__ __forceinline__ void finish(const AttentionForward<BFloat16>& a, Head head, int first) {
#pragma unroll
    for (int h = 0; h < 2; h++) half[h].finish(a, head, first + h * kGroupRows);
  }

 private:
  __device__ __forceinline__ void ask_scores(int h, const BFloat16* k) {
    wgmma_fence();
    issue_transposed<kTile, W>(scores[h][0], q[h], k, 0);
    wgmma_commit();
  }
  __device__ __forceinline__ void add(int h, const BFloat16* v) {
    wgmma_fence();
    issue_add<kTile, W>(half[h].softmax.out[0], half[h].weights, v, 0);
    wgmma_commit();
  }
  __device__ __forceinline__ void add_and_ask(int h, const BFloat16* v, const BFloat16* k) {
    wgmma_fence();
    issue_add<kTile, W>(half[h].softmax.out[0], half[h].weights, v, 0);
    issue_transposed<kTile, W>(scores[h][0], q[h], k, 0);
    wgmma_commit();
  }
};
#endif

// Keys and values pass in tiles, for two blocks of queries of each warpgroup. Scale not negative. Grid (blocks of
// queries, H, B).
template <int W>
__global__ void __launch_bounds__(kForwardGroups* kWarpgroup, 1)
    attention_forward_pairs_wgmma(const AttentionForward<BFloat16> a) {
#ifdef AP_WGMMA
  const AttentionShape& shape = a.shape;
  const Head head = this_head();
  const int group = own_group(), t = threadIdx.x % kWarpgroup, groups = blockDim.x / kWarpgroup;
  const int first = (blockIdx.x * groups + group) * 2 * kGroupRows, own = first + t / kWarp * kBlock;
  const float factor = shape.scale * kLog2E;
  Smem smem;
  BFloat16* k = smem.take<BFloat16>(kStages * kTile * W, 128);
  BFloat16* v = smem.take<BFloat16>(kStages * kTile * W, 128);
  BFloat16* q = smem.take<BFloat16>(groups * 2 * kGroupRows * W, 128) + group * 2 * kGroupRows * W;
  const auto place = [](int key) { return key / kTile % kStages * kTile * W; };
  const auto ask = [&](int key) {
    if (key < shape.keys) {
      if (group == 0) ask_blocks<W>(k + place(key), head.of(a.k), key, kTile, shape.keys, shape.D, t);
      if (group == groups - 1) ask_blocks<W>(v + place(key), head.of(a.v), key, kTile, shape.keys, shape.D, t);
    }
    cp_async_commit();
  };
  ask_blocks<W>(q, head.of(a.q), first, 2 * kGroupRows, shape.queries, shape.D, t);
  for (int stage = 0; stage < kStages - 1; stage++) ask(stage * kTile);
  take_blocks<kStages - 2>();
  __syncthreads();
  PairOfQueries<W> queries;
  queries.start(q, own, shape.queries);
  const int whole = shape.keys / kTile * kTile;
  if (whole > 0) {
    queries.begin(k, factor);
#pragma unroll 1
    for (int key = 0; key + kTile < whole; key += kTile) {
      take_blocks<kStages - 3>();
      __syncthreads();
      // where the tile before this was, which every warpgroup has done with
      ask(key + (kStages - 1) * kTile);
      queries.advance(v + place(key), k + place(key + kTile), factor);
    }
    queries.end(v + place(whole - kTile), factor);
  }
  take_blocks<0>();
  __syncthreads();
  queries.attend_rest(k + place(whole), v + place(whole), shape.keys - whole, factor);
  queries.finish(a, head, own);
#endif
}

}  // namespace autoprog
