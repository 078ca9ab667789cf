// What the attention kernels for Hopper share: tiles as wgmma reads them, and products of a warpgroup, which owns 64
// rows of one side of a head as a warp of attention.cuh owns 16.
#pragma once
#include "attention.cuh"
#include "wgmma.cuh"

namespace autoprog {

// Rows that a warpgroup owns.
inline constexpr int kGroupRows = 64;
// Tiles that have room where rows pass in tiles: one is at work, one may still be read, and two are on their way.
inline constexpr int kStages = 4;

// ---- tiles: rows of W elements, as blocks of 8 by 8, those of 8 rows side by side -------------------------------

// Asks for rows [first, first + rows) of a head of `end` rows; what lies outside becomes zero. Thread t of `threads`
// does its share. Every address must be a multiple of 16 bytes, and `rows` of 8.
template <int W>
__device__ __forceinline__ void ask_blocks(BFloat16* tile, Rows<const BFloat16> from, int first, int rows, int end,
                                           int D, int t, int threads) {
  constexpr int kPieces = W / 8;
#pragma unroll 2
  for (int i = t; i < rows * kPieces; i += threads) {
    const int row = first + i % 8 + i / (8 * kPieces) * 8, d = i / 8 % kPieces * 8;
    const bool inside = row < end && d < D;
    cp_async16(tile + i * 8, inside ? from.data + row * from.row + d : from.data, inside);
  }
}

// What was asked for is there for wgmma once all threads have passed a barrier after this.
template <int Keep>
__device__ inline void take_blocks() {
  cp_async_wait<Keep>();
  fence_async_proxy();
}

#ifdef AP_WGMMA
// product (64, C) = rows of left * rows r ... of right, transposed.
template <int C, int W>
__device__ __forceinline__ void issue_transposed(float (&product)[C / 8][4], const BFloat16* left,
                                                 const BFloat16* right, int r) {
  const uint64_t a = wgmma_descriptor(left, 128, W * 16), b = wgmma_descriptor(right + r * W, 128, W * 16);
#pragma unroll
  for (int c = 0; c < W / 16; c++) wgmma<0, 0>(product, a + c * 16, b + c * 16, c > 0);
}

// sums (64, W) += weights (64, C) * rows r ... of right.
template <int C, int W, int J>
__device__ __forceinline__ void issue_add(float (&sums)[W / 8][4], const uint32_t (&weights)[J][4],
                                          const BFloat16* right, int r) {
  const uint64_t b = wgmma_descriptor(right + r * W, W * 16, 128);
#pragma unroll
  for (int j = 0; j < C / 16; j++) wgmma<1>(sums, weights[j], b + j * (2 * W), true);
}

// Weights (64, C) as left operands.
template <int C, int J>
__device__ __forceinline__ void as_lefts(uint32_t (&a)[J][4], const float (&weights)[C / 8][4]) {
#pragma unroll
  for (int j = 0; j < C / 16; j++) as_left(a[j], weights[2 * j], weights[2 * j + 1]);
}
#endif

// body(part, r, count) for the `rows` rows of a tile, `count` of them from r on in part::value: C at a time, and at
// last 16.
template <int C, class Body>
__device__ __forceinline__ void each_part(int rows, Body body) {
  int r = 0;
#pragma unroll 1
  for (; r + C <= rows; r += C) body(std::integral_constant<int, C>{}, r, C);
#pragma unroll 1
  for (; r < rows; r += kBlock) body(std::integral_constant<int, kBlock>{}, r, rows - r);
}

// Writes factors (one for each of the thread's rows) * sums as the warp's rows first ... of a head. Neighbouring lanes
// swap halves, so that each writes 8 bytes and four of them 32.
template <int W>
__device__ __forceinline__ void write_group(const float (&sums)[W / 8][4], const float (&factors)[2], Rows<BFloat16> to,
                                            int first, int end, int D) {
  const bool odd = lane() % 2 != 0;
#pragma unroll
  for (int c = 0; c < W / 16; c++) {
#pragma unroll
    for (int h = 0; h < 2; h++) {
      const float f = factors[h];
      const uint32_t left = pack(f * sums[2 * c][2 * h], f * sums[2 * c][2 * h + 1]);
      const uint32_t right = pack(f * sums[2 * c + 1][2 * h], f * sums[2 * c + 1][2 * h + 1]);
      const uint32_t other = __shfl_xor_sync(kAllLanes, odd ? left : right, 1);
      const int row = first + lane() / 4 + h * 8, d = c * 16 + (odd ? 8 : 0) + lane() % 4 / 2 * 4;
      if (row < end && d < D) {
        *vector_at<uint2>(to.data + row * to.row + d) = odd ? uint2{other, right} : uint2{left, other};
      }
    }
  }
}

}  // namespace autoprog
