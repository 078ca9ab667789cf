// The Gram matrix of the gradients that samples have of a linear layer's weight, G_i = dy_i^T x_i. Each part of it is
// found by one block, as float32 sums over a tile and float64 sums of these, and has each pair of samples once; at the
// end the parts are added in their order. A gradient is never in memory in full. Jacot et al. 2018; Novak et al. 2022.
#pragma once
#include "tile.cuh"

namespace autoprog {

constexpr int kGramThreads = 256;
constexpr int kGramWarps = kGramThreads / kWarp;

// Where a part has the pair of samples i >= j; it has pair_at(n, 0) of them.
__host__ __device__ inline int64_t pair_at(int64_t i, int64_t j) {
  return i * (i + 1) / 2 + j;
}

// gram (n, n) += the sum of partial (parts, n (n + 1) / 2); a warp has a pair of samples.
static __global__ void __launch_bounds__(kWarp* kRowWarps)
    add_partial_grams(int64_t n, int64_t parts, const double* partial, double* gram) {
  const int64_t i = own_row() / n, j = own_row() % n;
  if (i >= n || j > i) return;
  double own = 0;
  for (int64_t part = threadIdx.x; part < parts; part += kWarp) own += partial[part * pair_at(n, 0) + pair_at(i, j)];
  const double sum = warp_sum(own);
  if (threadIdx.x != 0) return;
  gram[i * n + j] += sum;
  if (i != j) gram[j * n + i] += sum;
}

// ---- operands: rows that pass through shared memory in tiles ----------------------------------------------------

// Rows of `width` elements, token t of sample i in row i N + t; `vectors`: every row begins at a multiple of 16 bytes.
template <class T>
struct Factor {
  const T* data;
  int64_t width;
  bool vectors;
};

// Asks for R rows from `first` on and W columns from `column` on; rows from `end` on, and columns that there are none
// of, become zero.
template <int R, int W, class T>
__device__ inline void ask_tile(T* tile, const Factor<T>& from, int64_t first, int64_t end, int64_t column) {
  constexpr int kPieces = W / kVector<T>;
  for (int i = threadIdx.x; i < R * kPieces; i += kGramThreads) {
    const int r = i / kPieces, c = i % kPieces * kVector<T>;
    T* to = tile + r * kStride<W, T> + c;
    const T* source = from.data + (first + r) * from.width + column + c;
    const int64_t left = first + r < end ? from.width - column - c : 0;
    if (from.vectors) {
      cp_async16(to, left > 0 ? source : from.data, left > 0);
    } else {
      for (int e = 0; e < kVector<T>; e++) to[e] = e < left ? source[e] : from_float<T>(0.0f);
    }
  }
}

// Of the stages that operands pass through, all but one are on their way while one is at work.
template <class T>
constexpr int kStages = sizeof(T) == 2 ? 4 : 2;

// work(step, stage) on what ask(step, stage) has asked for, both for each step in order.
template <int Stages, class Ask, class Work>
__device__ __forceinline__ void pipelined(int steps, Ask ask, Work work) {
  const auto request = [&](int step) {
    if (step < steps) ask(step, step % Stages);
    cp_async_commit();
  };
  __syncthreads();
  for (int step = 0; step < Stages - 1; step++) request(step);
  for (int step = 0; step < steps; step++) {
    cp_async_wait<Stages - 2>();
    __syncthreads();
    request(step + Stages - 1);
    work(step, step % Stages);
  }
}

// What a thread has of a product of 64 rows and 16 V columns: four rows in each of V columns, or pairs of both.
template <class T, int V>
struct TileSums {
  float of[V][4] = {};

  static __device__ int row(int, int e) { return threadIdx.x / 16 * 4 + e; }
  static __device__ int column(int v, int) { return threadIdx.x % 16 + v * 16; }
};
template <int V>
struct TileSums<BFloat16, V> {
  float of[V][4] = {};

  // A warp has 16 rows and 8 V columns.
  static __device__ int first_row() { return threadIdx.x / kWarp % 4 * 16; }
  static __device__ int first_column() { return threadIdx.x / kWarp / 4 * 8 * V; }
  static __device__ int row(int, int e) { return first_row() + lane() / 4 + e / 2 * 8; }
  static __device__ int column(int v, int e) { return first_column() + v * 8 + lane() % 4 * 2 + e % 2; }
};

__host__ __device__ constexpr int64_t divide_up(int64_t n, int64_t by) {
  return (n + by - 1) / by;
}

// ---- inner products of what the samples have of a tile ----------------------------------------------------------

// Samples of a group; a block has two groups at a time.
constexpr int kGroup = 8;

// Two groups of samples: those of the first are slots 0 ... 7, those of the second the next; and whether the pairs
// within each are the block's, too, beside those of one from each.
struct Groups {
  int64_t low, high;
  bool within_low, within_high;
  int samples;

  // The choice'th of (0, 1), (0, 2), (1, 2), (0, 3), ..., which together have each pair of samples once.
  __device__ Groups(int64_t choice, int64_t n) {
    int64_t a = choice, b = 1;
    while (a >= b) a -= b++;
    low = a * kGroup;
    high = b * kGroup;
    within_low = choice == 0;
    within_high = a == 0;
    samples = static_cast<int>(min(n - low, int64_t{kGroup}) + max(min(n - high, int64_t{kGroup}), int64_t{0}));
  }
  __device__ int64_t sample(int slot) const { return slot < kGroup ? low + slot : high + slot - kGroup; }
};

// The sums of x over the warp, in its first two elements: lane l gets those of x[2 l] and x[2 l + 1]. Lanes of a pair
// share the work: each sends the half that the other keeps.
template <int Half = kWarp>
__device__ __forceinline__ void sum_over_warp(float (&x)[2 * kWarp]) {
  const bool upper = (lane() & Half / 2) != 0;
#pragma unroll
  for (int k = 0; k < Half; k++) {
    const float sent = upper ? x[k] : x[k + Half], kept = upper ? x[k + Half] : x[k];
    x[k] = kept + __shfl_xor_sync(kAllLanes, sent, Half / 2);
  }
  if constexpr (Half > 2) sum_over_warp<Half / 2>(x);
}

// Inner products over a tile of 8 Own elements a thread: of its warp, each lane keeps two of the 64 of two groups.
template <int Own>
struct PairTotals {
  double low[2] = {}, cross[2] = {}, high[2] = {};

  // += the products of a tile, of which load(slot, v), v < Own, are 4 elements that this thread has. Slots without a
  // sample give sums that nobody reads.
  template <class Load>
  __device__ __forceinline__ void add(const Groups& groups, int64_t n, Load load) {
    if (groups.within_low) add_products<true>(low, 0, 0, load);
    if (groups.high >= n) return;
    add_products<false>(cross, kGroup, 0, load);
    if (groups.within_high) add_products<true>(high, kGroup, kGroup, load);
  }

  // part[pair] = the sums over the warps, for the pairs that are the block's
  __device__ void write(const Groups& groups, int64_t n, double* part) const {
    if (groups.within_low) write_products(low, groups.low, groups.low, n, part);
    write_products(cross, groups.high, groups.low, n, part);
    if (groups.within_high) write_products(high, groups.high, groups.high, n, part);
  }

 private:
  template <bool Same, class Load>
  static __device__ __forceinline__ void add_products(double (&total)[2], int down, int across, Load load) {
    float sums[kGroup * kGroup] = {};
#pragma unroll 1
    for (int v = 0; v < Own; v++) {
      Floats<4> right[kGroup];
#pragma unroll
      for (int j = 0; j < kGroup; j++) right[j] = load(across + j, v);
#pragma unroll
      for (int i = 0; i < kGroup; i++) {
        const Floats<4> left = Same ? right[i] : load(down + i, v);
#pragma unroll
        for (int j = 0; j <= (Same ? i : kGroup - 1); j++) {
#pragma unroll
          for (int e = 0; e < 4; e++) sums[i * kGroup + j] += left[e] * right[j][e];
        }
      }
    }
    sum_over_warp(sums);
    total[0] += static_cast<double>(sums[0]);
    total[1] += static_cast<double>(sums[1]);
  }

  static __device__ void write_products(const double (&total)[2], int64_t down, int64_t across, int64_t n,
                                        double* part) {
    __shared__ double of_warps[kGramWarps][kGroup * kGroup];
    const int pair = threadIdx.x, warp = threadIdx.x / kWarp;
    __syncthreads();
    of_warps[warp][2 * lane()] = total[0];
    of_warps[warp][2 * lane() + 1] = total[1];
    __syncthreads();
    if (pair >= kGroup * kGroup) return;
    const int64_t i = down + pair / kGroup, j = across + pair % kGroup;
    if (i >= n || j > i) return;
    double sum = 0;
    for (int w = 0; w < kGramWarps; w++) sum += of_warps[w][pair];
    part[pair_at(i, j)] = sum;
  }
};

// ---- gradients that are there in full ---------------------------------------------------------------------------

// Of the elements of a run, a thread has kRunOwn times 4 neighbours.
constexpr int kRunOwn = 2;
constexpr int kRun = kGramThreads * 4 * kRunOwn;

// partial (parts, pairs) = the parts of g (n, P) g^T, by runs of the columns. Grid (choices of groups x parts).
static __global__ void __launch_bounds__(kGramThreads, 1)
    ntk_gram_rows(int64_t n, const Factor<float> g, int64_t parts, double* partial) {
  const Groups groups(blockIdx.x / parts, n);
  const int64_t part = blockIdx.x % parts;
  PairTotals<kRunOwn> totals;
  for (int64_t run = part * kRun; run < g.width; run += parts * kRun) {
    totals.add(groups, n, [&](int slot, int v) {
      const int64_t sample = groups.sample(slot), k = run + (v * kGramThreads + threadIdx.x) * 4;
      const float* from = g.data + sample * g.width + k;
      const int64_t left = sample < n ? g.width - k : 0;
      if (g.vectors && left > 0) return Lanes<4>{}.load(from);
      return Lanes<4>{}.make([&](int e) { return e < left ? from[e] : 0.0f; });
    });
  }
  totals.write(groups, n, partial + part * pair_at(n, 0));
}

}  // namespace autoprog
