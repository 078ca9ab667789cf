// Sums, in parts that are summed by one block each, and then over the parts: over flat arrays, and over the rows of
// matrices, by columns. What makes a part depends on the shape alone.
#pragma once
#include "context.cuh"
#include "device.cuh"

namespace autoprog {

// ---- flat arrays -------------------------------------------------------------------------------------------------

constexpr int kSumThreads = 256;

// The sum over a block of kSumThreads, in thread 0.
__device__ inline double block_sum(double x) {
  __shared__ double sums[kSumThreads / kWarp];
  const double of_warp = warp_sum(x);
  if (threadIdx.x % kWarp == 0) sums[threadIdx.x / kWarp] = of_warp;
  __syncthreads();
  double sum = 0;
  for (int warp = 0; warp < kSumThreads / kWarp; warp++) sum += sums[warp];
  return sum;
}

// body(i, lanes) for the groups of Width neighbours of [0, n) that this thread has among all of the grid's, and for the
// elements of the last group one by one if they are fewer.
template <int Width, class Body>
__device__ inline void each_own_group(int64_t n, Body body) {
  const int64_t whole = n / Width * Width, workers = static_cast<int64_t>(gridDim.x) * kSumThreads;
  const int64_t worker = static_cast<int64_t>(blockIdx.x) * kSumThreads + threadIdx.x;
  each_group<Width>(worker, workers, whole, body);
  each_group<1>(whole + worker, workers, n, body);
}

// sum (1) += the sum of partial (count); one block
template <class S>
__global__ void __launch_bounds__(kSumThreads) add_partial_sums(int count, const double* partial, S* sum) {
  double own = 0;
  for (int i = static_cast<int>(threadIdx.x); i < count; i += kSumThreads) own += partial[i];
  const double total = block_sum(own);
  if (threadIdx.x == 0) *sum = static_cast<S>(*sum + total);
}

// So many blocks sum an array of n elements, in groups of Width.
template <int Width>
unsigned sum_blocks(int64_t n) {
  constexpr int64_t kMostBlocks = 1024, kGroupsOfThread = 4;
  return static_cast<unsigned>(std::min<int64_t>(kMostBlocks, blocks_for(n, kSumThreads * kGroupsOfThread * Width)));
}

// ---- rows --------------------------------------------------------------------------------------------------------

constexpr int kSumWarps = 8;
// The columns of a lane where a row of several matrices is read: few, so that registers hold several rows.
constexpr int kSumWidth = 4;
// So many rows does a warp ask for before it adds the first.
template <class Source>
constexpr int kRowsAhead = 4;

// What a row adds to each of Sums sums, in Width columns.
template <int Sums, int Width>
struct Terms {
  Floats<Width> of[Sums];
};

// For the sums of a part, target(part, s, column, sum). A block is (32, kSumWarps) threads, the grid (columns / (32
// Width) x parts); a warp has every kSumWarps-th row of the part.
template <int Sums, int Width, class Source, class Target>
__global__ void __launch_bounds__(kWarp* kSumWarps)
    sum_rows(int64_t rows, int64_t columns, int64_t rows_per_part, Source source, Target target) {
  constexpr int kColumns = kWarp * Width, kAhead = kRowsAhead<Source>;
  __shared__ float sums[kSumWarps][Sums][kColumns];
  const int lane = static_cast<int>(threadIdx.x), warp = static_cast<int>(threadIdx.y);
  const int64_t tiles = (columns + kColumns - 1) / kColumns;
  const int64_t part = blockIdx.x / tiles, first_column = blockIdx.x % tiles * kColumns;
  const int64_t last = min(rows, (part + 1) * rows_per_part);
  Terms<Sums, Width> total{};
  constexpr Lanes<Width> lanes{};
  const auto add = [&](const Terms<Sums, Width>& term) {
#pragma unroll
    for (int s = 0; s < Sums; s++) lanes.each([&](int k) { total.of[s][k] += term.of[s][k]; });
  };
  const int64_t own_column = first_column + int64_t{lane} * Width;
  if (own_column < columns) {
    int64_t row = part * rows_per_part + warp;
    for (; row + (kAhead - 1) * kSumWarps < last; row += kAhead * kSumWarps) {
      Terms<Sums, Width> terms[kAhead];
#pragma unroll
      for (int k = 0; k < kAhead; k++) terms[k] = source(row + k * kSumWarps, own_column, lanes);
#pragma unroll
      for (int k = 0; k < kAhead; k++) add(terms[k]);
    }
    for (; kAhead > 1 && row < last; row += kSumWarps) add(source(row, own_column, lanes));
  }
#pragma unroll
  for (int s = 0; s < Sums; s++) {
    lanes.each([&](int k) { sums[warp][s][lane * Width + k] = total.of[s][k]; });
  }
  __syncthreads();
  for (int i = warp * kWarp + lane; i < Sums * kColumns; i += kWarp * kSumWarps) {
    const int s = i / kColumns, column = i % kColumns;
    if (first_column + column >= columns) continue;
    float sum = 0.0f;
#pragma unroll
    for (int w = 0; w < kSumWarps; w++) sum += sums[w][s][column];
    target(part, s, first_column + column, sum);
  }
}

// partial (parts, Sums, columns)
template <int Sums, int Width>
struct Partial {
  float* partial;
  int64_t columns;

  __device__ void operator()(int64_t part, int s, int64_t column, float sum) const {
    partial[(part * Sums + s) * columns + column] = sum;
  }
  __device__ Terms<Sums, Width> operator()(int64_t part, int64_t column, Lanes<Width> lanes) const {
    Terms<Sums, Width> terms;
#pragma unroll
    for (int s = 0; s < Sums; s++) terms.of[s] = lanes.load(partial + (part * Sums + s) * columns + column);
    return terms;
  }
};

// A few warps sum many parts: what they wait for has to be in flight together.
template <int Sums>
constexpr int kRowsAhead<Partial<Sums, 1>> = 16;

// sums[s] (columns) +=
template <int Sums>
struct Added {
  float* sums[Sums];

  __device__ void operator()(int64_t, int s, int64_t column, float sum) const { sums[s][column] += sum; }
};

// sums[s] (columns) += the sum of partial[s] over the parts.
template <int Sums>
void add_parts(ap_context* context, int64_t parts, int64_t columns, Partial<Sums, 1> partial, Added<Sums> sums) {
  launch(sum_rows<Sums, 1, Partial<Sums, 1>, Added<Sums>>, dim3(blocks_for(columns, kWarp)), dim3(kWarp, kSumWarps), 0,
         context->stream, parts, columns, parts, partial, sums);
}

// sums[s] (columns) += the sum of source(row, column, lanes).of[s] over the rows.
template <int Sums, int Width, class Source>
void sum_over_rows(ap_context* context, int64_t rows, int64_t columns, Added<Sums> sums, Source source) {
  // as many blocks as large GPUs hold at once, but not many parts, which the second launch has to sum
  constexpr int64_t kLeastRows = 8 * kSumWarps, kMostParts = 256, kBlocks = 640;
  const unsigned tiles = blocks_for(columns, kWarp * Width);
  const int64_t most_parts = std::clamp(kBlocks / std::max(tiles, 1u), int64_t{1}, kMostParts);
  const int64_t rows_per_part = std::max(kLeastRows, (rows + most_parts - 1) / most_parts);
  const unsigned parts = blocks_for(rows, rows_per_part);
  const dim3 block(kWarp, kSumWarps);
  if (parts <= 1) {
    launch(sum_rows<Sums, Width, Source, Added<Sums>>, blocks_for(int64_t{tiles} * parts, 1), block, 0, context->stream,
           rows, columns, rows_per_part, source, sums);
    return;
  }
  const Partial<Sums, 1> partial{context->scratch.take<float>(int64_t{parts} * Sums * columns), columns};
  launch(sum_rows<Sums, Width, Source, Partial<Sums, 1>>, blocks_for(int64_t{tiles} * parts, 1), block, 0,
         context->stream, rows, columns, rows_per_part, source, partial);
  add_parts(context, parts, columns, partial, sums);
}

}  // namespace autoprog
