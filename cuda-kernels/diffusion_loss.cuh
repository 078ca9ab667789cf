// The losses of diffusion models: mean squared error, and the part of the variational bound that trains the variance.
#pragma once
#include "reduce.cuh"

namespace autoprog {

// The sum of value(i) over i < n by this block, in thread 0.
template <class Value>
__device__ inline double block_sum_of(int64_t n, Value value) {
  double own = 0;
  for (int64_t i = threadIdx.x; i < n; i += kSumThreads) own += value(i);
  return block_sum(own);
}

// losses (B) = the mean over a row of (prediction - target (B,P))^2; a block has a row
template <class T>
__global__ void __launch_bounds__(kSumThreads)
    mean_squared_error_forward(int64_t P, int64_t stride, const T* prediction, const float* target, float* losses) {
  const int64_t b = blockIdx.x;
  const double sum = block_sum_of(P, [&](int64_t i) {
    const double difference = to_float(prediction[b * stride + i]) - target[b * P + i];
    return difference * difference;
  });
  if (threadIdx.x == 0) losses[b] = static_cast<float>(sum / static_cast<double>(P));
}

// dprediction = factor * (prediction - target (B,P))
template <class T>
__global__ void mean_squared_error_backward(unsigned blocks, int64_t P, int64_t stride, const T* prediction,
                                            const float* target, float factor, float* dprediction) {
  own_group_of_sample<1>(blocks, P, [&](unsigned sample, int64_t i, auto) {
    const int64_t at = sample * stride + i - sample * P;
    dprediction[at] = factor * (to_float(prediction[at]) - target[i]);
  });
}

// What a sample's timestep says.
struct BoundCoefficients {
  static constexpr int kCount = 7;

  double noisy_of_clean, epsilon_of_clean;  // r and s
  double clean_of_mean, noisy_of_mean;      // c_0 and c_t
  double least_log_variance, log_variance;  // log betatilde and log beta
  bool first;                               // t = 0

  __device__ explicit BoundCoefficients(const float* k)
      : noisy_of_clean(k[0]),
        epsilon_of_clean(k[1]),
        clean_of_mean(k[2]),
        noisy_of_mean(k[3]),
        least_log_variance(k[4]),
        log_variance(k[5]),
        first(k[6] != 0.0f) {}

  // Of the model's log variance by v.
  __device__ double slope() const { return 0.5 * (log_variance - least_log_variance); }
};

struct BoundOperands {
  float epsilon, v, clean, noisy;
};

// Of an element, in nats, and its derivative by v.
struct Bound {
  double value, slope;
};

// The divergence of the model's Gaussian from the posterior. With d, what the model's log variance has above log
// betatilde, and z, the distance of the means in units of sqrt(betatilde): (e^-d - 1 + d + z^2 e^-d) / 2.
class Divergence {
 public:
  __device__ explicit Divergence(const BoundCoefficients& k) : slope_(static_cast<float>(k.slope())) {
    const double unit = k.clean_of_mean * exp(-0.5 * k.least_log_variance);
    noisy_ = static_cast<float>(unit * (k.noisy_of_clean - 1));  // what is near x_t cancels exactly
    epsilon_ = static_cast<float>(unit * k.epsilon_of_clean);
    clean_ = static_cast<float>(unit);
  }

  __device__ Bound operator()(const BoundOperands& o) const {
    const float d = (o.v + 1.0f) * slope_, lack = -expm1f(-d);
    const float z = clean_ * (o.noisy - o.clean) + noisy_ * o.noisy - epsilon_ * o.epsilon;
    const float square = z * z * expf(-d);
    // Near 0, by the series: the difference would cancel.
    float p = d * 2.48015873e-5f - 1.98412698e-4f;
    p = p * d + 1.38888889e-3f;
    p = p * d - 8.33333333e-3f;
    p = p * d + 4.16666667e-2f;
    p = p * d - 1.66666667e-1f;
    const float excess = fabsf(d) < 0.5f ? (p * d + 0.5f) * d * d : d - lack;
    return {0.5f * (excess + square), 0.5f * slope_ * (lack - square)};
  }

 private:
  float slope_, noisy_, epsilon_, clean_;
};

// The distribution function by its tanh approximation, and z times its derivative.
struct GaussianPoint {
  double cumulative, density_times_z;

  __device__ explicit GaussianPoint(double z) {
    constexpr double kLinear = 1.5957691216057308, kCubic = 0.044715 * kLinear;
    const double argument = z * (kLinear + kCubic * z * z);
    cumulative = 1 / (1 + exp(-argument));
    density_times_z = cumulative / (1 + exp(argument)) * (kLinear + 3 * kCubic * z * z) * z;
  }
};

// -log of the model's Gaussian, integrated over the step around x_0: in float64, since few samples have t = 0. The
// probability is that of a lower tail, so that no digits are lost in the upper.
__device__ inline Bound likelihood(const BoundCoefficients& k, const BoundOperands& o) {
  constexpr double kLeast = 1e-12, kHalfStep = 1 / 255.0;
  const double x = o.clean, noisy = o.noisy;
  const double mean = k.clean_of_mean * (k.noisy_of_clean * noisy - k.epsilon_of_clean * o.epsilon);
  const double away = x - (mean + k.noisy_of_mean * noisy);
  const double inverse = exp(-0.5 * (k.least_log_variance + (o.v + 1.0) * k.slope()));
  const bool low = x < -0.999, high = x > 0.999;
  const double centre = low ? away : high ? -away : -fabs(away);
  const GaussianPoint upper((centre + kHalfStep) * inverse);
  double probability = upper.cumulative, densities = upper.density_times_z;
  if (!low && !high) {
    const GaussianPoint lower((centre - kHalfStep) * inverse);
    probability -= lower.cumulative;
    densities -= lower.density_times_z;
  }
  if (probability < kLeast) return {-log(kLeast), 0.0};
  return {-log(probability), 0.5 * k.slope() * densities / probability};
}

// Of the elements of one sample of prediction (B,2,P), clean (B,P), noisy (B,P), coefficients (B,7).
template <class T>
class SampleBound {
 public:
  __device__ SampleBound(int64_t b, int64_t P, const T* prediction, const float* clean, const float* noisy,
                         const float* coefficients)
      : P_(P),
        prediction_(prediction + 2 * b * P),
        clean_(clean + b * P),
        noisy_(noisy + b * P),
        k_(coefficients + b * BoundCoefficients::kCount),
        divergence_(k_) {}

  __device__ Bound operator()(int64_t i) const {
    const BoundOperands o{to_float(prediction_[i]), to_float(prediction_[P_ + i]), clean_[i], noisy_[i]};
    return k_.first ? likelihood(k_, o) : divergence_(o);
  }

 private:
  int64_t P_;
  const T* prediction_;
  const float *clean_, *noisy_;
  BoundCoefficients k_;
  Divergence divergence_;
};

// losses (B) = factor * the sum over P; a block has a sample
template <class T>
__global__ void __launch_bounds__(kSumThreads)
    variational_bound_forward(int64_t P, const T* prediction, const float* clean, const float* noisy,
                              const float* coefficients, double factor, float* losses) {
  const SampleBound<T> bound(blockIdx.x, P, prediction, clean, noisy, coefficients);
  const double sum = block_sum_of(P, [&](int64_t i) { return bound(i).value; });
  if (threadIdx.x == 0) losses[blockIdx.x] = static_cast<float>(factor * sum);
}

// The second half of dprediction (B,2,P) = factor * the derivative by v
template <class T>
__global__ void __launch_bounds__(kSumThreads)
    variational_bound_backward(unsigned blocks, int64_t P, const T* prediction, const float* clean, const float* noisy,
                               const float* coefficients, double factor, float* dprediction) {
  own_group_of_sample<1>(blocks, P, [&](unsigned sample, int64_t i, auto) {
    const int64_t b = sample, at = i - b * P;
    const SampleBound<T> bound(b, P, prediction, clean, noisy, coefficients);
    dprediction[(2 * b + 1) * P + at] = static_cast<float>(factor * bound(at).slope);
  });
}

}  // namespace autoprog
