// Residual connections, whose branch has a scale per sample (stochastic depth).
#pragma once
#include "device.cuh"

namespace autoprog {

// y (B,n) = x (B,n) + scale (B) * branch (B,n); scale may be null (1), y may be x
template <class T, int Width>
__global__ void residual_forward(unsigned blocks, int64_t n, const T* x, const T* branch, const float* scale, T* y) {
  own_group_of_sample<Width>(blocks, n, [&](unsigned sample, int64_t i, auto lanes) {
    const float factor = scale == nullptr ? 1.0f : scale[sample];
    const auto a = lanes.load(x + i), b = lanes.load(branch + i);
    lanes.store(y + i, lanes.make([&](int k) { return a[k] + factor * b[k]; }));
  });
}

// dbranch (B,n) = scale (B) * dy (B,n)
template <class T, int Width>
__global__ void residual_backward(unsigned blocks, int64_t n, const T* dy, const float* scale, T* dbranch) {
  own_group_of_sample<Width>(blocks, n, [&](unsigned sample, int64_t i, auto lanes) {
    const auto gradient = lanes.load(dy + i);
    lanes.store(dbranch + i, lanes.make([&](int k) { return scale[sample] * gradient[k]; }));
  });
}

}  // namespace autoprog
