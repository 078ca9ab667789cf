// Matrix products of blocks that lie in the caches, for attention.
#pragma once
#include <algorithm>
#include <array>

#include "simd.hpp"

namespace autoprog {

// Elements E are float, or Pair where the depth goes by two; the result is float.

// The left factor: element (row, k) at data[row * row_stride + k * step], so also a transposed matrix.
template <class E>
struct Left {
  const E* data;
  int64_t row_stride;
  int64_t step;
};

// A row-major matrix.
template <class E>
struct Rows {
  E* data;
  int64_t stride;
};
template <class E>
Rows<E> from_row(Rows<E> rows, int64_t n) {
  return {rows.data + n * rows.stride, rows.stride};
}

// Row r of a product is multiplied by data[r * step].
struct Factors {
  const float* data;
  int64_t step;
};

constexpr float kOne = 1.0f;
constexpr Factors kUnscaled{&kOne, 0};

// The largest register tiles, by vectors across: accumulators, a vector of the right factor per column and one of the
// left fill the registers, 32 with AVX-512 and 16 without. Each of these runs at 92 to 97 % of the multipliers' peak
// at a depth of 64; one vector beside a tile of four, at half of it.
constexpr int64_t kTileVectors = kLanes == 16 ? 5 : 3;
constexpr int64_t tile_rows(int64_t across) {
  constexpr int64_t of_32_registers[] = {12, 12, 8, 6, 5}, of_16_registers[] = {8, 6, 4};
  if constexpr (kLanes == 16) {
    return of_32_registers[across - 1];
  } else {
    return of_16_registers[across - 1];
  }
}
constexpr int64_t kTileRows = tile_rows(1);

namespace detail {

inline Vec broadcast(const float* p) {
  return splat(*p);
}
inline void add_product(const float*, Vec& sum, Vec left, Vec right) {
  sum += left * right;
}

#if defined(__AVX512BF16__)
inline Vec broadcast(const Pair* p) {
  int32_t pair;
  std::memcpy(&pair, p, sizeof pair);
  return bits(pair - VecInt{});
}
inline void add_product(const Pair*, Vec& sum, Vec left, Vec right) {
  sum = _mm512_dpbf16_ps(sum, reinterpret_cast<__m512bh>(left), reinterpret_cast<__m512bh>(right));
}
#endif

template <class E, bool Add, int64_t R, int64_t V>
void multiply_tile(int64_t depth, Left<E> a, Rows<const E> b, Rows<float> c, Factors factors) {
  Vec sums[R][V];
#pragma GCC unroll 16
  for (int64_t r = 0; r < R; r++) {
#pragma GCC unroll 8
    for (int64_t v = 0; v < V; v++) sums[r][v] = Add ? load(c.data + r * c.stride + v * kLanes) : Vec{};
  }
  for (int64_t k = 0; k < depth; k++) {
    Vec right[V];
#pragma GCC unroll 8
    for (int64_t v = 0; v < V; v++) right[v] = load(b.data + k * b.stride + v * kLanes);
#pragma GCC unroll 16
    for (int64_t r = 0; r < R; r++) {
      const Vec left = broadcast(a.data + r * a.row_stride + k * a.step);
#pragma GCC unroll 8
      for (int64_t v = 0; v < V; v++) add_product(a.data, sums[r][v], left, right[v]);
    }
  }
#pragma GCC unroll 16
  for (int64_t r = 0; r < R; r++) {
    const float factor = factors.data[r * factors.step];
#pragma GCC unroll 8
    for (int64_t v = 0; v < V; v++) store(c.data + r * c.stride + v * kLanes, factor * sums[r][v]);
  }
}

template <class E>
using Tile = void (*)(int64_t, Left<E>, Rows<const E>, Rows<float>, Factors);
// By vectors across and rows, each less one.
template <class E>
using Tiles = std::array<std::array<Tile<E>, kTileRows>, kTileVectors>;

template <class E, bool Add, int64_t V, int64_t... R>
constexpr std::array<Tile<E>, kTileRows> tiles_across(std::integer_sequence<int64_t, R...>) {
  return {multiply_tile<E, Add, R + 1, V>...};
}
template <class E, bool Add, int64_t... V>
constexpr Tiles<E> all_tiles(std::integer_sequence<int64_t, V...>) {
  return {tiles_across<E, Add, V + 1>(std::make_integer_sequence<int64_t, tile_rows(V + 1)>{})...};
}
template <class E, bool Add>
constexpr Tiles<E> kTiles = all_tiles<E, Add>(std::make_integer_sequence<int64_t, kTileVectors>{});

}  // namespace detail

// c (rows, columns) = factors * a (rows, depth) * b (depth, columns), or with `add` factors * (c + a * b);
// columns = across * kLanes. Tiles are as even as can be, since small ones leave the multipliers idle; after each,
// between() is called.
template <class E, class Between>
void multiply(bool add, int64_t rows, int64_t depth, int64_t across, Left<E> a, Rows<const E> b, Rows<float> c,
              Factors factors, Between between) {
  const auto& tiles = add ? detail::kTiles<E, true> : detail::kTiles<E, false>;
  const int64_t pieces = (across + kTileVectors - 1) / kTileVectors;
  for (int64_t x = 0; x < pieces; x++) {
    const int64_t v0 = across * x / pieces, v1 = across * (x + 1) / pieces;
    const int64_t down = (rows + tile_rows(v1 - v0) - 1) / tile_rows(v1 - v0);
    for (int64_t y = 0; y < down; y++) {
      const int64_t r0 = rows * y / down, r1 = rows * (y + 1) / down;
      tiles[static_cast<size_t>(v1 - v0 - 1)][static_cast<size_t>(r1 - r0 - 1)](
          depth, {a.data + r0 * a.row_stride, a.row_stride, a.step}, {b.data + v0 * kLanes, b.stride},
          {c.data + r0 * c.stride + v0 * kLanes, c.stride}, {factors.data + r0 * factors.step, factors.step});
      between();
    }
  }
}

// c (rows, kLanes): the first column = factor * a (rows, depth) * b (depth), the others = 0.
template <class E>
void multiply_column(int64_t rows, int64_t depth, float factor, Rows<const E> a, const E* b, Rows<float> c) {
  for (int64_t begin = 0; begin < rows; begin += kLanes) {
    const int64_t count = std::min(kLanes, rows - begin);
    Vec parts[kLanes] = {};
    for (int64_t i = 0; i < count; i++) {
      const E* row = a.data + (begin + i) * a.stride;
      each_vector(0, depth, [&](int64_t k, auto lanes) {
        detail::add_product(row, parts[i], lanes.load(row + k), lanes.load(b + k));
      });
    }
    const Vec dots = factor * sums(parts);
    for (int64_t i = 0; i < count; i++) {
      Vec first{};
      first[0] = dots[i];
      store(c.data + (begin + i) * c.stride, first);
    }
  }
}

}  // namespace autoprog
