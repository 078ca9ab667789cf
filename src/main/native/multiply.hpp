// Matrix products of blocks that lie in the caches, for attention.
#pragma once
#include <array>

#include "simd.hpp"

namespace autoprog {

// The left factor: element (row, k) at data[row * row_stride + k * step], so also a transposed matrix.
struct Left {
  const float* data;
  int64_t row_stride;
  int64_t step;
};

// A row-major matrix whose rows are padded to whole vectors.
template <class Float>
struct Rows {
  Float* data;
  int64_t stride;
};

// The largest register tile: accumulators, a vector of the right factor per column and one of the left fill
// the registers, 32 with AVX-512 and 16 without.
constexpr int64_t kTileRows = kLanes == 16 ? 6 : 4;
constexpr int64_t kTileVectors = kLanes == 16 ? 4 : 3;

namespace detail {

template <int64_t R, int64_t V, bool Add>
void multiply_tile(int64_t depth, Left a, Rows<const float> b, Rows<float> c) {
  Vec sums[R][V];
#pragma GCC unroll 8
  for (int64_t r = 0; r < R; r++) {
#pragma GCC unroll 8
    for (int64_t v = 0; v < V; v++) sums[r][v] = Add ? load(c.data + r * c.stride + v * kLanes) : Vec{};
  }
  for (int64_t k = 0; k < depth; k++) {
    Vec right[V];
#pragma GCC unroll 8
    for (int64_t v = 0; v < V; v++) right[v] = load(b.data + k * b.stride + v * kLanes);
#pragma GCC unroll 8
    for (int64_t r = 0; r < R; r++) {
      const Vec left = splat(a.data[r * a.row_stride + k * a.step]);
#pragma GCC unroll 8
      for (int64_t v = 0; v < V; v++) sums[r][v] += left * right[v];
    }
  }
#pragma GCC unroll 8
  for (int64_t r = 0; r < R; r++) {
#pragma GCC unroll 8
    for (int64_t v = 0; v < V; v++) store(c.data + r * c.stride + v * kLanes, sums[r][v]);
  }
}

using TileFunction = void (*)(int64_t, Left, Rows<const float>, Rows<float>);
template <bool Add, int64_t... I>
constexpr std::array<TileFunction, sizeof...(I)> tile_functions(std::integer_sequence<int64_t, I...>) {
  return {multiply_tile<I / kTileVectors + 1, I % kTileVectors + 1, Add>...};
}
template <bool Add>
constexpr auto kTiles = tile_functions<Add>(std::make_integer_sequence<int64_t, kTileRows * kTileVectors>{});

}  // namespace detail

// c (rows, columns) = a (rows, depth) * b (depth, columns), or += with Add; columns = right_vectors * kLanes.
// Tiles are as even as can be, since small ones leave the multipliers idle.
template <bool Add>
void multiply(int64_t rows, int64_t depth, int64_t right_vectors, Left a, Rows<const float> b, Rows<float> c) {
  const int64_t across = (right_vectors + kTileVectors - 1) / kTileVectors;
  const int64_t down = (rows + kTileRows - 1) / kTileRows;
  for (int64_t x = 0; x < across; x++) {
    const int64_t v0 = right_vectors * x / across, v1 = right_vectors * (x + 1) / across;
    for (int64_t y = 0; y < down; y++) {
      const int64_t r0 = rows * y / down, r1 = rows * (y + 1) / down;
      const auto tile = detail::kTiles<Add>[static_cast<size_t>((r1 - r0 - 1) * kTileVectors + v1 - v0 - 1)];
      tile(depth, {a.data + r0 * a.row_stride, a.row_stride, a.step}, {b.data + v0 * kLanes, b.stride},
           {c.data + r0 * c.stride + v0 * kLanes, c.stride});
    }
  }
}

}  // namespace autoprog
