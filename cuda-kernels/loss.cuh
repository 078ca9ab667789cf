// Cross entropy: a warp has a sample.
#pragma once
#include "device.cuh"

namespace autoprog {

// What a sample is to be classified as: one class, or two that share it.
struct Target {
  int32_t label, partner;
  double lambda;

  __device__ Target(int64_t b, const int32_t* labels, const int32_t* partners, const float* lambdas)
      : label(labels[b]),
        partner(partners == nullptr ? label : partners[b]),
        lambda(lambdas == nullptr ? 1.0 : lambdas[b]) {}

  __device__ bool exists(int64_t classes) const {
    return label >= 0 && label < classes && partner >= 0 && partner < classes;
  }
  // body(class, share) for each class that has a share; another costs nothing, even if its logit is -infinity
  template <class Body>
  __device__ void each(Body body) const {
    if (label == partner) {
      body(label, 1.0);
    } else {
      if (lambda != 0) body(label, lambda);
      if (lambda != 1) body(partner, 1.0 - lambda);
    }
  }
};

// The greatest over the warp's lanes; NaN only where all are.
__device__ inline float warp_maximum(float x) {
#pragma unroll
  for (int distance = kWarp / 2; distance > 0; distance /= 2) {
    x = fmaxf(x, __shfl_xor_sync(kAllLanes, x, distance));
  }
  return x;
}

// losses (B) and log_sum_exp (B) of logits (B,classes). Sums are float64, and relative to the largest logit, so that
// the small loss of a sure and right answer keeps its digits.
template <int Width>
__global__ void cross_entropy_forward(int64_t B, int64_t classes, const float* logits, const int32_t* labels,
                                      const int32_t* partners, const float* lambdas, float smoothing, float* losses,
                                      float* log_sum_exp) {
  const int64_t b = own_row(), lane = threadIdx.x;
  if (b >= B) return;
  const float* row = logits + b * classes;

  float top = -INFINITY;
  each_group<Width>(lane, kWarp, classes, [&](int64_t k, auto lanes) {
    const auto logit = lanes.load(row + k);
    lanes.each([&](int i) { top = fmaxf(top, logit[i]); });
  });
  const float largest = warp_maximum(top);

  double exponentials = 0, differences = 0;
  each_group<Width>(lane, kWarp, classes, [&](int64_t k, auto lanes) {
    const auto logit = lanes.load(row + k);
    lanes.each([&](int i) {
      const float difference = logit[i] - largest;
      exponentials += expf(difference);
      differences += difference;
    });
  });
  const double log_sum = log(warp_sum(exponentials)), total = warp_sum(differences);

  if (lane > 0) return;
  log_sum_exp[b] = static_cast<float>(largest + log_sum);
  const Target target(b, labels, partners, lambdas);
  if (!target.exists(classes)) {
    losses[b] = NAN;
    return;
  }
  double right = 0;
  target.each([&](int32_t k, double share) { right += share * (log_sum - (static_cast<double>(row[k]) - largest)); });
  const double mean = log_sum - total / static_cast<double>(classes);
  losses[b] = static_cast<float>((1.0 - smoothing) * right + (smoothing > 0 ? smoothing * mean : 0.0));
}

// dlogits (B,classes) = scale * (softmax(logits) - q)
template <int Width>
__global__ void cross_entropy_backward(int64_t B, int64_t classes, const float* logits, const int32_t* labels,
                                       const int32_t* partners, const float* lambdas, float smoothing,
                                       const float* log_sum_exp, float scale, float* dlogits) {
  const int64_t b = own_row();
  if (b >= B) return;
  const float* row = logits + b * classes;
  const float log_sum = log_sum_exp[b], everywhere = smoothing / static_cast<float>(classes);
  const Target target(b, labels, partners, lambdas);
  const bool exists = target.exists(classes);
  each_group<Width>(threadIdx.x, kWarp, classes, [&](int64_t k, auto lanes) {
    const auto logit = lanes.load(row + k);
    auto gradient = lanes.make([&](int i) { return exists ? scale * (expf(logit[i] - log_sum) - everywhere) : NAN; });
    if (exists) {
      target.each([&](int32_t wanted, double share) {
        lanes.each([&](int i) {
          if (k + i != wanted) return;
          // in float64: the difference of two numbers near 1, once the answer is right
          const double likelihood = exp(static_cast<double>(logit[i]) - log_sum);
          gradient[i] = static_cast<float>(scale * (likelihood - (1.0 - smoothing) * share - everywhere));
        });
      });
    }
    lanes.store(dlogits + b * classes + k, gradient);
  });
}

}  // namespace autoprog
