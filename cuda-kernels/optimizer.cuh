// AdamW with moving averages, and the sum of squares that clipping needs.
#pragma once
#include "reduce.cuh"

namespace autoprog {

// partial (blocks) = the sums of x (n) squared, each over what one block has
template <int Width>
__global__ void __launch_bounds__(kSumThreads) sum_of_squares(int64_t n, const float* x, double* partial) {
  double sum = 0;
  each_own_group<Width>(n, [&](int64_t i, auto lanes) {
    const auto value = lanes.load(x + i);
    lanes.each([&](int k) { sum += static_cast<double>(value[k]) * value[k]; });
  });
  const double total = block_sum(sum);
  if (threadIdx.x == 0) partial[blockIdx.x] = total;
}

constexpr int32_t kMostAverages = 4;

// What stays from step to step.
struct AdamW {
  float decay, epsilon;
  float beta1, beta2;
  float max_norm;
  float* averages[kMostAverages];
  BFloat16* rounded;
};

__device__ inline float clip_factor(float max_norm, float squared_norm) {
  return fminf(1.0f, max_norm / (sqrtf(squared_norm) + 1e-6f));
}

// w, m, v, the averages and rounded (n), in one pass; rates: the learning rate, 1 / (1 - beta^step) for either beta, and
// what each average keeps
template <int Averages, int Width>
__global__ void adam_w(int64_t n, AdamW a, const float* rates, float* w, const float* g, float* m, float* v,
                       const float* squared_norm) {
  if (!isfinite(*squared_norm)) return;
  const float clip = clip_factor(a.max_norm, *squared_norm);
  const float learning_rate = rates[0], correction1 = rates[1], correction2 = rates[2];
  own_group<Width>(n, [&](int64_t i, auto lanes) {
    const auto raw = lanes.load(g + i), first = lanes.load(m + i), second = lanes.load(v + i);
    auto weight = lanes.load(w + i);
    const auto gradient = lanes.make([&](int k) { return raw[k] * clip; });
    const auto m_next = lanes.make([&](int k) { return a.beta1 * first[k] + (1.0f - a.beta1) * gradient[k]; });
    const auto v_next =
        lanes.make([&](int k) { return a.beta2 * second[k] + (1.0f - a.beta2) * gradient[k] * gradient[k]; });
    lanes.each([&](int k) {
      const float direction = m_next[k] * correction1 / (sqrtf(v_next[k] * correction2) + a.epsilon);
      weight[k] -= learning_rate * (direction + a.decay * weight[k]);
    });
    lanes.store(m + i, m_next);
    lanes.store(v + i, v_next);
    lanes.store(w + i, weight);
    if (a.rounded != nullptr) lanes.store(a.rounded + i, weight);
#pragma unroll
    for (int e = 0; e < Averages; e++) {
      const auto before = lanes.load(a.averages[e] + i);
      const float keep = rates[3 + e];
      lanes.store(a.averages[e] + i, lanes.make([&](int k) { return keep * before[k] + (1.0f - keep) * weight[k]; }));
    }
  });
}

}  // namespace autoprog
