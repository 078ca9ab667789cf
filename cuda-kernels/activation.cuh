// The exact GELU.
#pragma once
#include "device.cuh"

namespace autoprog {

struct Normal {
  float distribution;  // Phi(x)
  float density;       // phi(x)
};

// Of the standard normal distribution. For u >= 0, Phi(-u) e^(u^2/2) is a polynomial of 1 / (1 + 0.3 u), fitted minimax
// with relative error 1.5e-7; to that the exponential adds the rounding of its argument, 6e-8 u^2.
__device__ inline Normal normal(float x) {
  constexpr float kLog2E = 1.44269504f;
  const float u = fabsf(x);
  // Exactly 0 where it falls below 2e-30: at infinity, x phi(x) is then the NaN that the formula gives.
  const float bell = u > 11.7f ? 0.0f : exp2f(-0.5f * kLog2E * u * u);
  const float t = __fdividef(1.0f, 0.3f * fminf(12.0f, u) + 1.0f);
  float p = 3.56749971e-2f * t - 1.57203868e-1f;
  p = p * t + 2.06354603e-1f;
  p = p * t - 5.36843948e-2f;
  p = p * t + 1.28561884e-1f;
  p = p * t + 9.99134630e-2f;
  p = p * t + 1.20753951e-1f;
  p = p * t + 1.19629301e-1f;
  const float tail = p * t * bell;
  return {x < 0.0f ? tail : 1.0f - tail, bell * 0.398942280f};
}

// y (n) = x * Phi(x); slope (n), where it is not null, its derivative, which may take the place of x
template <class T, int Width>
__global__ void gelu_forward(int64_t n, const T* x, T* y, T* slope) {
  own_group<Width>(n, [&](int64_t i, auto lanes) {
    const auto value = lanes.load(x + i);
    auto result = value, derivative = value;
    lanes.each([&](int k) {
      const Normal at = normal(value[k]);
      result[k] = value[k] * at.distribution;
      derivative[k] = at.distribution + value[k] * at.density;
    });
    lanes.store(y + i, result);
    if (slope != nullptr) lanes.store(slope + i, derivative);
  });
}

// dx (n) = dy * slope; dx may be either
template <class T, int Width>
__global__ void gelu_backward(int64_t n, const T* slope, const T* dy, T* dx) {
  own_group<Width>(n, [&](int64_t i, auto lanes) {
    const auto gradient = lanes.load(dy + i), factor = lanes.load(slope + i);
    lanes.store(dx + i, lanes.make([&](int k) { return gradient[k] * factor[k]; }));
  });
}

}  // namespace autoprog
