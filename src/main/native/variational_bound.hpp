// The part of the variational bound that trains a diffusion model's variance, element by element, in nats, and its
// derivative by v. Contract: ap_variational_bound_forward.
#pragma once
#include <cmath>

#include "math.hpp"

namespace autoprog {

// What a sample's timestep says.
struct BoundCoefficients {
  static constexpr int64_t kCount = 7;

  double noisy_of_clean, epsilon_of_clean;  // r and s
  double clean_of_mean, noisy_of_mean;      // c_0 and c_t
  double least_log_variance, log_variance;  // log betatilde and log beta
  bool first;                               // t = 0

  explicit BoundCoefficients(const float* k)
      : noisy_of_clean(k[0]),
        epsilon_of_clean(k[1]),
        clean_of_mean(k[2]),
        noisy_of_mean(k[3]),
        least_log_variance(k[4]),
        log_variance(k[5]),
        first(k[6] != 0.0f) {}

  // Of the model's log variance by v.
  double slope() const { return 0.5 * (log_variance - least_log_variance); }
};

struct BoundOperands {
  Vec epsilon, v, clean, noisy;
};

// The divergence of the model's Gaussian from the posterior. With d, what the model's log variance has above log
// betatilde, and z, the distance of the means in units of sqrt(betatilde): (e^-d - 1 + d + z^2 e^-d) / 2.
class Divergence {
 public:
  explicit Divergence(const BoundCoefficients& k) : slope_(static_cast<float>(k.slope())) {
    const double unit = k.clean_of_mean * std::exp(-0.5 * k.least_log_variance);
    noisy_ = static_cast<float>(unit * (k.noisy_of_clean - 1));  // what is near x_t cancels exactly
    epsilon_ = static_cast<float>(unit * k.epsilon_of_clean);
    clean_ = static_cast<float>(unit);
  }

  Vec value(const BoundOperands& o) const {
    const Terms t = terms(o);
    return 0.5f * (t.excess + t.square);
  }
  Vec slope(const BoundOperands& o) const {
    const Terms t = terms(o);
    return 0.5f * slope_ * (t.lack - t.square);
  }

 private:
  struct Terms {
    Vec excess, lack, square;  // e^-d - 1 + d, 1 - e^-d, z^2 e^-d
  };

  Terms terms(const BoundOperands& o) const {
    const Vec d = (o.v + 1.0f) * slope_;
    const Vec spread = exp(minimum(splat(87.0f), -d));
    const Vec z = clean_ * (o.noisy - o.clean) + noisy_ * o.noisy - epsilon_ * o.epsilon;
    // Near 0, by the series: the formula would cancel.
    Vec p = d * 2.48015873e-5f - 1.98412698e-4f;
    p = p * d + 1.38888889e-3f;
    p = p * d - 8.33333333e-3f;
    p = p * d + 4.16666667e-2f;
    p = p * d - 1.66666667e-1f;
    p = (p * d + 0.5f) * d * d;
    const auto near = absolute(d) < 0.5f;
    return {near ? p : spread - 1.0f + d, near ? d - p : 1.0f - spread, z * z * spread};
  }

  float slope_, noisy_, epsilon_, clean_;
};

// -log of the model's Gaussian, integrated over the step around x_0: in float64, one by one, since few samples have t =
// 0.
class Likelihood {
 public:
  explicit Likelihood(const BoundCoefficients& k) : k_(k) {}

  Vec value(const BoundOperands& o) const {
    return each(o, [](double probability, double) { return -std::log(probability < kLeast ? kLeast : probability); });
  }
  Vec slope(const BoundOperands& o) const {
    return each(o, [&](double probability, double densities) {
      return probability < kLeast ? 0.0 : 0.5 * k_.slope() * densities / probability;
    });
  }

 private:
  static constexpr double kLeast = 1e-12, kHalfStep = 1 / 255.0;
  static constexpr double kLinear = 1.5957691216057308, kCubic = 0.044715 * kLinear;

  // The distribution function by its tanh approximation, and z times its derivative.
  struct Point {
    double cumulative, density_times_z;

    explicit Point(double z) {
      const double argument = z * (kLinear + kCubic * z * z);
      cumulative = 1 / (1 + std::exp(-argument));
      density_times_z = cumulative / (1 + std::exp(argument)) * (kLinear + 3 * kCubic * z * z) * z;
    }
  };

  // take(probability, sum of z times the density where the step ends) of each; probability is that of a lower tail, so
  // that no digits are lost in the upper.
  template <class Take>
  Vec each(const BoundOperands& o, Take take) const {
    Vec result{};
    for (int64_t i = 0; i < kLanes; i++) {
      const double x = o.clean[i], noisy = o.noisy[i];
      const double clean = k_.noisy_of_clean * noisy - k_.epsilon_of_clean * o.epsilon[i];
      const double away = x - (k_.clean_of_mean * clean + k_.noisy_of_mean * noisy);
      const double inverse = std::exp(-0.5 * (k_.least_log_variance + (o.v[i] + 1.0) * k_.slope()));
      const bool low = x < -0.999, high = x > 0.999;
      const double centre = low ? away : high ? -away : -std::abs(away);
      const Point upper((centre + kHalfStep) * inverse);
      if (low || high) {
        result[i] = static_cast<float>(take(upper.cumulative, upper.density_times_z));
      } else {
        const Point lower((centre - kHalfStep) * inverse);
        result[i] = static_cast<float>(
            take(upper.cumulative - lower.cumulative, upper.density_times_z - lower.density_times_z));
      }
    }
    return result;
  }

  BoundCoefficients k_;
};

}  // namespace autoprog
