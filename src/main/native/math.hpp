// Elementary functions of vectors. Bounds hold for every lane; NaN gives NaN.
#pragma once
#include "simd.hpp"

namespace autoprog {

constexpr float kLog2E = 1.44269504f;
constexpr float kLn2 = 0.693147181f;

namespace detail {
// 2^n * 2^f for the integer in the low bits of `shifted` (n + 1.5 * 2^23) and |f| <= 0.5; minimax
// polynomial, 9.2e-8.
inline Vec scaled_power(Vec shifted, Vec f) {
  Vec p = 1.32644549e-3f * f + 9.67151765e-3f;
  p = p * f + 5.55073507e-2f;
  p = p * f + 2.40222424e-1f;
  p = p * f + 6.93147004e-1f;
  p = p * f + 1.0f;
  // In two factors, 2^(n-1) and 2, so that n = 128 is in range.
  VecInt exponent = (bits(shifted) << 23) + (126 << 23);
  return p * bits(exponent) * 2.0f;
}
constexpr float kRound = 12582912.0f;  // 1.5 * 2^23: added, it leaves the nearest integer in the low bits
}  // namespace detail

// 2^x, within 2 ulp; 0 below 2^-125, infinity from 2^128.
inline Vec exp2(Vec x) {
  Vec clamped = minimum(splat(129.0f), maximum(splat(-125.0f), x));
  Vec shifted = clamped + detail::kRound;
  Vec power = detail::scaled_power(shifted, clamped - (shifted - detail::kRound));
  return x < -125.0f ? Vec{} : power;
}

// e^x, within 2 ulp; 0 below e^-86.6, infinity from 2^128.
inline Vec exp(Vec x) {
  Vec clamped = minimum(splat(89.0f), maximum(splat(-86.6f), x));
  Vec shifted = clamped * kLog2E + detail::kRound;
  Vec n = shifted - detail::kRound;
  Vec r = (clamped - n * 0.693359375f) + n * 2.12194440e-4f;  // ln 2 in two parts, the first exact times n
  Vec power = detail::scaled_power(shifted, r * kLog2E);
  return x < -86.6f ? Vec{} : power;
}

struct Normal {
  Vec distribution;  // Phi(x), within 2e-7
  Vec density;       // phi(x), within 2e-7
};

// Of the standard normal distribution. Phi(-u) e^(u^2/2) is a polynomial of 1 / (1 + 0.3 u) for u >= 0,
// fitted minimax with relative error 1.5e-7.
inline Normal normal(Vec x) {
  Vec u = absolute(x);
  Vec bell = exp(-0.5f * u * u);
  Vec t = 1.0f / (0.3f * u + 1.0f);
  Vec p = 3.56749971e-2f * t - 1.57203868e-1f;
  p = p * t + 2.06354603e-1f;
  p = p * t - 5.36843948e-2f;
  p = p * t + 1.28561884e-1f;
  p = p * t + 9.99134630e-2f;
  p = p * t + 1.20753951e-1f;
  p = p * t + 1.19629301e-1f;
  Vec tail = p * t * bell;
  return {x < 0.0f ? tail : 1.0f - tail, bell * 0.398942280f};
}

}  // namespace autoprog
