// What the attention kernels share: how their operands lie, and tiles of bfloat16 rows in shared memory.
//
// A warp owns blocks of 16 rows of one side of a head (queries or keys) and holds them as fragments of
// mma.m16n8k16; the rows of the other side pass by in shared memory. Sums stay in the owner's registers, so every
// result is the sum of the same terms in the same order on every run.
#pragma once
#include "tile.cuh"

namespace autoprog {

inline constexpr float kLog2E = 1.44269504f;
inline constexpr float kLn2 = 0.693147181f;
// Rows that a warp owns as one fragment, and the granule of every loop over rows.
inline constexpr int kBlock = 16;
// Rows of a tile where a head is too long to lie in shared memory as a whole.
inline constexpr int kTile = 64;

__host__ __device__ constexpr int round_up(int n, int granule) {
  return (n + granule - 1) / granule * granule;
}

// A tensor (B, N, H, D), or the part of one that such a tensor is: element (b, n, h, d) lies at
// data[b * batch + n * row + h * head + d].
template <class T>
struct Heads {
  T* data;
  int64_t batch, row, head;
};

// One head of it: element (n, d) lies at data[n * row + d].
template <class T>
struct Rows {
  T* data;
  int64_t row;
};

// Lengths of both sides; `vectors`: every address is a multiple of 16 bytes.
struct AttentionShape {
  int B, H, queries, keys, D;
  float scale;
  bool vectors;
};

template <class T>
struct AttentionForward {
  AttentionShape shape;
  Heads<const T> q, k, v;
  Heads<T> out;
  float* log_sum_exp;  // (B, H, queries)
};

// Of a query: the logarithm of its softmax's denominator (to base 2 for bfloat16), and the sum of dout * out.
using Statistics = float2;

template <class T>
struct AttentionBackward {
  AttentionShape shape;
  Heads<const T> q, k, v, out, dout;
  Heads<T> dq, dk, dv;
  const float* log_sum_exp;  // (B, H, queries)
  Statistics* statistics;    // (B, H, queries)
};

// Which head of which sample.
struct Head {
  int b, h;

  template <class T>
  __device__ Rows<T> of(const Heads<T>& heads) const {
    return {heads.data + b * heads.batch + h * heads.head, heads.row};
  }
  // x (B, H, queries) of this head
  template <class T>
  __device__ T* of(T* x, const AttentionShape& shape) const {
    return x + (static_cast<int64_t>(b) * shape.H + h) * shape.queries;
  }
};

// The head that a block works on: grids are (blocks of a head, H, B).
__device__ inline Head this_head() {
  return {static_cast<int>(blockIdx.z), static_cast<int>(blockIdx.y)};
}

// Eight neighbours as float32.
template <class T>
__device__ inline Floats<8> load8(const T* p, bool vectors) {
  if (vectors) return Lanes<8>{}.load(p);
  return Lanes<8>{}.make([&](int k) { return to_float(p[k]); });
}

// The sum over the four lanes, or eight, that hold a row.
template <int Lanes>
__device__ inline float sum_of_row(float x) {
#pragma unroll
  for (int distance = 1; distance < Lanes; distance *= 2) x += __shfl_xor_sync(kAllLanes, x, distance);
  return x;
}
template <int Lanes>
__device__ inline float largest_of_row(float x) {
#pragma unroll
  for (int distance = 1; distance < Lanes; distance *= 2) x = fmaxf(x, __shfl_xor_sync(kAllLanes, x, distance));
  return x;
}

// ---- tiles: rows of W elements in shared memory -----------------------------------------------------------------
// Asks for rows [first, first + rows) of a head of `end` rows of D elements; what lies outside becomes zero. Thread t
// of `threads` does its share.
template <int W, class T>
__device__ inline void ask_rows(T* tile, Rows<const T> from, int first, int rows, int end, const AttentionShape& shape,
                                int t, int threads) {
  constexpr int kPieces = W / kVector<T>;
#pragma unroll 1
  for (int i = t; i < rows * kPieces; i += threads) {
    const int r = i / kPieces, d = i % kPieces * kVector<T>;
    T* to = tile + r * kStride<W, T> + d;
    const bool inside = first + r < end && d < shape.D;
    const T* source = inside ? from.data + (first + r) * from.row + d : from.data;
    if (shape.vectors) {
      cp_async16(to, source, inside);
    } else {
      for (int e = 0; e < kVector<T>; e++) to[e] = inside ? source[e] : from_float<T>(0.0f);
    }
  }
}

// Writes rows [first, first + rows) of a head, as far as there are any, from a tile.
template <int W>
__device__ inline void write_rows(const BFloat16* tile, Rows<BFloat16> to, int first, int rows, int end,
                                  const AttentionShape& shape, int t, int threads) {
  constexpr int kPieces = W / 8;
  for (int i = t; i < rows * kPieces; i += threads) {
    const int r = i / kPieces, d = i % kPieces * 8;
    if (first + r >= end || d >= shape.D) continue;
    const BFloat16* from = tile + r * kStride<W> + d;
    BFloat16* target = to.data + (first + r) * to.row + d;
    if (shape.vectors) {
      *vector_at<uint4>(target) = *vector_at<const uint4>(from);
    } else {
      for (int e = 0; e < 8; e++) target[e] = from[e];
    }
  }
}

// ---- fragments of mma.m16n8k16 ----------------------------------------------------------------------------------
__device__ inline uint32_t pack(float low, float high) {
  const __nv_bfloat162 both = __floats2bfloat162_rn(low, high);
  return reinterpret_cast<const uint32_t&>(both);
}

// Two tiles of 8 columns of a product as the left operand of the next.
__device__ inline void as_left(uint32_t (&a)[4], const float (&first)[4], const float (&second)[4]) {
  a[0] = pack(first[0], first[1]);
  a[1] = pack(first[2], first[3]);
  a[2] = pack(second[0], second[1]);
  a[3] = pack(second[2], second[3]);
}

// Blocks of 16 rows of W elements as left operands.
template <int W, int M>
using Fragments = uint32_t[M][W / 16][4];
// Sums over blocks of 16 rows and W columns.
template <int W, int M>
using Sums = float[M][W / 8][4];

// product (M blocks, C) += left * rows r ... r + C of the tile, transposed; left(m, c) is block m's fragment of columns
// 16 c ...
template <int C, int W, int M, class Left>
__device__ __forceinline__ void multiply_transposed_by(Left left, Sums<C, M>& product, const BFloat16* tile, int r) {
#pragma unroll
  for (int c = 0; c < W / 16; c++) {
    uint32_t a[M][4];
#pragma unroll
    for (int m = 0; m < M; m++) left(a[m], m, c);
#pragma unroll
    for (int j = 0; j < C / 16; j++) {
      uint32_t b[4];
      load_right<W>(b, tile, r + j * 16, c * 16);
#pragma unroll
      for (int m = 0; m < M; m++) {
        mma_m16n8k16(product[m][2 * j], a[m], b[0], b[1]);
        mma_m16n8k16(product[m][2 * j + 1], a[m], b[2], b[3]);
      }
    }
  }
}
template <int C, int W, int M>
__device__ __forceinline__ void multiply_transposed(Sums<C, M>& product, const Fragments<W, M>& left,
                                                    const BFloat16* tile, int r) {
  const auto held = [&](uint32_t(&a)[4], int m, int c) {
#pragma unroll
    for (int i = 0; i < 4; i++) a[i] = left[m][c][i];
  };
  multiply_transposed_by<C, W, M>(held, product, tile, r);
}

// sums (M blocks, W) += weights (M blocks, C), rounded to bfloat16, * rows r ... r + C of the tile
template <int C, int W, int M>
__device__ inline void multiply_add(Sums<W, M>& sums, const Sums<C, M>& weights, const BFloat16* tile, int r) {
#pragma unroll
  for (int j = 0; j < C / 16; j++) {
    uint32_t a[M][4];
#pragma unroll
    for (int m = 0; m < M; m++) as_left(a[m], weights[m][2 * j], weights[m][2 * j + 1]);
#pragma unroll
    for (int c = 0; c < W / 16; c++) {
      uint32_t b[4];
      load_right_rows<W>(b, tile, r + j * 16, c * 16);
#pragma unroll
      for (int m = 0; m < M; m++) {
        mma_m16n8k16(sums[m][2 * c], a[m], b[0], b[1]);
        mma_m16n8k16(sums[m][2 * c + 1], a[m], b[2], b[3]);
      }
    }
  }
}

// Asks for a warp's M blocks of rows; `stage` has room for them and belongs to the warp.
template <int W, int M>
__device__ inline void ask_fragments(BFloat16* stage, Rows<const BFloat16> from, int first, int end,
                                     const AttentionShape& shape) {
  __syncwarp();
  ask_rows<W>(stage, from, first, M * kBlock, end, shape, lane(), kWarp);
  cp_async_commit();
}

// Takes what was asked for.
template <int W, int M>
__device__ inline void take_fragments(Fragments<W, M>& a, const BFloat16* stage) {
  cp_async_wait<0>();
  __syncwarp();
#pragma unroll
  for (int m = 0; m < M; m++) {
#pragma unroll
    for (int c = 0; c < W / 16; c++) load_left<W>(a[m][c], stage, m * kBlock, c * 16);
  }
}

// Writes factors (one for each of the thread's rows) * sums as rows first ... of a head, through the stage.
template <int W, int M>
__device__ inline void write_sums(const Sums<W, M>& sums, const float (&factors)[M][2], BFloat16* stage,
                                  Rows<BFloat16> to, int first, int end, const AttentionShape& shape) {
  __syncwarp();
#pragma unroll
  for (int m = 0; m < M; m++) {
#pragma unroll
    for (int c = 0; c < W / 8; c++) {
#pragma unroll
      for (int h = 0; h < 2; h++) {
        BFloat16* at = stage + (m * kBlock + lane() / 4 + h * 8) * kStride<W> + c * 8 + lane() % 4 * 2;
        *vector_at<uint32_t>(at) = pack(factors[m][h] * sums[m][c][2 * h], factors[m][h] * sums[m][c][2 * h + 1]);
      }
    }
  }
  __syncwarp();
  write_rows<W>(stage, to, first, M * kBlock, end, shape, lane(), kWarp);
}

// ---- what both passes of a gradient need of each query ----------------------------------------------------------

// put(n, statistics) for queries first, first + step, ... below `rows` of a head, zeros where it has no more. Eight
// lanes share a query; vectors: that of the shape.
template <class T, class Put>
__device__ inline void each_statistics(const AttentionBackward<T>& a, Head head, int first, int step, int rows,
                                       bool vectors, Put put) {
  constexpr float kUnit = sizeof(T) == sizeof(float) ? 1.0f : kLog2E;
  const AttentionShape& shape = a.shape;
  const Rows<const T> out = head.of(a.out), dout = head.of(a.dout);
  const float* log_sum_exp = head.of(a.log_sum_exp, shape);
  for (; first < rows; first += step) {
    const int n = first + threadIdx.x / 8;
    float sum = 0.0f;
#pragma unroll 1
    for (int d = threadIdx.x % 8 * 8; n < shape.queries && d < shape.D; d += 64) {
      const Floats<8> left = load8(out.data + n * out.row + d, vectors);
      const Floats<8> right = load8(dout.data + n * dout.row + d, vectors);
#pragma unroll
      for (int e = 0; e < 8; e++) sum += left[e] * right[e];
    }
    sum = sum_of_row<8>(sum);
    if (threadIdx.x % 8 != 0 || n >= rows) continue;
    put(n, n < shape.queries ? Statistics{log_sum_exp[n] * kUnit, sum} : Statistics{0.0f, 0.0f});
  }
}

inline constexpr int kStatisticsThreads = 256;

// statistics (B, H, queries). Grid (blocks of queries, H, B).
template <class T>
__global__ void __launch_bounds__(kStatisticsThreads) attention_statistics(const AttentionBackward<T> a) {
  constexpr int kTogether = kStatisticsThreads / 8;
  const Head head = this_head();
  Statistics* to = head.of(a.statistics, a.shape);
  each_statistics(a, head, blockIdx.x * kTogether, gridDim.x * kTogether, a.shape.queries, a.shape.vectors,
                  [&](int n, Statistics of) { to[n] = of; });
}

}  // namespace autoprog
