// The gradients of attention by q, k and v, of bfloat16, on Hopper. As in attention_backward.cuh scores are computed
// twice, by warpgroups that own queries and by warpgroups that own keys, and no sum leaves its registers: the same
// input gives the same bits. Dao et al. 2022; Shah et al. 2024.
#pragma once
#include "attention_wgmma.cuh"

namespace autoprog {

// Warpgroups of a multiprocessor: blocks of one where a head lies in shared memory as a whole, three with 168 registers
// a thread, or two with 255 where heads are wider; one block of three, which share tiles, with 168.
template <int W>
inline constexpr int kWholeGroups = W <= 64 ? 3 : 2;
inline constexpr int kTiledGroups = 3;
// Queries that a warpgroup takes at a time to its keys, as the registers allow.
template <int W>
inline constexpr int kWholeTogether = W <= 64 ? 32 : 64;
inline constexpr int kTiledTogether = 32;

#ifdef AP_WGMMA
// A warpgroup's queries, and its sum for dq. `dscores` are at work until the next scores are there.
template <int W>
struct GroupQueryGradient {
  Sums<W, 1> dq;
  Statistics statistics[2];
  uint32_t dscores[kTile / 16][4];

  // first: the warp's first row; of_query(n): its statistics
  template <class Of>
  __device__ __forceinline__ void start(Of of_query, int first, int queries) {
#pragma unroll
    for (int c = 0; c < W / 8; c++) {
#pragma unroll
      for (int e = 0; e < 4; e++) dq[0][c][e] = 0.0f;
    }
#pragma unroll
    for (int h = 0; h < 2; h++) {
      const int row = first + lane() / 4 + h * 8;
      statistics[h] = row < queries ? of_query(row) : Statistics{0.0f, 0.0f};
    }
  }

  // Goes on over the C keys at row r of the tiles, of which `keys` count.
  template <int C>
  __device__ __forceinline__ void add(const BFloat16* q, const BFloat16* dout, const BFloat16* k, const BFloat16* v,
                                      int r, int keys, float factor) {
    float x[C / 8][4], dweight[C / 8][4];
    wgmma_fence();
    issue_transposed<C, W>(x, q, k, r);
    wgmma_commit();
    issue_transposed<C, W>(dweight, dout, v, r);
    wgmma_commit();
    wgmma_wait<1>();
    wgmma_settle(x);
#pragma unroll
    for (int j = 0; j < C / 8; j++) {
#pragma unroll
      for (int i = 0; i < 4; i++) x[j][i] = exp2_approximate(fmaf(x[j][i], factor, -statistics[i / 2].x));
    }
    wgmma_wait<0>();
    wgmma_settle(dweight);
#pragma unroll
    for (int j = 0; j < C / 8; j++) {
#pragma unroll
      for (int i = 0; i < 4; i++) {
        const bool counts = j * 8 + lane() % 4 * 2 + i % 2 < keys;
        x[j][i] = counts ? x[j][i] * (dweight[j][i] - statistics[i / 2].y) : 0.0f;
      }
    }
    as_lefts<C>(dscores, x);
    wgmma_fence();
    issue_add<C, W>(dq[0], dscores, k, r);
    wgmma_commit();
  }

  // Goes on over `keys` rows of the tiles.
  __device__ __forceinline__ void add_all(const BFloat16* q, const BFloat16* dout, const BFloat16* k, const BFloat16* v,
                                          int keys, float factor) {
    each_part<kTile>(keys,
                     [&](auto part, int r, int count) { add<decltype(part)::value>(q, dout, k, v, r, count, factor); });
  }

  // Writes the warp's rows first ... of dq.
  __device__ __forceinline__ void finish(const AttentionBackward<BFloat16>& a, Head head, int first) {
    wgmma_wait<0>();
    wgmma_settle(dq[0]);
    const float factors[2] = {a.shape.scale, a.shape.scale};
    write_group<W>(dq[0], factors, head.of(a.dq), first, a.shape.queries, a.shape.D);
  }
};

// Statistics of queries in shared memory, their halves apart, so that a thread reads those of two neighbours at once.
struct SharedStatistics {
  float *log_sum_exp, *along;

  __device__ void put(int n, Statistics of) const {
    log_sum_exp[n] = of.x;
    along[n] = of.y;
  }
  __device__ Statistics get(int n) const { return {log_sum_exp[n], along[n]}; }
  __device__ SharedStatistics from(int n) const { return {log_sum_exp + n, along + n}; }
};

__device__ inline SharedStatistics take_statistics(Smem& smem, int queries) {
  float* log_sum_exp = smem.take<float>(queries);
  return {log_sum_exp, smem.take<float>(queries)};
}

// A warpgroup's keys, and its sums for dk and dv. Scores lie transposed, (keys, queries). `weights` and `dscores` are
// at work until the next scores are there.
template <int W, int Together>
struct GroupKeyGradient {
  Sums<W, 1> dk, dv;
  uint32_t weights[Together / 16][4], dscores[Together / 16][4];

  __device__ __forceinline__ void start() {
#pragma unroll
    for (int c = 0; c < W / 8; c++) {
#pragma unroll
      for (int e = 0; e < 4; e++) dk[0][c][e] = dv[0][c][e] = 0.0f;
    }
  }

  // Goes on over the C queries at row r of the tiles. Those beyond the last are zero, as their statistics are, and add
  // nothing.
  template <int C>
  __device__ __forceinline__ void add(const BFloat16* k, const BFloat16* v, const BFloat16* q, const BFloat16* dout,
                                      SharedStatistics statistics, int r, float factor) {
    float x[C / 8][4], dweight[C / 8][4];
    wgmma_fence();
    issue_transposed<C, W>(x, k, q, r);
    wgmma_commit();
    issue_transposed<C, W>(dweight, v, dout, r);
    wgmma_commit();
    wgmma_wait<1>();
    wgmma_settle(x);
#pragma unroll
    for (int j = 0; j < C / 8; j++) {
      const float2 two = *vector_at<const float2>(statistics.log_sum_exp + r + j * 8 + lane() % 4 * 2);
#pragma unroll
      for (int i = 0; i < 4; i++) x[j][i] = exp2_approximate(fmaf(x[j][i], factor, i % 2 == 0 ? -two.x : -two.y));
    }
    as_lefts<C>(weights, x);
    wgmma_fence();
    issue_add<C, W>(dv[0], weights, dout, r);
    wgmma_commit();
    wgmma_wait<1>();
    wgmma_settle(dweight);
#pragma unroll
    for (int j = 0; j < C / 8; j++) {
      const float2 two = *vector_at<const float2>(statistics.along + r + j * 8 + lane() % 4 * 2);
#pragma unroll
      for (int i = 0; i < 4; i++) x[j][i] *= dweight[j][i] - (i % 2 == 0 ? two.x : two.y);
    }
    as_lefts<C>(dscores, x);
    wgmma_fence();
    issue_add<C, W>(dk[0], dscores, q, r);
    wgmma_commit();
  }

  // Goes on over `rows` rows of the tiles, a multiple of 16.
  __device__ __forceinline__ void add_all(const BFloat16* k, const BFloat16* v, const BFloat16* q, const BFloat16* dout,
                                          SharedStatistics statistics, int rows, float factor) {
    each_part<Together>(
        rows, [&](auto part, int r, int) { add<decltype(part)::value>(k, v, q, dout, statistics, r, factor); });
  }

  // Writes the warp's rows first ... of dk and dv.
  __device__ __forceinline__ void finish(const AttentionBackward<BFloat16>& a, Head head, int first) {
    wgmma_wait<0>();
    wgmma_settle(dk[0]);
    wgmma_settle(dv[0]);
    const float scales[2] = {a.shape.scale, a.shape.scale}, ones[2] = {1.0f, 1.0f};
    write_group<W>(dk[0], scales, head.of(a.dk), first, a.shape.keys, a.shape.D);
    write_group<W>(dv[0], ones, head.of(a.dv), first, a.shape.keys, a.shape.D);
  }
};

#endif

// One warpgroup. A head's keys and values lie in shared memory as a whole, then its queries and dout; its blocks of
// queries and of keys are shared by `parts` blocks. Grid (parts, H, B).
template <int W>
__global__ void __launch_bounds__(kWarpgroup, kWholeGroups<W>)
    attention_backward_whole_wgmma(const AttentionBackward<BFloat16> a) {
#ifdef AP_WGMMA
  const AttentionShape& shape = a.shape;
  const Head head = this_head();
  const int t = threadIdx.x, step = gridDim.x * kGroupRows, of_warp = t / kWarp * kBlock;
  const int queries = round_up(shape.queries, kBlock), keys = round_up(shape.keys, kBlock), rows = max(queries, keys);
  Smem smem;
  BFloat16* left = smem.take<BFloat16>(rows * W, 128);
  BFloat16* right = smem.take<BFloat16>(rows * W, 128);
  BFloat16* own_left = smem.take<BFloat16>(kGroupRows * W, 128);
  BFloat16* own_right = smem.take<BFloat16>(kGroupRows * W, 128);
  const SharedStatistics statistics = take_statistics(smem, queries);
  auto ask_queries = [&](int first) {
    ask_blocks<W>(own_left, head.of(a.q), first, kGroupRows, shape.queries, shape.D, t);
    ask_blocks<W>(own_right, head.of(a.dout), first, kGroupRows, shape.queries, shape.D, t);
    cp_async_commit();
  };
  auto ask_keys = [&](int first) {
    ask_blocks<W>(own_left, head.of(a.k), first, kGroupRows, shape.keys, shape.D, t);
    ask_blocks<W>(own_right, head.of(a.v), first, kGroupRows, shape.keys, shape.D, t);
    cp_async_commit();
  };
  ask_blocks<W>(left, head.of(a.k), 0, keys, shape.keys, shape.D, t);
  ask_blocks<W>(right, head.of(a.v), 0, keys, shape.keys, shape.D, t);
  ask_queries(blockIdx.x * kGroupRows);
  each_statistics(a, head, 0, kWarpgroup / 8, queries, true, [&](int n, Statistics of) { statistics.put(n, of); });
#pragma unroll 1
  for (int first = blockIdx.x * kGroupRows; first < shape.queries; first += step) {
    take_blocks<0>();
    __syncthreads();
    GroupQueryGradient<W> g;
    g.start([&](int n) { return statistics.get(n); }, first + of_warp, shape.queries);
    g.add_all(own_left, own_right, left, right, shape.keys, shape.scale * kLog2E);
    __syncthreads();
    if (first + step < shape.queries) ask_queries(first + step);
    g.finish(a, head, first + of_warp);
  }
  cp_async_wait<0>();
  __syncthreads();
  ask_blocks<W>(left, head.of(a.q), 0, queries, shape.queries, shape.D, t);
  ask_blocks<W>(right, head.of(a.dout), 0, queries, shape.queries, shape.D, t);
  ask_keys(blockIdx.x * kGroupRows);
#pragma unroll 1
  for (int first = blockIdx.x * kGroupRows; first < shape.keys; first += step) {
    take_blocks<0>();
    __syncthreads();
    GroupKeyGradient<W, kWholeTogether<W>> g;
    g.start();
    // tile by tile, as the compiler then keeps what is alike in all lanes in registers of the warp
    for (int row = 0; row < queries; row += kTile) {
      g.add_all(own_left, own_right, left + row * W, right + row * W, statistics.from(row), min(kTile, queries - row),
                shape.scale * kLog2E);
    }
    __syncthreads();
    if (first + step < shape.keys) ask_keys(first + step);
    g.finish(a, head, first + of_warp);
  }
#endif
}

// dq; keys and values pass in tiles. Grid (blocks of queries, H, B).
template <int W>
__global__ void __launch_bounds__(kTiledGroups* kWarpgroup, 1)
    attention_backward_queries_wgmma(const AttentionBackward<BFloat16> a) {
#ifdef AP_WGMMA
  const AttentionShape& shape = a.shape;
  const Head head = this_head();
  const int group = own_group(), t = threadIdx.x % kWarpgroup;
  const int first = (blockIdx.x * kTiledGroups + group) * kGroupRows, own = first + t / kWarp * kBlock;
  const float factor = shape.scale * kLog2E;
  Smem smem;
  BFloat16* k = smem.take<BFloat16>(kStages * kTile * W, 128);
  BFloat16* v = smem.take<BFloat16>(kStages * kTile * W, 128);
  BFloat16* q = smem.take<BFloat16>(kTiledGroups * kGroupRows * W, 128) + group * kGroupRows * W;
  BFloat16* dout = smem.take<BFloat16>(kTiledGroups * kGroupRows * W, 128) + group * kGroupRows * W;
  auto ask = [&](int key) {
    const int at = key / kTile % kStages * kTile * W;
    if (key < shape.keys) {
      if (group == 0) ask_blocks<W>(k + at, head.of(a.k), key, kTile, shape.keys, shape.D, t);
      if (group == 1) ask_blocks<W>(v + at, head.of(a.v), key, kTile, shape.keys, shape.D, t);
    }
    cp_async_commit();
  };
  ask_blocks<W>(q, head.of(a.q), first, kGroupRows, shape.queries, shape.D, t);
  ask_blocks<W>(dout, head.of(a.dout), first, kGroupRows, shape.queries, shape.D, t);
  ask(0);
  ask(kTile);
  GroupQueryGradient<W> g;
  const Statistics* of_head = head.of(a.statistics, shape);
  g.start([&](int n) { return of_head[n]; }, own, shape.queries);
#pragma unroll 1
  for (int key = 0; key < shape.keys; key += kTile) {
    take_blocks<1>();
    __syncthreads();
    ask(key + 2 * kTile);
    const int at = key / kTile % kStages * kTile * W;
    g.add_all(q, dout, k + at, v + at, min(kTile, shape.keys - key), factor);
  }
  g.finish(a, head, own);
#endif
}

// dk and dv; queries and dout pass in tiles. Grid (blocks of keys, H, B).
template <int W>
__global__ void __launch_bounds__(kTiledGroups* kWarpgroup, 1)
    attention_backward_keys_wgmma(const AttentionBackward<BFloat16> a) {
#ifdef AP_WGMMA
  const AttentionShape& shape = a.shape;
  const Head head = this_head();
  const int group = own_group(), t = threadIdx.x % kWarpgroup;
  const int first = (blockIdx.x * kTiledGroups + group) * kGroupRows, own = first + t / kWarp * kBlock;
  const float factor = shape.scale * kLog2E;
  Smem smem;
  BFloat16* q = smem.take<BFloat16>(kStages * kTile * W, 128);
  BFloat16* dout = smem.take<BFloat16>(kStages * kTile * W, 128);
  BFloat16* k = smem.take<BFloat16>(kTiledGroups * kGroupRows * W, 128) + group * kGroupRows * W;
  BFloat16* v = smem.take<BFloat16>(kTiledGroups * kGroupRows * W, 128) + group * kGroupRows * W;
  const SharedStatistics statistics = take_statistics(smem, kStages * kTile);
  auto ask = [&](int query) {
    const int stage = query / kTile % kStages, at = stage * kTile * W;
    const Statistics* of_head = head.of(a.statistics, shape);
    if (query < shape.queries) {
      if (group == 0) ask_blocks<W>(q + at, head.of(a.q), query, kTile, shape.queries, shape.D, t);
      if (group == 1) ask_blocks<W>(dout + at, head.of(a.dout), query, kTile, shape.queries, shape.D, t);
      if (group == 2 && t < kTile) {
        statistics.put(stage * kTile + t, query + t < shape.queries ? of_head[query + t] : Statistics{0.0f, 0.0f});
      }
    }
    cp_async_commit();
  };
  ask_blocks<W>(k, head.of(a.k), first, kGroupRows, shape.keys, shape.D, t);
  ask_blocks<W>(v, head.of(a.v), first, kGroupRows, shape.keys, shape.D, t);
  ask(0);
  ask(kTile);
  GroupKeyGradient<W, kTiledTogether> g;
  g.start();
#pragma unroll 1
  for (int query = 0; query < shape.queries; query += kTile) {
    take_blocks<1>();
    __syncthreads();
    ask(query + 2 * kTile);
    const int stage = query / kTile % kStages, at = stage * kTile * W;
    g.add_all(k, v, q + at, dout + at, statistics.from(stage * kTile),
              min(kTile, round_up(shape.queries - query, kBlock)), factor);
  }
  g.finish(a, head, own);
#endif
}

}  // namespace autoprog
