// Layer normalisation: a warp has a row.
#pragma once
#include "reduce.cuh"
#include "row.cuh"

namespace autoprog {

// So many numbers of a column do the passes need.
constexpr int kNormForward = 1, kNormBackward = 3;

// A warp's row: y = (x - mean) * rstd * gain + bias, with the functions gain(c, lanes) and bias(c, lanes). What float32
// cannot hold of a mean is kept apart, so that a row far from zero loses no digits.
template <class Walk, class T, class Gain, class Bias>
__device__ inline void normalise_row(int64_t row, int64_t C, float epsilon, const T* x, Gain gain, Bias bias, T* y,
                                     float* mean, float* rstd) {
  const T* from = x + row * C;
  T* to = y + row * C;
  const float columns = static_cast<float>(C);
  const auto values = Walk::row(C, [&](int64_t c, auto lanes) { return lanes.load(from + c); });

  float total = 0.0f;
  values.each([&](int64_t, auto lanes, const auto& value) { lanes.each([&](int k) { total += value[k]; }); });
  const float middle = warp_sum(total) / columns;

  float differences = 0.0f, squares = 0.0f;
  values.each([&](int64_t, auto lanes, const auto& value) {
    lanes.each([&](int k) {
      const float difference = value[k] - middle;
      differences += difference;
      squares += difference * difference;
    });
  });
  const float rest = warp_sum(differences) / columns;
  const float scale = 1.0f / sqrtf(warp_sum(squares) / columns - rest * rest + epsilon);

  values.each([&](int64_t c, auto lanes, const auto& value) {
    const auto gains = gain(c, lanes), biases = bias(c, lanes);
    const auto result = [&](int k) { return (value[k] - middle - rest) * scale * gains[k] + biases[k]; };
    lanes.store(to + c, lanes.make(result));
  });
  if (threadIdx.x == 0) {
    mean[row] = middle + rest;
    rstd[row] = scale;
  }
}

// A warp's row: dx = base + rstd (g - mean(g) - n mean(g n)), with g = dy * gain, the function gain(c, lanes), and n
// the normalised x; base may be null, or dx.
template <class Walk, class T, class Gain>
__device__ inline void normalise_row_backward(int64_t row, int64_t C, const T* x, Gain gain, const float* mean,
                                              const float* rstd, const T* dy, const T* base, T* dx) {
  const int64_t first = row * C;
  const float middle = mean[row], scale = rstd[row], columns = static_cast<float>(C);

  // g, x and the base: all are asked for before the first is needed
  const auto values = Walk::row(C, [&](int64_t c, auto lanes) {
    using Row = Terms<3, decltype(lanes)::kWidth>;
    const auto g = lanes.load(dy + first + c), gains = gain(c, lanes), value = lanes.load(x + first + c);
    // Rounded, so that g - mean(g) is exactly 0 where all g are equal.
    const auto rounded = lanes.make([&](int k) { return __fmul_rn(g[k], gains[k]); });
    if (base == nullptr) return Row{{rounded, value, lanes.make([](int) { return 0.0f; })}};
    return Row{{rounded, value, lanes.load(base + first + c)}};
  });

  float total = 0.0f, along = 0.0f;
  values.each([&](int64_t, auto lanes, const auto& value) {
    lanes.each([&](int k) {
      total += value.of[0][k];
      along += value.of[0][k] * (value.of[1][k] - middle);
    });
  });
  const float mean_gradient = warp_sum(total) / columns;
  const float mean_along = warp_sum(along) / columns * scale * scale;

  values.each([&](int64_t c, auto lanes, const auto& value) {
    const auto &g = value.of[0], &own = value.of[1], &before = value.of[2];
    const auto result = [&](int k) {
      return before[k] + (g[k] - mean_gradient - (own[k] - middle) * mean_along) * scale;
    };
    lanes.store(dx + first + c, lanes.make(result));
  });
}

// y (rows,C) = (x - mean) * rstd * gain (C) + bias (C)
template <class T, class Walk>
__global__ void __launch_bounds__(kWarp* kRowWarps)
    layer_norm_forward(int64_t rows, int64_t C, float epsilon, const T* x, const float* gain, const float* bias, T* y,
                       float* mean, float* rstd) {
  const int64_t row = own_row();
  if (row >= rows) return;
  normalise_row<Walk>(
      row, C, epsilon, x, [&](int64_t c, auto lanes) { return lanes.load(gain + c); },
      [&](int64_t c, auto lanes) { return lanes.load(bias + c); }, y, mean, rstd);
}

// dx (rows,C) = base + the gradient by x; base may be null, or dx
template <class T, class Walk>
__global__ void __launch_bounds__(kWarp* kRowWarps)
    layer_norm_backward(int64_t rows, int64_t C, const T* x, const float* gain, const float* mean, const float* rstd,
                        const T* dy, const T* base, T* dx) {
  const int64_t row = own_row();
  if (row >= rows) return;
  normalise_row_backward<Walk>(
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
