// Modulation of tokens by chunks of a row for each sample.
#pragma once
#include "layer_norm.cuh"

namespace autoprog {

// A chunk of modulation (B,chunks,C): its element (sample, c) is at first[sample * stride + c].
template <class T>
struct Chunk {
  T* first;
  int64_t stride;

  __device__ T* of(int64_t sample) const { return first + sample * stride; }
};

// y (B,N,C) = (x - mean) * rstd * (1 + scale) + shift
template <class T, class Walk>
__global__ void __launch_bounds__(kWarp* kRowWarps)
    modulated_norm_forward(int64_t B, int64_t N, int64_t C, Chunk<const T> shift, Chunk<const T> scale, float epsilon,
                           const T* x, T* y, float* mean, float* rstd) {
  const int64_t row = own_row();
  if (row >= B * N) return;
  const T *shifts = shift.of(row / N), *scales = scale.of(row / N);
  normalise_row<Walk>(
      row, C, epsilon, x,
      [&](int64_t c, auto lanes) {
        const auto more = lanes.load(scales + c);
        return lanes.make([&](int k) { return 1.0f + more[k]; });
      },
      [&](int64_t c, auto lanes) { return lanes.load(shifts + c); }, y, mean, rstd);
}

// dx (B,N,C) = base + the gradient by x; base may be null, or dx
template <class T, class Walk>
__global__ void __launch_bounds__(kWarp* kRowWarps)
    modulated_norm_backward(int64_t B, int64_t N, int64_t C, Chunk<const T> scale, const T* x, const float* mean,
                            const float* rstd, const T* dy, const T* base, T* dx) {
  const int64_t row = own_row();
  if (row >= B * N) return;
  const T* scales = scale.of(row / N);
  normalise_row_backward<Walk>(
      row, C, x,
      [&](int64_t c, auto lanes) {
        const auto more = lanes.load(scales + c);
        return lanes.make([&](int k) { return 1.0f + more[k]; });
      },
      mean, rstd, dy, base, dx);
}

// y (B,N,C) = x (B,N,C) + gate * branch (B,N,C); y may be x
template <class T, int Width>
__global__ void gate_forward(int64_t B, int64_t N, int64_t C, Chunk<const T> gate, const T* x, const T* branch, T* y) {
  own_token<Width>(B, N, C, [&](int64_t b, int64_t n, int64_t c, auto lanes) {
    const int64_t i = (b * N + n) * C + c;
    const auto factor = lanes.load(gate.of(b) + c), value = lanes.load(x + i), added = lanes.load(branch + i);
    lanes.store(y + i, lanes.make([&](int k) { return value[k] + factor[k] * added[k]; }));
  });
}

// dbranch (B,N,C) = gate * dy (B,N,C)
template <class T, int Width>
__global__ void gate_backward(int64_t B, int64_t N, int64_t C, Chunk<const T> gate, const T* dy, T* dbranch) {
  own_token<Width>(B, N, C, [&](int64_t b, int64_t n, int64_t c, auto lanes) {
    const int64_t i = (b * N + n) * C + c;
    const auto factor = lanes.load(gate.of(b) + c), gradient = lanes.load(dy + i);
    lanes.store(dbranch + i, lanes.make([&](int k) { return factor[k] * gradient[k]; }));
  });
}

// y (B,N,C) = x (B,N,C) + t (B,C); y may be x
template <class T, int Width>
__global__ void add_to_tokens(int64_t B, int64_t N, int64_t C, const T* x, const T* t, T* y) {
  own_token<Width>(B, N, C, [&](int64_t b, int64_t n, int64_t c, auto lanes) {
    const int64_t i = (b * N + n) * C + c;
    const auto value = lanes.load(x + i), added = lanes.load(t + b * C + c);
    lanes.store(y + i, lanes.make([&](int k) { return value[k] + added[k]; }));
  });
}

// What a token adds to the gradient of its gate: dy * branch.
template <class T, int Width>
struct GateTerms {
  int64_t C;
  const T *dy, *branch;

  __device__ Terms<1, Width> operator()(int64_t row, int64_t column, Lanes<Width> lanes) const {
    const auto gradient = lanes.load(dy + row * C + column), value = lanes.load(branch + row * C + column);
    return {lanes.make([&](int k) { return gradient[k] * value[k]; })};
  }
};

// The sums of sample `part`, each in its chunk.
template <int Sums, class T>
struct ChunkSums {
  Chunk<T> chunks[Sums];

  __device__ void operator()(int64_t part, int s, int64_t column, float sum) const {
    chunks[s].of(part)[column] = from_float<T>(sum);
  }
};

}  // namespace autoprog
