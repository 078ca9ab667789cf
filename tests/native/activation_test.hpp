// The GELUs in float64.
#pragma once
#include <cmath>

#include "autoprog.h"

struct Activation {
  int32_t gelu;

  double value(double x) const { return x * distribution(x); }
  double slope(double x) const { return distribution(x) + x * density(x); }

 private:
  static constexpr double kPi = 3.14159265358979323846;

  // of the tanh: half the logistic function's argument
  static double argument(double x) { return std::sqrt(2 / kPi) * (x + 0.044715 * x * x * x); }

  double distribution(double x) const {
    if (gelu == AP_GELU_ERF) return 0.5 * std::erfc(-x / std::sqrt(2.0));
    return 1 / (1 + std::exp(-2 * argument(x)));
  }
  double density(double x) const {
    if (gelu == AP_GELU_ERF) return std::exp(-0.5 * x * x) / std::sqrt(2 * kPi);
    if (std::abs(x) > 40) return x - x;  // 0, or NaN at infinity
    return distribution(x) * distribution(-x) * 2 * std::sqrt(2 / kPi) * (1 + 3 * 0.044715 * x * x);
  }
};
