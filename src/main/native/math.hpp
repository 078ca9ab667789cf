// Elementary functions of vectors. Bounds hold for every lane; NaN gives NaN.
#pragma once
#include "simd.hpp"

namespace autoprog {

constexpr float kLog2E = 1.44269504f;
constexpr float kLn2 = 0.693147181f;

namespace detail {

constexpr float kRound = 12582912.0f;  // 1.5 * 2^23: added, it leaves the nearest integer in the low bits

// 2^f for |f| <= 0.5; minimax polynomial, 9.2e-8.
inline Vec power(Vec f) {
  Vec p = 1.32644549e-3f * f + 9.67151765e-3f;
  p = p * f + 5.55073507e-2f;
  p = p * f + 2.40222424e-1f;
  p = p * f + 6.93147004e-1f;
  return p * f + 1.0f;
}

// 2^n * 2^f for `shifted` = n + kRound, n in -126 ... 127, and |f| <= 0.5.
inline Vec scaled_power(Vec shifted, Vec f) {
  const VecInt exponent = (bits(shifted) << 23) + (127 << 23);
  return power(f) * bits(exponent);
}

}  // namespace detail

// 2^x for x < 127, within 2 ulp; never less than 2^-100, which a product may still scale down without leaving the
// normal numbers.
inline Vec exp2(Vec x) {
  const Vec bounded = maximum(splat(-100.0f), x);
#if defined(__AVX512F__)
  const Vec n = _mm512_maskz_roundscale_ps(0xffff, bounded, 0);
  return _mm512_maskz_scalef_ps(0xffff, detail::power(bounded - n), n);  // the same bits, in two thirds of the time
#else
  const Vec shifted = bounded + detail::kRound;
  return detail::scaled_power(shifted, bounded - (shifted - detail::kRound));
#endif
}

// e^x for x < 88, within 2 ulp; 0 below e^-86.6.
inline Vec exp(Vec x) {
  const Vec bounded = maximum(splat(-86.6f), x);
  const Vec shifted = bounded * kLog2E + detail::kRound;
  const Vec n = shifted - detail::kRound;
  const Vec r = (bounded - n * 0.693359375f) + n * 2.12194440e-4f;  // ln 2 in two parts, the first exact times n
  return x < -86.6f ? Vec{} : detail::scaled_power(shifted, r * kLog2E);
}

namespace detail {
// ln(1 + m) for m in sqrt(1/2) - 1 ... sqrt(2) - 1, within 1e-7 relative. Polynomial of Cephes, logf.
inline Vec log_near_one(Vec m) {
  Vec p = 7.0376836292e-2f * m - 1.1514610310e-1f;
  p = p * m + 1.1676998740e-1f;
  p = p * m - 1.2420140846e-1f;
  p = p * m + 1.4249322787e-1f;
  p = p * m - 1.6668057665e-1f;
  p = p * m + 2.0000714765e-1f;
  p = p * m - 2.4999993993e-1f;
  p = p * m + 3.3333331174e-1f;
  return (p * m - 0.5f) * m * m + m;
}
}  // namespace detail

// The natural logarithm of a normal x > 0, within 1e-7 relative to max(1, |log x|).
inline Vec log(Vec x) {
  // x = 2^n m, m in sqrt(1/2) ... sqrt(2)
  const VecInt n = (bits(x) - 0x3f3504f3) >> 23;
  const Vec m = bits(bits(x) - (n << 23)) - 1.0f;
  const Vec result = __builtin_convertvector(n, Vec) * kLn2 + detail::log_near_one(m);
  return x == x ? result : x;
}

// 1 / x for 2^-126 < |x| < 2^126, within 2 ulp; a division takes as long as seven multiplications.
inline Vec reciprocal(Vec x) {
#if defined(__AVX512F__)
  const Vec r = _mm512_maskz_rcp14_ps(0xffff, x);  // all lanes: without a mask, GCC 12 warns
  return r + r * (1.0f - x * r);                   // Newton's step doubles the 14 bits
#else
  return 1.0f / x;
#endif
}

struct Normal {
  Vec distribution;  // Phi(x)
  Vec density;       // phi(x)
};

// Of the standard normal distribution. For u >= 0, Phi(-u) e^(u^2/2) is a polynomial of 1 / (1 + 0.3 u), fitted minimax
// with relative error 1.5e-7; to that the exponential adds the rounding of its argument, 6e-8 u^2.
inline Normal normal(Vec x) {
  const Vec u = absolute(x);
  // Exactly 0 where it falls below 2e-30: at infinity, x phi(x) is then the NaN that the formula gives.
  const Vec power = exp2(-0.5f * kLog2E * u * u), bell = u > 11.7f ? Vec{} : power;
  const Vec t = reciprocal(0.3f * u + 1.0f);
  Vec p = 3.56749971e-2f * t - 1.57203868e-1f;
  p = p * t + 2.06354603e-1f;
  p = p * t - 5.36843948e-2f;
  p = p * t + 1.28561884e-1f;
  p = p * t + 9.99134630e-2f;
  p = p * t + 1.20753951e-1f;
  p = p * t + 1.19629301e-1f;
  const Vec tail = u > 11.7f ? Vec{} : p * t * power;
  return {x < 0.0f ? tail : 1.0f - tail, bell * 0.398942280f};
}

}  // namespace autoprog
