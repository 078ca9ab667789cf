// Layer normalisation: a warp has a row. Between its passes over the row, the first-level cache keeps it.
#pragma once
#include "reduce.cuh"

namespace autoprog {

// A warp's row: y = (x - mean) * rstd * gain + bias, with the functions gain(c, lanes) and bias(c, lanes). What float32
// cannot hold of a mean is kept apart, so that a row far from zero loses no digits.
template <int Width, class T, class Gain, class Bias>
__device__ inline void normalise_row(int64_t row, int64_t C, float epsilon, const T* x, Gain gain, Bias bias, T* y,
                                     float* mean, float* rstd) {
  const int64_t lane = threadIdx.x;
  const T* from = x + row * C;
  T* to = y + row * C;
  const float columns = static_cast<float>(C);

  float total = 0.0f;
  each_group<Width>(lane, kWarp, C, [&](int64_t c, auto lanes) {
    const auto value = lanes.load(from + c);
    lanes.each([&](int k) { total += value[k]; });
  });
  const float middle = warp_sum(total) / columns;

  float differences = 0.0f, squares = 0.0f;
  each_group<Width>(lane, kWarp, C, [&](int64_t c, auto lanes) {
    const auto value = lanes.load(from + c);
    lanes.each([&](int k) {
      const float difference = value[k] - middle;
      differences += difference;
      squares += difference * difference;
    });
  });
  const float rest = warp_sum(differences) / columns;
  const float scale = 1.0f / sqrtf(warp_sum(squares) / columns - rest * rest + epsilon);

  each_group<Width>(lane, kWarp, C, [&](int64_t c, auto lanes) {
    const auto value = lanes.load(from + c), gains = gain(c, lanes), biases = bias(c, lanes);
    const auto result = [&](int k) { return (value[k] - middle - rest) * scale * gains[k] + biases[k]; };
    lanes.store(to + c, lanes.make(result));
  });
  if (lane == 0) {
    mean[row] = middle + rest;
    rstd[row] = scale;
  }
}

// A warp's row: dx = base + rstd (g - mean(g) - n mean(g n)), with g = dy * gain, the function gain(c, lanes), and n
// the normalised x; base may be null, or dx.
template <int Width, class T, class Gain>
__device__ inline void normalise_row_backward(int64_t row, int64_t C, const T* x, Gain gain, const float* mean,
                                              const float* rstd, const T* dy, const T* base, T* dx) {
  const int64_t lane = threadIdx.x, first = row * C;
  const float middle = mean[row], scale = rstd[row], columns = static_cast<float>(C);

  // Rounded, so that g - mean(g) is exactly 0 where all g are equal.
  const auto gradient = [&](int64_t c, auto lanes) {
    const auto g = lanes.load(dy + first + c), gains = gain(c, lanes);
    return lanes.make([&](int k) { return __fmul_rn(g[k], gains[k]); });
  };

  float total = 0.0f, along = 0.0f;
  each_group<Width>(lane, kWarp, C, [&](int64_t c, auto lanes) {
    const auto g = gradient(c, lanes), value = lanes.load(x + first + c);
    lanes.each([&](int k) {
      total += g[k];
      along += g[k] * (value[k] - middle);
    });
  });
  const float mean_gradient = warp_sum(total) / columns;
  const float mean_along = warp_sum(along) / columns * scale * scale;

  each_group<Width>(lane, kWarp, C, [&](int64_t c, auto lanes) {
    const auto g = gradient(c, lanes), value = lanes.load(x + first + c);
    auto result = lanes.make([&](int k) { return (g[k] - mean_gradient - (value[k] - middle) * mean_along) * scale; });
    if (base != nullptr) {
      const auto before = lanes.load(base + first + c);
      lanes.each([&](int k) { result[k] += before[k]; });
    }
    lanes.store(dx + first + c, result);
  });
}

// y (rows,C) = (x - mean) * rstd * gain (C) + bias (C)
template <class T, int Width>
__global__ void __launch_bounds__(kWarp* kRowWarps)
    layer_norm_forward(int64_t rows, int64_t C, float epsilon, const T* x, const float* gain, const float* bias, T* y,
                       float* mean, float* rstd) {
  const int64_t row = own_row();
  if (row >= rows) return;
  normalise_row<Width>(
      row, C, epsilon, x, [&](int64_t c, auto lanes) { return lanes.load(gain + c); },
      [&](int64_t c, auto lanes) { return lanes.load(bias + c); }, y, mean, rstd);
}

// dx (rows,C) = base + the gradient by x; base may be null, or dx
template <class T, int Width>
__global__ void __launch_bounds__(kWarp* kRowWarps)
    layer_norm_backward(int64_t rows, int64_t C, const T* x, const float* gain, const float* mean, const float* rstd,
                        const T* dy, const T* base, T* dx) {
  const int64_t row = own_row();
  if (row >= rows) return;
  normalise_row_backward<Width>(
      row, C, x, [&](int64_t c, auto lanes) { return lanes.load(gain + c); }, mean, rstd, dy, base, dx);
}

// A row's share of the gradients: dy * (x - mean) * rstd of gain, dy of bias.
template <class T, int Width>
struct NormTerms {
  int64_t C;
  const T *x, *dy;
  const float *mean, *rstd;

  __device__ Terms<2, Width> operator()(int64_t row, int64_t column, Lanes<Width> lanes) const {
    const auto value = lanes.load(x + row * C + column), gradient = lanes.load(dy + row * C + column);
    const float middle = mean[row], scale = rstd[row];
    return {lanes.make([&](int k) { return gradient[k] * ((value[k] - middle) * scale); }), gradient};
  }
};

}  // namespace autoprog
