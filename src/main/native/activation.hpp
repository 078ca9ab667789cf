// Activations of vectors, and their derivatives.
#pragma once
#include "autoprog.h"
#include "math.hpp"

namespace autoprog {

struct Logistic {
  Vec value, slope;
};

// 1 / (1 + e^-x) and its derivative, with relative errors of 2e-7 and 3e-7 max(1, |x|). Below -87 the first is exactly
// 0, beyond 69 the second: at infinity, x times them is then the NaN that the formulas give.
inline Logistic logistic(Vec x) {
  const Vec u = -kLog2E * x;
  const Vec e = exp2(u);  // anything, where it is greater than 2^125.5
  const Vec value = u > 125.5f ? Vec{} : reciprocal(1.0f + e);
  const Vec rest = u > 125.5f ? Vec{} : e * value;
  return {value, u < -100.0f ? Vec{} : rest * value};
}

struct Activated {
  Vec value, slope;
};

// x * Phi(x)
struct ErfGelu {
  Activated operator()(Vec x) const {
    const Normal at = normal(x);
    return {x * at.distribution, at.distribution + x * at.density};
  }
};

// The same with 1/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) for Phi(x), which is a logistic function.
struct TanhGelu {
  Activated operator()(Vec x) const {
    constexpr float kLinear = 1.59576912f, kCubic = 0.0713548163f;  // 2 sqrt(2/pi), and that times 0.044715
    const Vec square = x * x;
    const Logistic at = logistic(x * (kLinear + kCubic * square));
    const Vec finite = minimum(splat(1e6f), square);  // of a large x, whose slope is 0 times this
    return {x * at.value, at.value + x * (at.slope * (kLinear + 3.0f * kCubic * finite))};
  }
};

// x / (1 + e^-x)
struct Silu {
  Activated operator()(Vec x) const {
    const Logistic at = logistic(x);
    return {x * at.value, at.value + x * at.slope};
  }
};

// body(activation) with the GELU of this number.
template <class Body>
void with_gelu(int32_t gelu, Body body) {
  if (gelu == AP_GELU_TANH) {
    body(TanhGelu{});
  } else {
    body(ErfGelu{});
  }
}

// y = activation(x) and, where slope is not null, its derivative, which may take the place of x.
template <class A, class X, class Y>
void activate(A activation, int64_t begin, int64_t end, const X* x, Y* y, Y* slope) {
  each_vector(begin, end, [&](int64_t i, auto lanes) {
    const Activated at = activation(lanes.load(x + i));
    lanes.store(y + i, at.value);
    if (slope != nullptr) lanes.store(slope + i, at.slope);
  });
}

}  // namespace autoprog
