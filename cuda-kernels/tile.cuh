// Tiles, rows of W elements in shared memory, and how the fragments of mma.m16n8k16 are read from them.
#pragma once
#include "mma.cuh"

namespace autoprog {

// From one row of a tile to the next: an odd number of 16-byte pieces, so that 8 neighbouring rows, read at one column,
// touch all banks.
template <int W, class T = BFloat16>
constexpr int kStride = (W / kVector<T> | 1) * kVector<T>;

// A thread of lane l holds rows l / 4 and l / 4 + 8, and of every 8 columns those at l % 4 * 2 and the next.
__device__ inline int lane() {
  return threadIdx.x % kWarp;
}

// Left operand (16, 16) from rows r ... and columns c ... of a tile.
template <int W>
__device__ inline void load_left(uint32_t (&a)[4], const BFloat16* tile, int r, int c) {
  ldmatrix_x4(a, tile + (r + lane() % 16) * kStride<W> + c + lane() / 16 * 8);
}

// Right operands for (16, 16) times two tiles of 8 columns, which are rows r ... of the tile: b[0], b[1] for the
// first 8.
template <int W>
__device__ inline void load_right(uint32_t (&b)[4], const BFloat16* tile, int r, int c) {
  ldmatrix_x4(b, tile + (r + lane() % 8 + lane() / 16 * 8) * kStride<W> + c + lane() / 8 % 2 * 8);
}

// The same where those columns are columns c ... of the tile, and its rows r ... are summed over.
template <int W>
__device__ inline void load_right_rows(uint32_t (&b)[4], const BFloat16* tile, int r, int c) {
  ldmatrix_x4_trans(b, tile + (r + lane() % 16) * kStride<W> + c + lane() / 16 * 8);
}

// The left operand where its rows are columns c ... of the tile, and the tile's rows r ... are summed over.
template <int W>
__device__ inline void load_left_rows(uint32_t (&a)[4], const BFloat16* tile, int r, int c) {
  ldmatrix_x4_trans(a, tile + (r + lane() % 8 + lane() / 16 * 8) * kStride<W> + c + lane() / 8 % 2 * 8);
}

}  // namespace autoprog
