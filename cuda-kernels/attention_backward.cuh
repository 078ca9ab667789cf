// The gradients of attention by q, k and v, of bfloat16. Scores are computed twice: once by warps that own queries, for
// dq, and once by warps that own keys, for dk and dv. That is 7 products where 5 would do, but no sum leaves its
// warp's registers: nothing is added by atomics, and the same input gives the same bits. Dao et al. 2022.
#pragma once
#include "attention.cuh"

namespace autoprog {

// A warp's block of queries, and its sum for dq.
template <int W>
struct QueryGradient {
  Fragments<W, 1> q, dout;
  Sums<W, 1> dq;
  Statistics statistics[2];

  __device__ __forceinline__ void start(const Statistics* of_head, int first, int queries) {
#pragma unroll
    for (int c = 0; c < W / 8; c++) {
#pragma unroll
      for (int e = 0; e < 4; e++) dq[0][c][e] = 0.0f;
    }
#pragma unroll
    for (int h = 0; h < 2; h++) {
      const int row = first + lane() / 4 + h * 8;
      statistics[h] = row < queries ? of_head[row] : Statistics{0.0f, 0.0f};
    }
  }

  // Goes on over the C keys at row r of the tiles, of which `keys` count.
  template <int C>
  __device__ __forceinline__ void add(const BFloat16* k, const BFloat16* v, int r, int keys, float factor) {
    Sums<C, 1> x = {}, dweight = {};
    multiply_transposed<C, W, 1>(x, q, k, r);
    multiply_transposed<C, W, 1>(dweight, dout, v, r);
#pragma unroll
    for (int j = 0; j < C / 8; j++) {
#pragma unroll
      for (int i = 0; i < 4; i++) {
        const Statistics s = statistics[i / 2];
        const float weight = exp2_approximate(fmaf(x[0][j][i], factor, -s.x));
        const bool counts = j * 8 + lane() % 4 * 2 + i % 2 < keys;
        x[0][j][i] = counts ? weight * (dweight[0][j][i] - s.y) : 0.0f;
      }
    }
    multiply_add<C, W, 1>(dq, x, k, r);
  }

  __device__ __forceinline__ void add_all(const BFloat16* k, const BFloat16* v, int keys, float factor) {
    constexpr int kTogether = 32;
    int r = 0;
#pragma unroll 1
    for (; r + kTogether <= keys; r += kTogether) add<kTogether>(k, v, r, kTogether, factor);
#pragma unroll 1
    for (; r < keys; r += kBlock) add<kBlock>(k, v, r, keys - r, factor);
  }
};

// A warp's block of keys, and its sums for dk and dv. Scores lie transposed, (keys, queries). Where there are too few
// registers for the values, they stay in the warp's stage.
template <int W>
struct KeyGradient {
  static constexpr bool kHoldsValues = W <= 128;
  Fragments<W, 1> k;
  Fragments<kHoldsValues ? W : 16, 1> v;
  const BFloat16* stage;
  Sums<W, 1> dk, dv;

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
  __device__ __forceinline__ void add(const BFloat16* q, const BFloat16* dout, const Statistics* statistics, int r,
                                      float factor) {
    Sums<C, 1> x = {}, dweight = {};
    multiply_transposed<C, W, 1>(x, k, q, r);
    if constexpr (kHoldsValues) {
      multiply_transposed<C, W, 1>(dweight, v, dout, r);
    } else {
      const auto staged = [&](uint32_t (&a)[4], int, int c) { load_left<W>(a, stage, 0, c * 16); };
      multiply_transposed_by<C, W, 1>(staged, dweight, dout, r);
    }
#pragma unroll
    for (int j = 0; j < C / 8; j++) {
      const float4 two = *vector_at<const float4>(statistics + r + j * 8 + lane() % 4 * 2);
#pragma unroll
      for (int i = 0; i < 4; i++) {
        const float weight = exp2_approximate(fmaf(x[0][j][i], factor, i % 2 == 0 ? -two.x : -two.z));
        dweight[0][j][i] = weight * (dweight[0][j][i] - (i % 2 == 0 ? two.y : two.w));
        x[0][j][i] = weight;
      }
    }
    multiply_add<C, W, 1>(dv, x, dout, r);
    multiply_add<C, W, 1>(dk, dweight, q, r);
  }

  __device__ __forceinline__ void add_all(const BFloat16* q, const BFloat16* dout, const Statistics* statistics,
                                          int rows, float factor) {
#pragma unroll 1
    for (int r = 0; r < rows; r += kBlock) add<kBlock>(q, dout, statistics, r, factor);
  }
};

// A warp's blocks of queries first, first + step, ...: dq from keys and values that lie in tiles as a whole.
template <int W>
__device__ __forceinline__ void query_gradients(const AttentionBackward<BFloat16>& a, Head head, int first, int step,
                                                const BFloat16* k, const BFloat16* v, const Statistics* statistics,
                                                BFloat16* stage) {
  const AttentionShape& shape = a.shape;
  for (; first < shape.queries; first += step) {
    QueryGradient<W> g;
    ask_fragments<W, 1>(stage, head.of(a.q), first, shape.queries, shape);
    take_fragments<W, 1>(g.q, stage);
    ask_fragments<W, 1>(stage, head.of(a.dout), first, shape.queries, shape);
    take_fragments<W, 1>(g.dout, stage);
    g.start(statistics, first, shape.queries);
    g.add_all(k, v, shape.keys, shape.scale * kLog2E);
    const float factors[1][2] = {{shape.scale, shape.scale}};
    write_sums<W, 1>(g.dq, factors, stage, head.of(a.dq), first, shape.queries, shape);
  }
}

template <int W>
__device__ __forceinline__ void take_keys(const AttentionBackward<BFloat16>& a, Head head, int first, KeyGradient<W>& g,
                                          BFloat16* stage) {
  ask_fragments<W, 1>(stage, head.of(a.k), first, a.shape.keys, a.shape);
  take_fragments<W, 1>(g.k, stage);
  ask_fragments<W, 1>(stage, head.of(a.v), first, a.shape.keys, a.shape);
  if constexpr (KeyGradient<W>::kHoldsValues) {
    take_fragments<W, 1>(g.v, stage);
  } else {
    cp_async_wait<0>();
    __syncwarp();
  }
  g.stage = stage;
  g.start();
}

template <int W>
__device__ __forceinline__ void write_keys(const AttentionBackward<BFloat16>& a, Head head, int first,
                                           const KeyGradient<W>& g, BFloat16* stage) {
  const AttentionShape& shape = a.shape;
  const float scales[1][2] = {{shape.scale, shape.scale}}, ones[1][2] = {{1.0f, 1.0f}};
  write_sums<W, 1>(g.dk, scales, stage, head.of(a.dk), first, shape.keys, shape);
  write_sums<W, 1>(g.dv, ones, stage, head.of(a.dv), first, shape.keys, shape);
}

// A head's keys and values lie in shared memory as a whole, then its queries and dout; its
// blocks of queries and of keys are shared by the warps of `parts` blocks. Grid (parts, H, B).
template <int W, int Threads>
__global__ void __launch_bounds__(Threads, 2) attention_backward_whole(const AttentionBackward<BFloat16> a) {
  const AttentionShape& shape = a.shape;
  const Head head = this_head();
  const int part = blockIdx.x, warp = threadIdx.x / kWarp, owned = blockDim.x / kWarp * kBlock;
  const int first = part * owned + warp * kBlock, step = gridDim.x * owned;
  const int queries = round_up(shape.queries, kBlock), keys = round_up(shape.keys, kBlock), rows = max(queries, keys);
  Smem smem;
  BFloat16* left = smem.take<BFloat16>(rows * kStride<W>);
  BFloat16* right = smem.take<BFloat16>(rows * kStride<W>);
  BFloat16* stage = smem.take<BFloat16>(owned * kStride<W>) + warp * kBlock * kStride<W>;
  Statistics* statistics = smem.take<Statistics>(queries);
  ask_rows<W>(left, head.of(a.k), 0, keys, shape.keys, shape, threadIdx.x, blockDim.x);
  ask_rows<W>(right, head.of(a.v), 0, keys, shape.keys, shape, threadIdx.x, blockDim.x);
  cp_async_commit();
  each_statistics(a, head, 0, blockDim.x / 8, queries, shape.vectors,
                  [&](int n, Statistics of) { statistics[n] = of; });
  cp_async_wait<0>();
  __syncthreads();
  query_gradients<W>(a, head, first, step, left, right, statistics, stage);
  __syncthreads();
  ask_rows<W>(left, head.of(a.q), 0, queries, shape.queries, shape, threadIdx.x, blockDim.x);
  ask_rows<W>(right, head.of(a.dout), 0, queries, shape.queries, shape, threadIdx.x, blockDim.x);
  cp_async_commit();
  cp_async_wait<0>();
  __syncthreads();
  for (int key = first; key < shape.keys; key += step) {
    KeyGradient<W> g;
    take_keys<W>(a, head, key, g, stage);
    g.add_all(left, right, statistics, queries, shape.scale * kLog2E);
    write_keys<W>(a, head, key, g, stage);
  }
}

// dq; keys and values pass in tiles, the next on its way while one is at work. Grid (blocks of queries, H,
// B).
template <int W, int Threads>
__global__ void __launch_bounds__(Threads, 2) attention_backward_queries(const AttentionBackward<BFloat16> a) {
  const AttentionShape& shape = a.shape;
  const int warp = threadIdx.x / kWarp, step = blockDim.x / kWarp * kBlock;
  const Head head = this_head();
  const int first = blockIdx.x * step + warp * kBlock;
  Smem smem;
  BFloat16* k = smem.take<BFloat16>(2 * kTile * kStride<W>);
  BFloat16* v = smem.take<BFloat16>(2 * kTile * kStride<W>);
  BFloat16* stage = smem.take<BFloat16>(step * kStride<W>) + warp * kBlock * kStride<W>;
  QueryGradient<W> g;
  ask_fragments<W, 1>(stage, head.of(a.q), first, shape.queries, shape);
  take_fragments<W, 1>(g.q, stage);
  ask_fragments<W, 1>(stage, head.of(a.dout), first, shape.queries, shape);
  auto ask = [&](int key) {
    const int at = key / kTile % 2 * kTile * kStride<W>;
    ask_rows<W>(k + at, head.of(a.k), key, kTile, shape.keys, shape, threadIdx.x, blockDim.x);
    ask_rows<W>(v + at, head.of(a.v), key, kTile, shape.keys, shape, threadIdx.x, blockDim.x);
  };
  ask(0);
  cp_async_commit();
  take_fragments<W, 1>(g.dout, stage);
  g.start(head.of(a.statistics, shape), first, shape.queries);
  for (int key = 0; key < shape.keys; key += kTile) {
    if (key + kTile < shape.keys) ask(key + kTile);
    cp_async_commit();
    cp_async_wait<1>();
    __syncthreads();
    const int at = key / kTile % 2 * kTile * kStride<W>;
    g.add_all(k + at, v + at, min(kTile, shape.keys - key), shape.scale * kLog2E);
    __syncthreads();
  }
  const float factors[1][2] = {{shape.scale, shape.scale}};
  write_sums<W, 1>(g.dq, factors, stage, head.of(a.dq), first, shape.queries, shape);
}

// dk and dv; queries and dout pass in tiles. Grid (blocks of keys, H, B).
template <int W, int Threads>
__global__ void __launch_bounds__(Threads, 2) attention_backward_keys(const AttentionBackward<BFloat16> a) {
  const AttentionShape& shape = a.shape;
  const int warp = threadIdx.x / kWarp, step = blockDim.x / kWarp * kBlock;
  const Head head = this_head();
  const int first = blockIdx.x * step + warp * kBlock;
  Smem smem;
  BFloat16* q = smem.take<BFloat16>(2 * kTile * kStride<W>);
  BFloat16* dout = smem.take<BFloat16>(2 * kTile * kStride<W>);
  BFloat16* stage = smem.take<BFloat16>(step * kStride<W>) + warp * kBlock * kStride<W>;
  Statistics* statistics = smem.take<Statistics>(2 * kTile);
  auto ask = [&](int query) {
    const int half = query / kTile % 2, at = half * kTile * kStride<W>;
    const Statistics* of_head = head.of(a.statistics, shape);
    ask_rows<W>(q + at, head.of(a.q), query, kTile, shape.queries, shape, threadIdx.x, blockDim.x);
    ask_rows<W>(dout + at, head.of(a.dout), query, kTile, shape.queries, shape, threadIdx.x, blockDim.x);
    for (int i = threadIdx.x; i < kTile; i += blockDim.x) {
      statistics[half * kTile + i] = query + i < shape.queries ? of_head[query + i] : Statistics{0.0f, 0.0f};
    }
  };
  KeyGradient<W> g;
  take_keys<W>(a, head, first, g, stage);
  ask(0);
  cp_async_commit();
  for (int query = 0; query < shape.queries; query += kTile) {
    if (query + kTile < shape.queries) ask(query + kTile);
    cp_async_commit();
    cp_async_wait<1>();
    __syncthreads();
    const int half = query / kTile % 2, at = half * kTile * kStride<W>;
    g.add_all(q + at, dout + at, statistics + half * kTile, min(kTile, round_up(shape.queries - query, kBlock)),
              shape.scale * kLog2E);
    __syncthreads();
  }
  write_keys<W>(a, head, first, g, stage);
}

}  // namespace autoprog
