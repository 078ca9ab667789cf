// out = softmax(q k^T scale) v of bfloat16: a warp owns queries, keys and values pass by. By the products of one warp;
// attention_forward_wgmma.cuh has those of a warpgroup.
// Vaswani et al. 2017 eq. 1; Dao et al. 2022.
#pragma once
#include "attention.cuh"

namespace autoprog {

// What a warp knows of its M blocks of queries. Scores are in units of log 2; `largest` is within kSlack of the largest
// seen, so that exp2(score - largest) stays below 2^kSlack and sums are seldom rescaled.
inline constexpr float kSlack = 8.0f;

template <int W, int M>
struct Softmax {
  Sums<W, M> out;
  float largest[M][2], sum[M][2];

  __device__ __forceinline__ void start() {
#pragma unroll
    for (int m = 0; m < M; m++) {
#pragma unroll
      for (int h = 0; h < 2; h++) {
        largest[m][h] = -INFINITY;
        sum[m][h] = 0.0f;
      }
#pragma unroll
      for (int c = 0; c < W / 8; c++) {
#pragma unroll
        for (int e = 0; e < 4; e++) out[m][c][e] = 0.0f;
      }
    }
  }

  // Raises `largest` to that of the scores x factor, and takes the sums along.
  template <int C>
  __device__ __forceinline__ void rescale(const Sums<C, M>& x, float factor, int keys) {
#pragma unroll
    for (int m = 0; m < M; m++) {
      float top[2];
#pragma unroll
      for (int h = 0; h < 2; h++) {
        top[h] = -INFINITY;
#pragma unroll
        for (int j = 0; j < C / 8; j++) {
#pragma unroll
          for (int e = 0; e < 2; e++) {
            if (j * 8 + lane() % 4 * 2 + e < keys) top[h] = fmaxf(top[h], x[m][j][2 * h + e]);
          }
        }
        top[h] = largest_of_row<4>(top[h]) * factor;
      }
      if (!__any_sync(kAllLanes, top[0] > largest[m][0] + kSlack || top[1] > largest[m][1] + kSlack)) continue;
#pragma unroll
      for (int h = 0; h < 2; h++) {
        const float now = fmaxf(top[h], largest[m][h]);
        const float scale = exp2_approximate(largest[m][h] - now);
        largest[m][h] = now;
        sum[m][h] *= scale;
#pragma unroll
        for (int c = 0; c < W / 8; c++) {
          out[m][c][2 * h] *= scale;
          out[m][c][2 * h + 1] *= scale;
        }
      }
    }
  }

  // Makes weights of the scores x factor of C keys, of which `keys` count.
  template <int C>
  __device__ __forceinline__ void weigh(Sums<C, M>& x, float factor, int keys) {
    rescale<C>(x, factor, keys);
#pragma unroll
    for (int m = 0; m < M; m++) {
#pragma unroll
      for (int j = 0; j < C / 8; j++) {
#pragma unroll
        for (int i = 0; i < 4; i++) {
          const bool counts = j * 8 + lane() % 4 * 2 + i % 2 < keys;
          const float weight = counts ? exp2_approximate(fmaf(x[m][j][i], factor, -largest[m][i / 2])) : 0.0f;
          x[m][j][i] = weight;
          sum[m][i / 2] += weight;
        }
      }
    }
  }

  // Writes log_sum_exp of the rows first ...; what the sums are to be multiplied by.
  __device__ __forceinline__ void finish(const AttentionForward<BFloat16>& a, Head head, int first,
                                         float (&inverse)[M][2]) {
#pragma unroll
    for (int m = 0; m < M; m++) {
#pragma unroll
      for (int h = 0; h < 2; h++) {
        const float total = sum_of_row<4>(sum[m][h]);
        const int row = first + m * kBlock + lane() / 4 + h * 8;
        inverse[m][h] = 1.0f / total;
        if (lane() % 4 == 0 && row < a.shape.queries) {
          head.of(a.log_sum_exp, a.shape)[row] = (largest[m][h] + log2f(total)) * kLn2;
        }
      }
    }
  }
};

// A warp's queries on their way over keys and values.
template <int W, int M>
struct Queries {
  Fragments<W, M> q;
  Softmax<W, M> softmax;

  // Goes on over the C keys at row r of the tiles, of which `keys` count.
  template <int C>
  __device__ __forceinline__ void attend(const BFloat16* k, const BFloat16* v, int r, int keys, float factor) {
    Sums<C, M> x = {};
    multiply_transposed<C, W, M>(x, q, k, r);
    softmax.template weigh<C>(x, factor, keys);
    multiply_add<C, W, M>(softmax.out, x, v, r);
  }

  // Goes on over `keys` rows of the tiles.
  __device__ __forceinline__ void attend_all(const BFloat16* k, const BFloat16* v, int keys, float factor) {
    int r = 0;
    for (; r + kTile <= keys; r += kTile) attend<kTile>(k, v, r, kTile, factor);
    for (; r < keys; r += kBlock) attend<kBlock>(k, v, r, keys - r, factor);
  }

  // Writes the rows first ... of out and log_sum_exp.
  __device__ __forceinline__ void finish(const AttentionForward<BFloat16>& a, Head head, int first, BFloat16* stage) {
    float inverse[M][2];
    softmax.finish(a, head, first, inverse);
    write_sums<W, M>(softmax.out, inverse, stage, head.of(a.out), first, a.shape.queries, a.shape);
  }
};

// The factor from a product to units of log 2, made positive: the largest product then is the largest score.
template <int W, int M>
__device__ inline float positive_factor(Fragments<W, M>& q, float scale) {
  if (scale < 0.0f) {
#pragma unroll
    for (int m = 0; m < M; m++) {
#pragma unroll
      for (int c = 0; c < W / 16; c++) {
#pragma unroll
        for (int i = 0; i < 4; i++) q[m][c][i] ^= 0x80008000u;
      }
    }
  }
  return fabsf(scale) * kLog2E;
}

// A head lies in shared memory as a whole; its queries are shared by the warps of `parts` blocks. Grid (parts, H, B).
template <int W, int Threads>
__global__ void __launch_bounds__(Threads, 2) attention_forward_whole(const AttentionForward<BFloat16> a) {
  const AttentionShape& shape = a.shape;
  const Head head = this_head();
  const int part = blockIdx.x, warp = threadIdx.x / kWarp, owned = blockDim.x / kWarp * kBlock;
  const int step = gridDim.x * owned, rows = round_up(shape.keys, kBlock);
  Smem smem;
  BFloat16* k = smem.take<BFloat16>(rows * kStride<W>);
  BFloat16* v = smem.take<BFloat16>(rows * kStride<W>);
  BFloat16* stage = smem.take<BFloat16>(owned * kStride<W>) + warp * kBlock * kStride<W>;
  int first = part * owned + warp * kBlock;
  ask_fragments<W, 1>(stage, head.of(a.q), first, shape.queries, shape);
  ask_rows<W>(k, head.of(a.k), 0, rows, shape.keys, shape, threadIdx.x, blockDim.x);
  ask_rows<W>(v, head.of(a.v), 0, rows, shape.keys, shape, threadIdx.x, blockDim.x);
  cp_async_commit();
  cp_async_wait<0>();
  __syncthreads();
  for (; first < shape.queries; first += step) {
    Queries<W, 1> own;
    take_fragments<W, 1>(own.q, stage);
    const float factor = positive_factor<W, 1>(own.q, shape.scale);
    own.softmax.start();
    own.attend_all(k, v, shape.keys, factor);
    own.finish(a, head, first, stage);
    if (first + step < shape.queries) ask_fragments<W, 1>(stage, head.of(a.q), first + step, shape.queries, shape);
  }
}

// Keys and values pass in tiles, the next on its way while one is at work. Grid (blocks of queries, H,
// B).
template <int W, int M, int Threads>
__global__ void __launch_bounds__(Threads, 2) attention_forward_tiled(const AttentionForward<BFloat16> a) {
  const AttentionShape& shape = a.shape;
  const int warp = threadIdx.x / kWarp, step = blockDim.x / kWarp * M * kBlock;
  const Head head = this_head();
  const int first = blockIdx.x * step + warp * M * kBlock;
  Smem smem;
  BFloat16* k = smem.take<BFloat16>(2 * kTile * kStride<W>);
  BFloat16* v = smem.take<BFloat16>(2 * kTile * kStride<W>);
  BFloat16* stage = smem.take<BFloat16>(step * kStride<W>) + warp * M * kBlock * kStride<W>;
  auto ask = [&](int key) {
    const int at = key / kTile % 2 * kTile * kStride<W>;
    ask_rows<W>(k + at, head.of(a.k), key, kTile, shape.keys, shape, threadIdx.x, blockDim.x);
    ask_rows<W>(v + at, head.of(a.v), key, kTile, shape.keys, shape, threadIdx.x, blockDim.x);
  };
  ask_fragments<W, M>(stage, head.of(a.q), first, shape.queries, shape);
  ask(0);
  cp_async_commit();
  Queries<W, M> own;
  take_fragments<W, M>(own.q, stage);
  const float factor = positive_factor<W, M>(own.q, shape.scale);
  own.softmax.start();
  for (int key = 0; key < shape.keys; key += kTile) {
    if (key + kTile < shape.keys) ask(key + kTile);
    cp_async_commit();
    cp_async_wait<1>();
    __syncthreads();
    const int at = key / kTile % 2 * kTile * kStride<W>;
    own.attend_all(k + at, v + at, min(kTile, shape.keys - key), factor);
    __syncthreads();
  }
  own.finish(a, head, first, stage);
}

}  // namespace autoprog
