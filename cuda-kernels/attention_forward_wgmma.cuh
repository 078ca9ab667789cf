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

  // Goes on over the C keys at row r of the tiles, of which `keys` count.
  template <int C>
  __device__ __forceinline__ void attend(const BFloat16* q, const BFloat16* k, const BFloat16* v, int r, int keys,
                                         float factor) {
    Sums<C, 1> x;
    wgmma_fence();
    issue_transposed<C, W>(x[0], q, k, r);
    wgmma_commit();
    wgmma_wait<0>();
    wgmma_settle(x[0]);
    wgmma_settle(softmax.out[0]);
    if (counts) {
      softmax.template weigh<C>(x, factor, keys);
      as_lefts<C>(weights, x[0]);
    }
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

}  // namespace autoprog
