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

// Columns that are summed together: so many vectors of a row lie one behind the other.
constexpr int64_t kColumnVectors = 4;

// Adds the rows first <= row < last of the columns from `column` on, as many as Vectors hold.
template <size_t Sums, int64_t Vectors, class Lanes, class Terms>
void add_block(int64_t first, int64_t last, int64_t columns, int64_t column, Lanes lanes, float* sums, Terms terms) {
  Vec totals[Sums][Vectors] = {};
  for (int64_t row = first; row < last; row++) {
#pragma GCC unroll 8
    for (int64_t v = 0; v < Vectors; v++) {
      const std::array<Vec, Sums> term = terms(row, column + v * kLanes, lanes);
      for (size_t s = 0; s < Sums; s++) totals[s][v] += term[s];
    }
  }
  for (size_t s = 0; s < Sums; s++) {
    for (int64_t v = 0; v < Vectors; v++) {
      float* at = sums + static_cast<int64_t>(s) * columns + column + v * kLanes;
      lanes.store(at, lanes.load(at) + totals[s][v]);
    }
  }
}

}  // namespace detail

// sums[s * columns + column] += the sum of terms(row, column, lanes)[s] over the rows first <= row < last, on this
// thread.
template <size_t Sums, class Terms>
void add_rows(int64_t first, int64_t last, int64_t columns, float* sums, Terms terms) {
  constexpr int64_t kColumns = detail::kColumnVectors * kLanes;
  const int64_t together = columns / kColumns * kColumns;
  for (int64_t block = first; block < last; block += detail::kRowBlock) {
    const int64_t end = std::min(last, block + detail::kRowBlock);
    for (int64_t column = 0; column < together; column += kColumns) {
      detail::add_block<Sums, detail::kColumnVectors>(block, end, columns, column, WholeVector{}, sums, terms);
    }
    each_vector(together, columns, [&](int64_t column, auto lanes) {
      detail::add_block<Sums, 1>(block, end, columns, column, lanes, sums, terms);
    });
  }
}

// sums[s][column] += the parts' sums partial[part * part_size + s * columns + column], in their order.
template <size_t Sums>
void add_parts(int parts, int64_t part_size, const float* partial, int64_t columns, std::array<float*, Sums> sums) {
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

// sums[s][column] += the sum over the rows of terms(row, column, lanes)[s], where terms gives a vector of
// columns. Each thread sums rows of its own, and the parts are added in order.
template <size_t Sums, class Terms>
void sum_over_rows(ap_context* context, int64_t rows, int64_t columns, std::array<float*, Sums> sums, Terms terms) {
  const int64_t width = static_cast<int64_t>(Sums) * columns;
  const int parts = static_cast<int>(std::min<int64_t>(parts_for(context, rows * columns), rows));
  const int64_t part_size = round_up(width, 16);
  float* partial = context->scratch.floats(parts * part_size);
  parallel(context, parts, rows, 1, [&](int64_t part, int64_t first, int64_t last) {
    float* mine = partial + part * part_size;
    std::fill_n(mine, width, 0.0f);
    add_rows<Sums>(first, last, columns, mine, terms);
  });
  add_parts<Sums>(parts, part_size, partial, columns, sums);
}

}  // namespace autoprog
