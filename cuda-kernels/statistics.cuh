// ZiCo: what is known of a weight's gradients over several batches. Welford 1962; Li et al. 2023 eq. 7.
#pragma once
#include "reduce.cuh"

namespace autoprog {

// Takes g (n) of one more batch into mean, magnitude, squares (n); share is 1 / batches, and 1 overwrites them.
template <int Width>
__global__ void zico_update(int64_t n, float share, const float* g, float* mean, float* magnitude, float* squares) {
  own_group<Width>(n, [&](int64_t i, auto lanes) {
    const auto gradient = lanes.load(g + i);
    if (share == 1.0f) {
      lanes.store(mean + i, gradient);
      lanes.store(magnitude + i, lanes.make([&](int k) { return fabsf(gradient[k]); }));
      lanes.store(squares + i, lanes.make([&](int k) { return gradient[k] - gradient[k]; }));  // 0, or NaN
      return;
    }
    const auto before = lanes.load(mean + i), size = lanes.load(magnitude + i), sum = lanes.load(squares + i);
    const auto after = lanes.make([&](int k) { return before[k] + (gradient[k] - before[k]) * share; });
    lanes.store(mean + i, after);
    lanes.store(magnitude + i, lanes.make([&](int k) { return size[k] + (fabsf(gradient[k]) - size[k]) * share; }));
    lanes.store(squares + i,
                lanes.make([&](int k) { return sum[k] + (gradient[k] - before[k]) * (gradient[k] - after[k]); }));
  });
}

// partial (blocks) = the sums of magnitude / sqrt(squares / batches), each over what one block has; where squares are 0
// there is nothing to add.
template <int Width>
__global__ void __launch_bounds__(kSumThreads)
    zico_reduce(int64_t n, float batches, const float* magnitude, const float* squares, double* partial) {
  double sum = 0;
  each_own_group<Width>(n, [&](int64_t i, auto lanes) {
    const auto size = lanes.load(magnitude + i), deviations = lanes.load(squares + i);
    lanes.each([&](int k) { sum += deviations[k] <= 0.0f ? 0.0f : size[k] / sqrtf(deviations[k] / batches); });
  });
  const double total = block_sum(sum);
  if (threadIdx.x == 0) partial[blockIdx.x] = total;
}

}  // namespace autoprog
