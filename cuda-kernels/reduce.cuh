// Sums over the rows of matrices, by columns: in parts of rows that are summed by one block each, and then over the
// parts. Which rows make a part depends on the shape alone.
#pragma once
#include "context.cuh"
#include "device.cuh"

namespace autoprog {

constexpr int kSumWarps = 8;

// What a row adds to each of Sums sums, in Width columns.
template <int Sums, int Width>
struct Terms {
  Floats<Width> of[Sums];
};

// For the sums of a part, target(part, s, column, sum). A block is (32, kSumWarps) threads, the grid (columns / (32
// Width), parts); a warp has every kSumWarps-th row of the part.
template <int Sums, int Width, class Source, class Target>
__global__ void __launch_bounds__(kWarp* kSumWarps)
    sum_rows(int64_t rows, int64_t columns, int64_t rows_per_part, Source source, Target target) {
  constexpr int kColumns = kWarp * Width;
  __shared__ float sums[kSumWarps][Sums][kColumns];
  const int lane = static_cast<int>(threadIdx.x), warp = static_cast<int>(threadIdx.y);
  const int64_t part = blockIdx.y, first_column = static_cast<int64_t>(blockIdx.x) * kColumns;
  const int64_t last = min(rows, (part + 1) * rows_per_part);
  Terms<Sums, Width> total{};
  each_group<Width>(lane, kWarp, min(columns - first_column, static_cast<int64_t>(kColumns)),
                    [&](int64_t i, auto lanes) {
                      for (int64_t row = part * rows_per_part + warp; row < last; row += kSumWarps) {
                        const Terms<Sums, Width> term = source(row, first_column + i, lanes);
#pragma unroll
                        for (int s = 0; s < Sums; s++) lanes.each([&](int k) { total.of[s][k] += term.of[s][k]; });
                      }
                    });
#pragma unroll
  for (int s = 0; s < Sums; s++) {
    Lanes<Width>{}.each([&](int k) { sums[warp][s][lane * Width + k] = total.of[s][k]; });
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

// sums[s] (columns) +=
template <int Sums>
struct Added {
  float* sums[Sums];

  __device__ void operator()(int64_t, int s, int64_t column, float sum) const { sums[s][column] += sum; }
};

// sums[s] (columns) += the sum of source(row, column, lanes).of[s] over the rows.
template <int Sums, int Width, class Source>
void sum_over_rows(ap_context* context, int64_t rows, int64_t columns, Added<Sums> sums, Source source) {
  constexpr int64_t kLeastRows = 8 * kSumWarps, kMostParts = 256;
  const int64_t rows_per_part = std::max(kLeastRows, (rows + kMostParts - 1) / kMostParts);
  const unsigned parts = blocks_for(rows, rows_per_part);
  const dim3 block(kWarp, kSumWarps);
  const unsigned tiles = blocks_for(columns, kWarp * Width);
  if (parts <= 1) {
    launch(sum_rows<Sums, Width, Source, Added<Sums>>, dim3(tiles, parts), block, 0, context->stream, rows, columns,
           rows_per_part, source, sums);
    return;
  }
  const Partial<Sums, 1> partial{context->scratch.take<float>(int64_t{parts} * Sums * columns), columns};
  launch(sum_rows<Sums, Width, Source, Partial<Sums, 1>>, dim3(tiles, parts), block, 0, context->stream, rows, columns,
         rows_per_part, source, partial);
  launch(sum_rows<Sums, 1, Partial<Sums, 1>, Added<Sums>>, dim3(blocks_for(columns, kWarp)), block, 0, context->stream,
         int64_t{parts}, columns, int64_t{parts}, partial, sums);
}

}  // namespace autoprog
