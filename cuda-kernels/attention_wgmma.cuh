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

// x, which all lanes have alike: the compiler then sees it, and keeps what follows from it in registers of the warp,
// where wgmma takes its descriptors from.
__device__ inline int uniform(int x) {
  return __shfl_sync(kAllLanes, x, 0);
}
// Which warpgroup of its block a thread is in.
__device__ inline int own_group() {
  return uniform(threadIdx.x / kWarpgroup);
}

// ---- tiles: rows of W elements, as blocks of 8 by 8, those of 8 rows side by side -------------------------------

// Of ask_blocks: `Pairs` pairs of pieces of 16 bytes, from column d on. Of eight lanes, whose pieces are read together,
// two have neighbours in a row, so that no 32 bytes are read twice, and four write to banks of their own.
template <int W, int Pairs>
__device__ __forceinline__ void ask_pairs(BFloat16* tile, Rows<const BFloat16> from, int first, int d, int rows,
                                          int end, int D, int t) {
  constexpr int kThreads = 16 * Pairs, kStep = kWarpgroup / kThreads * 8;  // threads of 8 rows; rows of the warpgroup
  const int own = t / kThreads * 8 + t / 2 % 8, column = d + t / 16 % Pairs * 16 + t % 2 * 8;
  const int stop = column < D ? end - first : 0;
  BFloat16* to = tile + t / kThreads * 8 * W + column * 8 + t / 2 % 8 * 8;
  const BFloat16* source = from.data + (first + own) * from.row + column;
#pragma unroll 4
  for (int done = 0; done < rows; done += kStep, to += kStep * W, source += kStep * from.row) {
    if (kStep > kBlock && own + done >= rows) break;
    cp_async16(to, source, own + done < stop);
  }
}

// Asks for rows [first, first + rows) of a head of `end` rows; what lies outside becomes zero. Thread t of a warpgroup
// does its share. Every address must be a multiple of 16 bytes, and `rows` of 16.
template <int W>
__device__ __forceinline__ void ask_blocks(BFloat16* tile, Rows<const BFloat16> from, int first, int rows, int end,
                                           int D, int t) {
  ask_pairs<W, 4>(tile, from, first, 0, rows, end, D, t);
  if constexpr (W > 64) ask_pairs<W, W / 16 - 4>(tile, from, first, 64, rows, end, D, t);
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
  const int own = first + lane() / 4, column = (odd ? 8 : 0) + lane() % 4 / 2 * 4;
  BFloat16* const rows[2] = {computed(to.data + own * to.row + column),
                             computed(to.data + (own + 8) * to.row + column)};
#pragma unroll
  for (int h = 0; h < 2; h++) {
    const float f = factors[h];
    const int stop = own + h * 8 < end ? D - column : 0;
#pragma unroll
    for (int c = 0; c < W / 16; c++) {
      const uint32_t left = pack(f * sums[2 * c][2 * h], f * sums[2 * c][2 * h + 1]);
      const uint32_t right = pack(f * sums[2 * c + 1][2 * h], f * sums[2 * c + 1][2 * h + 1]);
      const uint32_t other = __shfl_xor_sync(kAllLanes, odd ? left : right, 1);
      if (c * 16 < stop) *vector_at<uint2>(rows[h] + c * 16) = odd ? uint2{other, right} : uint2{left, other};
    }
  }
}

}  // namespace autoprog
