// The Gram matrix by pairs of tokens: the sum of <x_p, x_q> <dy_p, dy_q> over the tokens p of one sample and q of
// another. A block has pairs of blocks of rows, and adds what their two products give to the pairs of samples.
#pragma once
#include "ntk_gram.cuh"

namespace autoprog {

// Rows of a block, and the columns that are multiplied at a time.
constexpr int kRows = 64;
template <class T>
constexpr int kColumns = 128 / sizeof(T);
constexpr int kRowOwn = kRows / 16;

template <class T>
using RowProducts = TileSums<T, kRowOwn>;

// sums += a b^T, of kRows rows and kColumns of both tiles
__device__ __forceinline__ void add_inner(RowProducts<BFloat16>& sums, const BFloat16* a, const BFloat16* b) {
  constexpr int kWidth = kColumns<BFloat16>;
#pragma unroll
  for (int k = 0; k < kWidth; k += 16) {
    uint32_t left[4];
    load_left<kWidth>(left, a, sums.first_row(), k);
#pragma unroll
    for (int v = 0; v < kRowOwn; v += 2) {
      uint32_t right[4];
      load_right<kWidth>(right, b, sums.first_column() + v * 8, k);
      mma_m16n8k16(sums.of[v], left, right[0], right[1]);
      mma_m16n8k16(sums.of[v + 1], left, right[2], right[3]);
    }
  }
}
__device__ __forceinline__ void add_inner(RowProducts<float>& sums, const float* a, const float* b) {
  constexpr int kRow = kStride<kColumns<float>, float>;
#pragma unroll 2
  for (int k = 0; k < kColumns<float>; k += 4) {
    Floats<4> left[4];
#pragma unroll
    for (int e = 0; e < 4; e++) left[e] = Lanes<4>{}.load(a + sums.row(0, e) * kRow + k);
#pragma unroll
    for (int v = 0; v < kRowOwn; v++) {
      const Floats<4> right = Lanes<4>{}.load(b + sums.column(v, 0) * kRow + k);
#pragma unroll
      for (int e = 0; e < 4; e++) {
#pragma unroll
        for (int i = 0; i < 4; i++) sums.of[v][e] += left[e][i] * right[i];
      }
    }
  }
}

// A block of rows, and which of them are of which sample.
struct RowBlock {
  int64_t first, end, N;

  __device__ int64_t first_sample() const { return first / N; }
  __device__ int samples() const { return static_cast<int>((end - 1) / N - first_sample() + 1); }
  // The rows of its s'th sample, counted from its own first row.
  __device__ int begin_of(int s) const { return static_cast<int>(max((first_sample() + s) * N - first, int64_t{0})); }
  __device__ int end_of(int s) const { return static_cast<int>(min((first_sample() + s + 1) * N, end) - first); }
};

// From one row of products to the next: an odd number, so that neighbouring rows lie in different banks.
constexpr int kProductStride = kRows + 1;

// part[pair] += the sum of products (rows of a, rows of b) over the rows of both samples, for their pairs. a is b, or
// before it.
__device__ inline void add_by_samples(const RowBlock& a, const RowBlock& b, const float* products, float* row_sums,
                                      double* part) {
  for (int k = threadIdx.x; k < kRows * b.samples(); k += kGramThreads) {
    const int row = k % kRows, s = k / kRows;
    float sum = 0.0f;
    for (int column = b.begin_of(s); column < b.end_of(s); column++) sum += products[row * kProductStride + column];
    row_sums[row * kProductStride + s] = sum;
  }
  __syncthreads();
  for (int k = threadIdx.x; k < a.samples() * b.samples(); k += kGramThreads) {
    const int s = k / b.samples(), t = k % b.samples();
    double sum = 0;
    for (int row = a.begin_of(s); row < a.end_of(s); row++) sum += row_sums[row * kProductStride + t];
    const int64_t i = a.first_sample() + s, j = b.first_sample() + t;
    // A block with itself has each pair of samples both ways; two blocks have the tokens of one sample one way alone.
    if (a.first != b.first) {
      part[pair_at(j, i)] += i == j ? 2 * sum : sum;
    } else if (j <= i) {
      part[pair_at(i, j)] += sum;
    }
  }
}

// Elements of a stage: kColumns of two blocks of rows.
template <class T>
constexpr int kRowStage = 2 * kRows* kStride<kColumns<T>, T>;

template <class T, int Stages>
constexpr size_t kContractedBytes = 2 * kRows* kProductStride * sizeof(float) + Stages* kRowStage<T> * sizeof(T);

// partial (parts, pairs), of x (n, N, in) and dy (n, N, out). Grid (parts).
template <class T, int Stages>
__global__ void __launch_bounds__(kGramThreads, 2)
    ntk_gram_contracted(int64_t n, int64_t N, const Factor<T> x, const Factor<T> dy, double* partial) {
  Smem smem;
  float* products = smem.take<float>(kRows * kProductStride);
  float* row_sums = smem.take<float>(kRows * kProductStride);
  T* stages = smem.take<T>(Stages * kRowStage<T>);
  double* part = partial + blockIdx.x * pair_at(n, 0);
  for (int64_t pair = threadIdx.x; pair < pair_at(n, 0); pair += kGramThreads) part[pair] = 0;
  const int64_t rows = n * N, blocks = divide_up(rows, kRows);
  for (int64_t pair = blockIdx.x; pair < pair_at(blocks, 0); pair += gridDim.x) {
    int64_t first = pair, second = 0;  // of the pairs (0, 0), (0, 1), (1, 1), (0, 2), ... of blocks
    while (first > second) first -= ++second;
    const RowBlock a{first * kRows, min(rows, (first + 1) * kRows), N};
    const RowBlock b{second * kRows, min(rows, (second + 1) * kRows), N};
    const auto multiply = [&](const Factor<T>& f) {
      RowProducts<T> sums;
      const auto a_at = [&](int stage) { return stages + stage * kRowStage<T>; };
      const auto b_at = [&](int stage) { return a_at(stage) + kRowStage<T> / 2; };
      const auto ask = [&](int step, int stage) {
        ask_tile<kRows, kColumns<T>>(a_at(stage), f, a.first, a.end, int64_t{step} * kColumns<T>);
        ask_tile<kRows, kColumns<T>>(b_at(stage), f, b.first, b.end, int64_t{step} * kColumns<T>);
      };
      pipelined<Stages>(static_cast<int>(divide_up(f.width, kColumns<T>)), ask,
                        [&](int, int stage) { add_inner(sums, a_at(stage), b_at(stage)); });
      return sums;
    };
    const RowProducts<T> inner = multiply(x), outer = multiply(dy);
#pragma unroll
    for (int v = 0; v < kRowOwn; v++) {
#pragma unroll
      for (int e = 0; e < 4; e++) {
        products[inner.row(v, e) * kProductStride + inner.column(v, e)] = inner.of[v][e] * outer.of[v][e];
      }
    }
    __syncthreads();
    add_by_samples(a, b, products, row_sums, part);
  }
}

}  // namespace autoprog
