// Attention of float32, all sums by fused multiply-adds in float32. A block owns kFloatRows of one side of a head, the
// rows of the other pass in tiles of 32. Eight neighbouring lanes share rows r and r + kFloatRows / 2: of scores, each
// has every eighth column; of sums over rows of W elements, every eighth group of four.
#pragma once
#include "attention.cuh"

namespace autoprog {

inline constexpr int kFloatTile = 32;
// Of wide heads a block owns half as many rows, so that every device has the shared memory for them.
template <int W>
inline constexpr int kFloatThreads = W <= 96 ? 256 : 128;
template <int W>
inline constexpr int kFloatRows = kFloatThreads<W> / 4;
// Columns of a tile of scores, padded.
inline constexpr int kScoreStride = kFloatTile + 4;

template <int W>
__device__ inline int float_row(int i) {
  return threadIdx.x / 8 + i * (kFloatRows<W> / 2);
}
__device__ inline int float_lane() {
  return threadIdx.x % 8;
}

using Scores = float[2][kFloatTile / 8];
template <int W>
using FloatSums = float[2][W / 32][4];

__device__ inline float4 load4(const float* p) {
  return *vector_at<const float4>(p);
}

// Asks for rows of a head, and waits until all threads' are there and the others are done with what was there before.
template <int W>
__device__ inline void fetch_float_rows(float* left, Rows<const float> from_left, float* right,
                                        Rows<const float> from_right, int first, int rows, int end,
                                        const AttentionShape& shape) {
  __syncthreads();
  ask_rows<W>(left, from_left, first, rows, end, shape, threadIdx.x, kFloatThreads<W>);
  ask_rows<W>(right, from_right, first, rows, end, shape, threadIdx.x, kFloatThreads<W>);
  cp_async_commit();
  cp_async_wait<0>();
  __syncthreads();
}

// x = owned rows * passing rows, transposed
template <int W>
__device__ inline void multiply_rows(Scores& x, const float* owned, const float* passing) {
#pragma unroll
  for (int j = 0; j < kFloatTile / 8; j++) x[0][j] = x[1][j] = 0.0f;
#pragma unroll 4
  for (int d = 0; d < W; d += 4) {
    const float4 a[2] = {load4(owned + float_row<W>(0) * kStride<W, float> + d),
                         load4(owned + float_row<W>(1) * kStride<W, float> + d)};
#pragma unroll
    for (int j = 0; j < kFloatTile / 8; j++) {
      const float4 b = load4(passing + (j * 8 + float_lane()) * kStride<W, float> + d);
#pragma unroll
      for (int i = 0; i < 2; i++) {
        x[i][j] = fmaf(a[i].x, b.x, fmaf(a[i].y, b.y, fmaf(a[i].z, b.z, fmaf(a[i].w, b.w, x[i][j]))));
      }
    }
  }
}

// sums += weights * passing rows; the weights go through `scores`, of which a warp reads its own rows alone.
template <int W>
__device__ inline void add_rows(FloatSums<W>& sums, const Scores& weights, float* scores, const float* passing) {
  __syncwarp();
#pragma unroll
  for (int i = 0; i < 2; i++) {
#pragma unroll
    for (int j = 0; j < kFloatTile / 8; j++)
      scores[float_row<W>(i) * kScoreStride + j * 8 + float_lane()] = weights[i][j];
  }
  __syncwarp();
#pragma unroll 4
  for (int n = 0; n < kFloatTile; n++) {
    const float w[2] = {scores[float_row<W>(0) * kScoreStride + n], scores[float_row<W>(1) * kScoreStride + n]};
#pragma unroll
    for (int c = 0; c < W / 32; c++) {
      const float4 b = load4(passing + n * kStride<W, float> + c * 32 + float_lane() * 4);
#pragma unroll
      for (int i = 0; i < 2; i++) {
        sums[i][c][0] = fmaf(w[i], b.x, sums[i][c][0]);
        sums[i][c][1] = fmaf(w[i], b.y, sums[i][c][1]);
        sums[i][c][2] = fmaf(w[i], b.z, sums[i][c][2]);
        sums[i][c][3] = fmaf(w[i], b.w, sums[i][c][3]);
      }
    }
  }
}

// Writes factors * sums as rows first ... of a head.
template <int W>
__device__ inline void write_float_sums(const FloatSums<W>& sums, const float (&factors)[2], Rows<float> to, int first,
                                        int end, const AttentionShape& shape) {
#pragma unroll
  for (int i = 0; i < 2; i++) {
    const int row = first + float_row<W>(i);
#pragma unroll
    for (int c = 0; c < W / 32; c++) {
      const int d = c * 32 + float_lane() * 4;
      if (row >= end || d >= shape.D) continue;
      float* at = to.data + row * to.row + d;
      if (shape.vectors) {
        *vector_at<float4>(at) = make_float4(factors[i] * sums[i][c][0], factors[i] * sums[i][c][1],
                                             factors[i] * sums[i][c][2], factors[i] * sums[i][c][3]);
      } else {
        for (int e = 0; e < 4; e++) at[e] = factors[i] * sums[i][c][e];
      }
    }
  }
}

template <int W>
constexpr int float_forward_floats() {
  return (kFloatRows<W> + 2 * kFloatTile) * kStride<W, float> + kFloatRows<W> * kScoreStride;
}

// Grid (blocks of queries, H,
// B).
template <int W>
__global__ void __launch_bounds__(kFloatThreads<W>, 1) attention_forward_float(const AttentionForward<float> a) {
  const AttentionShape& shape = a.shape;
  const Head head = this_head();
  const int first = blockIdx.x * kFloatRows<W>;
  Smem smem;
  float* q = smem.take<float>(kFloatRows<W> * kStride<W, float>);
  float* k = smem.take<float>(kFloatTile * kStride<W, float>);
  float* v = smem.take<float>(kFloatTile * kStride<W, float>);
  float* scores = smem.take<float>(kFloatRows<W> * kScoreStride);
  ask_rows<W>(q, head.of(a.q), first, kFloatRows<W>, shape.queries, shape, threadIdx.x, kFloatThreads<W>);
  FloatSums<W> out = {};
  float largest[2] = {-INFINITY, -INFINITY}, sum[2] = {0.0f, 0.0f};
  for (int key = 0; key < shape.keys; key += kFloatTile) {
    fetch_float_rows<W>(k, head.of(a.k), v, head.of(a.v), key, kFloatTile, shape.keys, shape);
    Scores x;
    multiply_rows<W>(x, q, k);
#pragma unroll
    for (int i = 0; i < 2; i++) {
      float top = largest[i];
#pragma unroll
      for (int j = 0; j < kFloatTile / 8; j++) {
        x[i][j] *= shape.scale;
        if (key + j * 8 + float_lane() < shape.keys) top = fmaxf(top, x[i][j]);
      }
      top = largest_of_row<8>(top);
      const float rescale = exp2f((largest[i] - top) * kLog2E);
      largest[i] = top;
      sum[i] *= rescale;
#pragma unroll
      for (int j = 0; j < kFloatTile / 8; j++) {
        x[i][j] = key + j * 8 + float_lane() < shape.keys ? exp2f((x[i][j] - top) * kLog2E) : 0.0f;
        sum[i] += x[i][j];
      }
#pragma unroll
      for (int c = 0; c < W / 32; c++) {
#pragma unroll
        for (int e = 0; e < 4; e++) out[i][c][e] *= rescale;
      }
    }
    add_rows<W>(out, x, scores, v);
  }
  float inverse[2];
#pragma unroll
  for (int i = 0; i < 2; i++) {
    const float total = sum_of_row<8>(sum[i]);
    const int row = first + float_row<W>(i);
    inverse[i] = 1.0f / total;
    if (float_lane() == 0 && row < shape.queries) {
      head.of(a.log_sum_exp, shape)[row] = largest[i] + logf(total);
    }
  }
  write_float_sums<W>(out, inverse, head.of(a.out), first, shape.queries, shape);
}

template <int W>
constexpr int float_backward_floats() {
  return 2 * (kFloatRows<W> + kFloatTile) * kStride<W, float> + kFloatRows<W> * kScoreStride;
}

// dq. Grid (blocks of queries, H,
// B).
template <int W>
__global__ void __launch_bounds__(kFloatThreads<W>, 1)
    attention_backward_queries_float(const AttentionBackward<float> a) {
  const AttentionShape& shape = a.shape;
  const Head head = this_head();
  const int first = blockIdx.x * kFloatRows<W>;
  Smem smem;
  float* q = smem.take<float>(kFloatRows<W> * kStride<W, float>);
  float* dout = smem.take<float>(kFloatRows<W> * kStride<W, float>);
  float* k = smem.take<float>(kFloatTile * kStride<W, float>);
  float* v = smem.take<float>(kFloatTile * kStride<W, float>);
  float* scores = smem.take<float>(kFloatRows<W> * kScoreStride);
  fetch_float_rows<W>(q, head.of(a.q), dout, head.of(a.dout), first, kFloatRows<W>, shape.queries, shape);
  Statistics statistics[2];
#pragma unroll
  for (int i = 0; i < 2; i++) {
    const int row = first + float_row<W>(i);
    statistics[i] = row < shape.queries ? head.of(a.statistics, shape)[row] : Statistics{0.0f, 0.0f};
  }
  FloatSums<W> dq = {};
  for (int key = 0; key < shape.keys; key += kFloatTile) {
    fetch_float_rows<W>(k, head.of(a.k), v, head.of(a.v), key, kFloatTile, shape.keys, shape);
    Scores x, dweight;
    multiply_rows<W>(x, q, k);
    multiply_rows<W>(dweight, dout, v);
#pragma unroll
    for (int i = 0; i < 2; i++) {
#pragma unroll
      for (int j = 0; j < kFloatTile / 8; j++) {
        const float weight = exp2f(fmaf(x[i][j], shape.scale, -statistics[i].x) * kLog2E);
        const bool counts = key + j * 8 + float_lane() < shape.keys;
        x[i][j] = counts ? weight * (dweight[i][j] - statistics[i].y) : 0.0f;
      }
    }
    add_rows<W>(dq, x, scores, k);
  }
  const float factors[2] = {shape.scale, shape.scale};
  write_float_sums<W>(dq, factors, head.of(a.dq), first, shape.queries, shape);
}

// dk and dv. Grid (blocks of keys, H, B).
template <int W>
__global__ void __launch_bounds__(kFloatThreads<W>, 1) attention_backward_keys_float(const AttentionBackward<float> a) {
  const AttentionShape& shape = a.shape;
  const Head head = this_head();
  const int first = blockIdx.x * kFloatRows<W>;
  Smem smem;
  float* k = smem.take<float>(kFloatRows<W> * kStride<W, float>);
  float* v = smem.take<float>(kFloatRows<W> * kStride<W, float>);
  float* q = smem.take<float>(kFloatTile * kStride<W, float>);
  float* dout = smem.take<float>(kFloatTile * kStride<W, float>);
  float* scores = smem.take<float>(kFloatRows<W> * kScoreStride);
  const Statistics* of_head = head.of(a.statistics, shape);
  fetch_float_rows<W>(k, head.of(a.k), v, head.of(a.v), first, kFloatRows<W>, shape.keys, shape);
  FloatSums<W> dk = {}, dv = {};
  for (int query = 0; query < shape.queries; query += kFloatTile) {
    fetch_float_rows<W>(q, head.of(a.q), dout, head.of(a.dout), query, kFloatTile, shape.queries, shape);
    Scores x, dweight;
    multiply_rows<W>(x, k, q);
    multiply_rows<W>(dweight, v, dout);
#pragma unroll
    for (int j = 0; j < kFloatTile / 8; j++) {
      const int n = query + j * 8 + float_lane();
      const Statistics s = n < shape.queries ? of_head[n] : Statistics{0.0f, 0.0f};
#pragma unroll
      for (int i = 0; i < 2; i++) {
        const float weight = n < shape.queries ? exp2f(fmaf(x[i][j], shape.scale, -s.x) * kLog2E) : 0.0f;
        x[i][j] = weight;
        dweight[i][j] = weight * (dweight[i][j] - s.y);
      }
    }
    add_rows<W>(dv, x, scores, dout);
    add_rows<W>(dk, dweight, scores, q);
  }
  const float scales[2] = {shape.scale, shape.scale}, ones[2] = {1.0f, 1.0f};
  write_float_sums<W>(dk, scales, head.of(a.dk), first, shape.keys, shape);
  write_float_sums<W>(dv, ones, head.of(a.dv), first, shape.keys, shape);
}

}  // namespace autoprog
