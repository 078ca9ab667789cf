// The Gram matrix by tiles of the weight: of one tile, the gradients of all samples that a block has, one after the
// other, and then their inner products.
#pragma once
#include "ntk_gram.cuh"

namespace autoprog {

// Outputs and inputs of a tile, and the tokens that are multiplied at a time: the gradients of 16 samples fill 128 KiB
// of shared memory, and with what passes they leave room on sm_80, which has 163. Devices of less contract instead.
constexpr int kDown = 64, kAcross = 32, kTokens = 32;
// Of a tile, a thread has kTileOwn times 4 elements.
constexpr int kTile = kDown * kAcross;
constexpr int kTileOwn = kTile / kGramThreads / 4;

template <class T>
using GradientTile = TileSums<T, kTileOwn>;

// sums += dy^T x, over kTokens rows of both tiles
__device__ __forceinline__ void add_outer(GradientTile<BFloat16>& sums, const BFloat16* dy, const BFloat16* x) {
#pragma unroll
  for (int p = 0; p < kTokens; p += 16) {
    uint32_t a[4], b[4];
    load_left_rows<kDown>(a, dy, p, sums.first_row());
    load_right_rows<kAcross>(b, x, p, sums.first_column());
    mma_m16n8k16(sums.of[0], a, b[0], b[1]);
    mma_m16n8k16(sums.of[1], a, b[2], b[3]);
  }
}
__device__ __forceinline__ void add_outer(GradientTile<float>& sums, const float* dy, const float* x) {
#pragma unroll 8
  for (int p = 0; p < kTokens; p++) {
    const Floats<4> a = Lanes<4>{}.load(dy + p * kStride<kDown, float> + sums.row(0, 0));
#pragma unroll
    for (int v = 0; v < kTileOwn; v++) {
      const float b = x[p * kStride<kAcross, float> + sums.column(v, 0)];
#pragma unroll
      for (int e = 0; e < 4; e++) sums.of[v][e] += a[e] * b;
    }
  }
}

// A thread's sums where it alone writes and reads; beyond the weight's rows and columns 0, also if it was infinity
// times 0 there.
template <class T>
__device__ __forceinline__ void keep(const GradientTile<T>& sums, float* own, int64_t rows, int64_t columns) {
#pragma unroll
  for (int v = 0; v < kTileOwn; v++) {
    const auto inside = [&](int e) { return sums.row(v, e) < rows && sums.column(v, e) < columns; };
    Lanes<4>{}.store(own + v * kGramThreads * 4,
                     Lanes<4>{}.make([&](int e) { return inside(e) ? sums.of[v][e] : 0.0f; }));
  }
}

// Which of a block's samples a step is about, and which kTokens of its tokens.
struct TokenStep {
  int slot = 0, chunk = 0;

  __device__ void advance(int chunks) {
    if (++chunk < chunks) return;
    chunk = 0;
    slot++;
  }
};

// Elements of a stage: kTokens rows of both factors.
template <class T>
constexpr int kTokenStage = kTokens * (kStride<kDown, T> + kStride<kAcross, T>);

template <class T>
constexpr size_t kTiledBytes = 2 * kGroup * kTile * sizeof(float) + kStages<T> * kTokenStage<T> * sizeof(T);

// partial (parts, pairs), of x (n, N, in) and dy (n, N, out). Grid (choices of groups x parts).
template <class T>
__global__ void __launch_bounds__(kGramThreads, 1)
    ntk_gram_tiled(int64_t n, int64_t N, const Factor<T> x, const Factor<T> dy, int64_t parts, double* partial) {
  const Groups groups(blockIdx.x / parts, n);
  const int64_t part = blockIdx.x % parts;
  Smem smem;
  float* own = smem.take<float>(2 * kGroup * kTile) + threadIdx.x * 4;
  T* stages = smem.take<T>(kStages<T> * kTokenStage<T>);
  const int chunks = static_cast<int>(divide_up(N, kTokens));
  const int64_t tiles_across = divide_up(x.width, kAcross), tiles = divide_up(dy.width, kDown) * tiles_across;
  PairTotals<kTileOwn> totals;
  for (int64_t tile = part; tile < tiles; tile += parts) {
    const int64_t row = tile / tiles_across * kDown, column = tile % tiles_across * kAcross;
    const auto dy_at = [&](int stage) { return stages + stage * kTokenStage<T>; };
    const auto x_at = [&](int stage) { return dy_at(stage) + kTokens * kStride<kDown, T>; };
    TokenStep asked, taken;
    const auto ask = [&](int, int stage) {
      const int64_t begin = groups.sample(asked.slot) * N, first = begin + asked.chunk * kTokens;
      ask_tile<kTokens, kDown>(dy_at(stage), dy, first, begin + N, row);
      ask_tile<kTokens, kAcross>(x_at(stage), x, first, begin + N, column);
      asked.advance(chunks);
    };
    GradientTile<T> gradient;
    pipelined<kStages<T>>(groups.samples * chunks, ask, [&](int, int stage) {
      add_outer(gradient, dy_at(stage), x_at(stage));
      if (taken.chunk == chunks - 1) {
        keep(gradient, own + taken.slot * kTile, dy.width - row, x.width - column);
        gradient = {};
      }
      taken.advance(chunks);
    });
    totals.add(groups, n, [&](int slot, int v) { return Lanes<4>{}.load(own + slot * kTile + v * kGramThreads * 4); });
  }
  totals.write(groups, n, partial + part * pair_at(n, 0));
}

}  // namespace autoprog
