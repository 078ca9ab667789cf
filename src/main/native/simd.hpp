// Vectors of float as wide as the instruction set's registers, by the compiler's vector extensions.
#pragma once
#include <cmath>
#include <cstdint>
#include <cstring>
#include <utility>

#if defined(__AVX512F__)
#include <immintrin.h>
#endif

namespace autoprog {

#if defined(__AVX512F__)
constexpr int64_t kLanes = 16;
#elif defined(__AVX2__)
constexpr int64_t kLanes = 8;
#else
constexpr int64_t kLanes = 4;
#endif

using Vec = float __attribute__((vector_size(kLanes * 4)));
using VecInt = int32_t __attribute__((vector_size(kLanes * 4)));
constexpr int64_t round_up(int64_t n, int64_t multiple) {
  return (n + multiple - 1) / multiple * multiple;
}
constexpr int64_t vectors(int64_t n) {
  return (n + kLanes - 1) / kLanes;
}

inline Vec load(const float* p) {
  Vec v;
  std::memcpy(&v, p, sizeof v);
  return v;
}
inline void store(float* p, Vec v) {
  std::memcpy(p, &v, sizeof v);
}
inline Vec splat(float x) {
  return x - Vec{};
}
inline Vec bits(VecInt v) {
  return reinterpret_cast<Vec>(v);
}
inline VecInt bits(Vec v) {
  return reinterpret_cast<VecInt>(v);
}

// The upper half of a float32.
struct BFloat16 {
  uint16_t bits;
};

inline Vec load(const BFloat16* p) {
#if defined(__AVX512F__)
  // GCC 12 makes the conversion of a vector in two halves; and without a mask, it warns
  const __m256i half = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
  return bits(reinterpret_cast<VecInt>(_mm512_maskz_cvtepu16_epi32(0xffff, half)) << 16);
#else
  uint16_t half __attribute__((vector_size(kLanes * 2)));
  std::memcpy(&half, p, sizeof half);
  return bits(__builtin_convertvector(half, VecInt) << 16);
#endif
}

// Rounds to nearest, ties to even; a NaN stays one.
inline void store(BFloat16* p, Vec v) {
#if defined(__AVX512BF16__)
  const __m256bh half = _mm512_cvtneps_pbh(v);
#else
  using Unsigned = uint32_t __attribute__((vector_size(kLanes * 4)));
  const auto whole = reinterpret_cast<Unsigned>(v);
  const Unsigned nearest = v == v ? whole + 0x7fff + (whole >> 16 & 1) : whole | 0x400000;
  const auto half = __builtin_convertvector(nearest >> 16, uint16_t __attribute__((vector_size(kLanes * 2))));
#endif
  std::memcpy(p, &half, sizeof half);
}

#if defined(__AVX512BF16__)
// Two neighbours along the depth of a product, which the processor multiplies and adds at once.
struct Pair {
  BFloat16 low, high;
};

inline Vec load(const Pair* p) {
  Vec v;
  std::memcpy(&v, p, sizeof v);
  return v;
}
inline void store(Pair* p, Vec v) {
  std::memcpy(p, &v, sizeof v);
}
// Lane by lane, the two rounded to BFloat16.
inline Vec paired(Vec low, Vec high) {
  using Halves = int16_t __attribute__((vector_size(64)));
  constexpr Halves order = {0, 16, 1, 17, 2,  18, 3,  19, 4,  20, 5,  21, 6,  22, 7,  23,
                            8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31};
  const auto both = reinterpret_cast<Halves>(_mm512_cvtne2ps_pbh(high, low));
  return reinterpret_cast<Vec>(__builtin_shuffle(both, order));
}
#endif

// The greater of each lane, b where one is NaN.
inline Vec maximum(Vec a, Vec b) {
#if defined(__AVX512F__)
  return _mm512_maskz_max_ps(0xffff, a, b);  // one instruction, where the compiler takes two if one is a constant
#else
  return a > b ? a : b;
#endif
}
inline Vec minimum(Vec a, Vec b) {
  return a < b ? a : b;
}
inline Vec absolute(Vec a) {
  return bits(bits(a) & 0x7fffffff);
}

inline Vec square_root(Vec a) {
  Vec r;
  for (int64_t i = 0; i < kLanes; i++) r[i] = __builtin_sqrtf(a[i]);
  return r;
}

// A product that is rounded by itself: the compiler does not fuse it with an addition.
inline Vec rounded(Vec product) {
  __asm__("" : "+x"(product));
  return product;
}

namespace detail {
template <int64_t Half, int64_t... I>
inline Vec rotated(Vec a, std::integer_sequence<int64_t, I...>) {
  return __builtin_shuffle(a, VecInt{static_cast<int32_t>((I + Half) % kLanes)...});
}
template <int64_t First, int64_t... I>
inline Vec interleaved(Vec a, Vec b, std::integer_sequence<int64_t, I...>) {
  return __builtin_shuffle(a, b, VecInt{static_cast<int32_t>(First + I / 2 + (I % 2) * kLanes)...});
}
template <int64_t... I>
constexpr VecInt iota(std::integer_sequence<int64_t, I...>) {
  return VecInt{static_cast<int32_t>(I)...};
}
using Indices = std::make_integer_sequence<int64_t, kLanes>;

template <int64_t Half, class Combine>
inline float reduced(Vec a, Combine combine) {
  if constexpr (Half == 0) {
    return a[0];
  } else {
    return reduced<Half / 2>(combine(a, rotated<Half>(a, Indices{})), combine);
  }
}
}  // namespace detail

inline float sum(Vec a) {
  return detail::reduced<kLanes / 2>(a, [](Vec x, Vec y) { return x + y; });
}
inline float largest(Vec a) {
  return detail::reduced<kLanes / 2>(a, maximum);
}

namespace detail {
template <int64_t First, int64_t... I>
inline Vec every_second(Vec a, Vec b, std::integer_sequence<int64_t, I...>) {
  return __builtin_shuffle(a, b, VecInt{static_cast<int32_t>(2 * I + First)...});
}
}  // namespace detail

// Lane i is the sum of rows[i]; the rows are overwritten.
inline Vec sums(Vec (&rows)[kLanes]) {
#pragma GCC unroll 4
  for (int64_t half = kLanes / 2; half > 0; half /= 2) {
#pragma GCC unroll 8
    for (int64_t i = 0; i < half; i++) {
      rows[i] = detail::every_second<0>(rows[2 * i], rows[2 * i + 1], detail::Indices{}) +
                detail::every_second<1>(rows[2 * i], rows[2 * i + 1], detail::Indices{});
    }
  }
  return rows[0];
}

// Sums that are kept in float64, by the lower and the upper lanes of what is added.
class DoubleSum {
 public:
  void add(Vec a) {
    low_ += low(a);
    high_ += high(a);
  }
  void add_square(Vec a) {
    low_ += low(a) * low(a);
    high_ += high(a) * high(a);
  }
  double total() const {
    double total = 0;
    for (int64_t i = 0; i < kLanes / 2; i++) total += low_[i] + high_[i];
    return total;
  }

 private:
  using Half = float __attribute__((vector_size(kLanes * 2)));
  using Double = double __attribute__((vector_size(kLanes * 4)));
  static Double low(Vec a) {
    Half half;
    std::memcpy(&half, &a, sizeof half);
    return __builtin_convertvector(half, Double);
  }
  static Double high(Vec a) { return low(detail::rotated<kLanes / 2>(a, detail::Indices{})); }

  Double low_{}, high_{};
};

// rows[i][j] = rows[j][i], by log2(kLanes) perfect shuffles of the rows.
inline void transpose(Vec (&rows)[kLanes]) {
  Vec other[kLanes];
  for (int64_t round = 1; round < kLanes; round *= 2) {
#pragma GCC unroll 16
    for (int64_t i = 0; i < kLanes / 2; i++) {
      other[2 * i] = detail::interleaved<0>(rows[i], rows[i + kLanes / 2], detail::Indices{});
      other[2 * i + 1] = detail::interleaved<kLanes / 2>(rows[i], rows[i + kLanes / 2], detail::Indices{});
    }
#pragma GCC unroll 16
    for (int64_t i = 0; i < kLanes; i++) rows[i] = other[i];
  }
}

// How a loop body reads and writes a whole vector.
struct WholeVector {
  template <class T>
  Vec load(const T* p) const {
    return autoprog::load(p);
  }
  template <class T>
  void store(T* p, Vec v) const {
    autoprog::store(p, v);
  }
  Vec keep(Vec v, float) const { return v; }
};

// The same for the first `count` < kLanes lanes, at the end of a row; what is beyond reads as zero.
struct PartVector {
  int64_t count;
#if defined(__AVX512F__)
  __mmask16 mask() const {
    return static_cast<__mmask16>((1 << count) - 1);
  }
  Vec load(const float* p) const {
    return _mm512_maskz_loadu_ps(mask(), p);
  }
  void store(float* p, Vec v) const {
    _mm512_mask_storeu_ps(p, mask(), v);
  }
#endif
  template <class T>
  Vec load(const T* p) const {
    T whole[kLanes] = {};
    std::memcpy(whole, p, static_cast<size_t>(count) * sizeof(T));
    return autoprog::load(whole);
  }
  template <class T>
  void store(T* p, Vec v) const {
    T whole[kLanes];
    autoprog::store(whole, v);
    std::memcpy(p, whole, static_cast<size_t>(count) * sizeof(T));
  }
  // v, with `other` in the lanes beyond.
  Vec keep(Vec v, float other) const {
    return detail::iota(detail::Indices{}) < static_cast<int32_t>(count) ? v : splat(other);
  }
};

// body(i, lanes) for the vectors that begin at i = begin, begin + kLanes ... < end.
template <class Body>
inline void each_vector(int64_t begin, int64_t end, Body body) {
  int64_t i = begin;
  for (; i + kLanes <= end; i += kLanes) body(i, WholeVector{});
  if (i < end) body(i, PartVector{end - i});
}

}  // namespace autoprog
