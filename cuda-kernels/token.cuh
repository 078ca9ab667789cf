// Class tokens and position embeddings.
#pragma once
#include "device.cuh"

namespace autoprog {

// out (B,N,C) = [class_token (C); patches (B,N-1,C)] + positions (N,C)
template <class T, int Width>
__global__ void assemble_tokens(int64_t B, int64_t N, int64_t C, const T* patches, const float* class_token,
                                const float* positions, T* out) {
  own_token<Width>(B, N, C, [&](int64_t b, int64_t n, int64_t c, auto lanes) {
    const auto token = n == 0 ? lanes.load(class_token + c) : lanes.load(patches + (b * (N - 1) + n - 1) * C + c);
    const auto position = lanes.load(positions + n * C + c);
    lanes.store(out + (b * N + n) * C + c, lanes.make([&](int k) { return token[k] + position[k]; }));
  });
}

// dpatches (B,N-1,C) = dy (B,N,C) without token 0
template <class T, int Width>
__global__ void assemble_tokens_backward(int64_t B, int64_t N, int64_t C, const T* dy, T* dpatches) {
  own_token<Width>(B, N - 1, C, [&](int64_t b, int64_t n, int64_t c, auto lanes) {
    lanes.store(dpatches + (b * (N - 1) + n) * C + c, lanes.load(dy + (b * N + n + 1) * C + c));
  });
}

// y (B,C) = token 0 of x (B,N,C)
template <class T, int Width>
__global__ void select_class_token(int64_t B, int64_t N, int64_t C, const T* x, T* y) {
  own_token<Width>(B, 1, C, [&](int64_t b, int64_t, int64_t c, auto lanes) {
    lanes.store(y + b * C + c, lanes.load(x + b * N * C + c));
  });
}

// dx (B,N,C) = dy (B,C) at token 0, zero elsewhere
template <class T, int Width>
__global__ void select_class_token_backward(int64_t B, int64_t N, int64_t C, const T* dy, T* dx) {
  own_token<Width>(B, N, C, [&](int64_t b, int64_t n, int64_t c, auto lanes) {
    const auto zero = lanes.make([](int) { return 0.0f; });
    lanes.store(dx + (b * N + n) * C + c, n == 0 ? lanes.load(dy + b * C + c) : zero);
  });
}

// The four cells of one axis that a cubic sample reads, and their weights; they sum to 1.
struct Taps {
  int64_t cell[4];
  float weight[4];
};

// Keys' kernel at distances 1 + t, t, 1 - t and 2 - t, with a = -0.75.
__device__ inline Taps cubic_taps(int64_t from, int64_t to, int64_t i) {
  constexpr double a = -0.75;
  const double at = (static_cast<double>(i) + 0.5) * static_cast<double>(from) / static_cast<double>(to) - 0.5;
  const double below = floor(at), t = at - below;
  const auto near = [](double d) { return ((a + 2) * d - (a + 3)) * d * d + 1; };
  const auto far = [](double d) { return ((a * d - 5 * a) * d + 8 * a) * d - 4 * a; };
  const double weight[4] = {far(1 + t), near(t), near(1 - t), far(2 - t)};
  Taps taps;
#pragma unroll
  for (int k = 0; k < 4; k++) {
    const int64_t cell = static_cast<int64_t>(below) - 1 + k;
    taps.cell[k] = cell < 0 ? 0 : min(cell, from - 1);
    taps.weight[k] = static_cast<float>(weight[k]);
  }
  return taps;
}

// out (1 + to*to, C) = bicubic resize of positions (1 + from*from, C), row 0 copied; from == to copies. A block has a
// row of out.
static __global__ void resize_positions(int64_t from, int64_t to, int64_t C, const float* positions, float* out) {
  const int64_t row = blockIdx.x;
  if (row == 0 || from == to) {
    for (int64_t c = threadIdx.x; c < C; c += blockDim.x) out[row * C + c] = positions[row * C + c];
    return;
  }
  const Taps down = cubic_taps(from, to, (row - 1) / to), across = cubic_taps(from, to, (row - 1) % to);
  for (int64_t c = threadIdx.x; c < C; c += blockDim.x) {
    float sum = 0.0f;
#pragma unroll
    for (int k = 0; k < 16; k++) {
      const int64_t cell = 1 + down.cell[k / 4] * from + across.cell[k % 4];
      sum += down.weight[k / 4] * across.weight[k % 4] * positions[cell * C + c];
    }
    out[row * C + c] = sum;
  }
}

// What a line of the to-grid gives to one cell of an axis of the from-grid.
struct Share {
  bool reads;  // whether a sample there reads the cell at all
  float weight;
};

__device__ inline Share share(int64_t from, int64_t to, int64_t i, int64_t cell) {
  const Taps taps = cubic_taps(from, to, i);
  Share result{false, 0.0f};
#pragma unroll
  for (int k = 0; k < 4; k++) {
    if (taps.cell[k] == cell) result = {true, result.weight + taps.weight[k]};
  }
  return result;
}

// dpositions (1 + from*from, C) += the transpose of that, applied to dy (1 + to*to, C). A block has a row of
// dpositions; it takes 2 `to` shares of shared memory.
static __global__ void resize_positions_backward(int64_t from, int64_t to, int64_t C, const float* dy,
                                                 float* dpositions) {
  const int64_t row = blockIdx.x;
  if (row == 0 || from == to) {
    for (int64_t c = threadIdx.x; c < C; c += blockDim.x) dpositions[row * C + c] += dy[row * C + c];
    return;
  }
  Smem smem;
  Share *down = smem.take<Share>(static_cast<int>(to)), *across = smem.take<Share>(static_cast<int>(to));
  for (int64_t i = threadIdx.x; i < to; i += blockDim.x) {
    down[i] = share(from, to, i, (row - 1) / from);
    across[i] = share(from, to, i, (row - 1) % from);
  }
  __syncthreads();
  for (int64_t c = threadIdx.x; c < C; c += blockDim.x) {
    float sum = 0.0f;
    for (int64_t y = 0; y < to; y++) {
      if (!down[y].reads) continue;
      for (int64_t x = 0; x < to; x++) {
        if (across[x].reads) sum += down[y].weight * across[x].weight * dy[(1 + y * to + x) * C + c];
      }
    }
    dpositions[row * C + c] += sum;
  }
}

}  // namespace autoprog
