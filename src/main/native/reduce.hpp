// Sums over the rows of matrices, by columns.
#pragma once
#include <array>

#include "context.hpp"
#include "simd.hpp"

namespace autoprog {

namespace detail {

// Rows that are summed in registers before their sum is added to the part's: rounding errors then grow with
// sqrt(kRowBlock) + sqrt(rows / kRowBlock), not with sqrt(rows).
constexpr int64_t kRowBlock = 64;

template <size_t Sums, class Terms>
void add_rows(int64_t first, int64_t last, int64_t columns, float* sums, const Terms& terms) {
  for (int64_t block = first; block < last; block += kRowBlock) {
    const int64_t block_end = std::min(last, block + kRowBlock);
    each_vector(0, columns, [&](int64_t column, auto lanes) {
      std::array<Vec, Sums> total{};
      for (int64_t row = block; row < block_end; row++) {
        const std::array<Vec, Sums> term = terms(row, column, lanes);
        for (size_t s = 0; s < Sums; s++) total[s] += term[s];
      }
      for (size_t s = 0; s < Sums; s++) {
        float* at = sums + static_cast<int64_t>(s) * columns + column;
        lanes.store(at, lanes.load(at) + total[s]);
      }
    });
  }
}

}  // namespace detail

// sums[s][column] += the sum over the rows of terms(row, column, lanes)[s], where terms gives a vector of
// columns. Each thread sums rows of its own, and the parts are added in order.
template <size_t Sums, class Terms>
void sum_over_rows(ap_context* context, int64_t rows, int64_t columns, std::array<float*, Sums> sums, Terms terms) {
  const int64_t width = static_cast<int64_t>(Sums) * columns;
  const int parts = static_cast<int>(std::min<int64_t>(team_for(context, rows * columns), rows));
  const int64_t part_size = round_up(width, 16);
  float* partial = context->scratch.floats(parts * part_size);
  parallel(parts, rows, 1, [&](int64_t part, int64_t first, int64_t last) {
    float* mine = partial + part * part_size;
    std::fill_n(mine, width, 0.0f);
    detail::add_rows<Sums>(first, last, columns, mine, terms);
  });
  for (size_t s = 0; s < Sums; s++) {
    each_vector(0, columns, [&](int64_t column, auto lanes) {
      Vec total{};
      for (int part = 0; part < parts; part++) {
        total += lanes.load(partial + part * part_size + static_cast<int64_t>(s) * columns + column);
      }
      lanes.store(sums[s] + column, lanes.load(sums[s] + column) + total);
    });
  }
}

}  // namespace autoprog
