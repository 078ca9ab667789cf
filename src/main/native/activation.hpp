// Activations of vectors, and their derivatives.
#pragma once
#include "autoprog.h"
#include "math.hpp"

namespace autoprog {

struct Logistic {
  Vec value, slope;
};

// 1 / (1 + e^-x). Both it and its derivative keep their digits where they are small.
inline Logistic logistic(Vec x) {
  const Vec e = exp(-absolute(x));
  const Vec large = reciprocal(1.0f + e), small = e * large;
  return {x < 0.0f ? small : large, small * large};
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
    // Beyond 10 the logistic function is exactly 0 or 1: at infinity, x times its slope is then the NaN that the
    // formula gives.
    const Vec v = maximum(splat(-10.0f), minimum(splat(10.0f), x));
    const Logistic at = logistic(v * (kLinear + kCubic * v * v));
    return {x * at.value, at.value + x * (at.slope * (kLinear + 3.0f * kCubic * v * v))};
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
