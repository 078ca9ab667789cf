// Activations, and their derivatives.
#pragma once
#include "autoprog.h"
#include "context.cuh"
#include "mma.cuh"

namespace autoprog {

struct Normal {
  float distribution;  // Phi(x)
  float density;       // phi(x)
};

// Of the standard normal distribution. For u >= 0, Phi(-u) e^(u^2/2) is a polynomial of 1 / (1 + 0.3 u), fitted minimax
// with relative error 1.5e-7; to that the exponential adds the rounding of its argument, 6e-8 u^2. At infinity both are
// exactly 0: x phi(x) is then the NaN that the formula gives.
__device__ inline Normal normal(float x) {
  constexpr float kLog2E = 1.44269504f;
  const float u = fabsf(x);
  const float bell = exp2_approximate(-0.5f * kLog2E * u * u);
  const float t = reciprocal_approximate(0.3f * u + 1.0f);
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

struct Logistic {
  float value, slope;
};

// 1 / (1 + e^-x). Both it and its derivative keep their digits where they are small.
__device__ inline Logistic logistic(float x) {
  const float e = expf(-fabsf(x));
  const float large = reciprocal_approximate(1.0f + e), small = e * large;
  return {x < 0.0f ? small : large, small * large};
}

struct Activated {
  float value, slope;
};

// x * Phi(x)
struct ErfGelu {
  __device__ Activated operator()(float x) const {
    const Normal at = normal(x);
    return {x * at.distribution, at.distribution + x * at.density};
  }
};

// The same with 1/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) for Phi(x), which is a logistic function.
struct TanhGelu {
  __device__ Activated operator()(float x) const {
    constexpr float kLinear = 1.59576912f, kCubic = 0.0713548163f;  // 2 sqrt(2/pi), and that times 0.044715
    // Beyond 10 the logistic function's slope is exactly 0, and below -10 so is its value: at infinity, x times them is
    // then the NaN that the formula gives.
    const float v = fminf(fmaxf(x, -10.0f), 10.0f);
    Logistic at = logistic(v * (kLinear + kCubic * v * v));
    if (fabsf(x) >= 10.0f) at = {x < 0.0f ? 0.0f : 1.0f, 0.0f};
    return {x * at.value, at.value + x * (at.slope * (kLinear + 3.0f * kCubic * v * v))};
  }
};

// x / (1 + e^-x), with a relative error of 1e-7 max(1, |x|)
struct Silu {
  __device__ static float value(float x) { return __fdividef(x, above_one(x)); }
  __device__ static float slope(float x) {
    const float sigma = __fdividef(1.0f, above_one(x));
    return sigma * (1.0f + x * (1.0f - sigma));
  }
  __device__ Activated operator()(float x) const { return {value(x), slope(x)}; }

 private:
  __device__ static float above_one(float x) {
    constexpr float kLog2E = 1.44269504f;
    return 1.0f + exp2f(-kLog2E * x);
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

// y (n) = activation(x); slope (n), where it is not null, its derivative; either may take the place of x
template <class A, class T, int Width>
__global__ void activation_forward(int64_t n, const T* x, T* y, T* slope) {
  own_group<Width>(n, [&](int64_t i, auto lanes) {
    const auto value = lanes.load(x + i);
    auto result = value, derivative = value;
    lanes.each([&](int k) {
      const Activated at = A{}(value[k]);
      result[k] = at.value;
      derivative[k] = at.slope;
    });
    lanes.store(y + i, result);
    if (slope != nullptr) lanes.store(slope + i, derivative);
  });
}

// dx (n) = dy times the derivative of the activation at x; dx may be either
template <class A, class T, int Width>
__global__ void activation_backward(int64_t n, const T* x, const T* dy, T* dx) {
  own_group<Width>(n, [&](int64_t i, auto lanes) {
    const auto gradient = lanes.load(dy + i), value = lanes.load(x + i);
    lanes.store(dx + i, lanes.make([&](int k) { return gradient[k] * A{}(value[k]).slope; }));
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

// y (rows,C) = a * gelu(b) of rows [a (C), b (C)] of x (rows,2C)
template <class T, int Width>
__global__ void geglu_forward(int64_t rows, int64_t C, const T* x, T* y) {
  own_token<Width>(1, rows, C, [&](int64_t, int64_t row, int64_t c, auto lanes) {
    const auto a = lanes.load(x + 2 * row * C + c), b = lanes.load(x + (2 * row + 1) * C + c);
    lanes.store(y + row * C + c, lanes.make([&](int k) { return a[k] * ErfGelu{}(b[k]).value; }));
  });
}

// dx (rows,2C) = [dy * gelu(b), dy * a * gelu'(b)]; dx may be x
template <class T, int Width>
__global__ void geglu_backward(int64_t rows, int64_t C, const T* x, const T* dy, T* dx) {
  own_token<Width>(1, rows, C, [&](int64_t, int64_t row, int64_t c, auto lanes) {
    const auto a = lanes.load(x + 2 * row * C + c), b = lanes.load(x + (2 * row + 1) * C + c);
    const auto gradient = lanes.load(dy + row * C + c);
    auto da = gradient, db = gradient;
    lanes.each([&](int k) {
      const Activated at = ErfGelu{}(b[k]);
      da[k] = gradient[k] * at.value;
      db[k] = gradient[k] * a[k] * at.slope;
    });
    lanes.store(dx + 2 * row * C + c, da);
    lanes.store(dx + (2 * row + 1) * C + c, db);
  });
}

// ---- launchers ---------------------------------------------------------------------------------------------------

template <class A, class T>
void activate(ap_context* context, A, int64_t n, const T* x, T* y, T* slope) {
  constexpr int kWidth = kVector<T>;
  with_width<kWidth>(loadable<kWidth>(x, y, slope), [&](auto wide) {
    launch(activation_forward<A, T, wide()>, flat_blocks<wide()>(n), kFlatThreads, 0, context->stream, n, x, y, slope);
  });
}

template <class T>
void multiply_by_slope(ap_context* context, int64_t n, const T* slope, const T* dy, T* dx) {
  constexpr int kWidth = kVector<T>;
  with_width<kWidth>(loadable<kWidth>(slope, dy, dx), [&](auto wide) {
    launch(gelu_backward<T, wide()>, flat_blocks<wide()>(n), kFlatThreads, 0, context->stream, n, slope, dy, dx);
  });
}

}  // namespace autoprog
