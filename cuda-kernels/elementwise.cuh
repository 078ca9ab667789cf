// Element by element, and sums of rows.
#pragma once
#include "reduce.cuh"

namespace autoprog {

// x (n) = value
template <class T, int Width>
__global__ void fill(int64_t n, float value, T* x) {
  own_group<Width>(n, [&](int64_t i, auto lanes) { lanes.store(x + i, lanes.make([&](int) { return value; })); });
}

// out (n) = a (n) + b (n); out may be a or b
template <class T, int Width>
__global__ void add(int64_t n, const T* a, const T* b, T* out) {
  own_group<Width>(n, [&](int64_t i, auto lanes) {
    const auto x = lanes.load(a + i), y = lanes.load(b + i);
    lanes.store(out + i, lanes.make([&](int k) { return x[k] + y[k]; }));
  });
}

// out (B,n) = a (B) * x (B,n) + b (B) * y (B,n); out may be x or y
template <class T, int Width>
__global__ void mix_rows(unsigned blocks, int64_t n, const float* a, const T* x, const float* b, const T* y, T* out) {
  own_group_of_sample<Width>(blocks, n, [&](unsigned sample, int64_t i, auto lanes) {
    const float first = a[sample], second = b[sample];
    const auto own = lanes.load(x + i), other = lanes.load(y + i);
    lanes.store(out + i, lanes.make([&](int k) { return first * own[k] + second * other[k]; }));
  });
}

// out (n) = a x (n) + b y (n) + c z (n); z may be null; out may be any of them. Fused by hand, so that an element's
// result does not depend on its place.
template <int Width>
__global__ void linear_combination(int64_t n, float a, const float* x, float b, const float* y, float c, const float* z,
                                   float* out) {
  own_group<Width>(n, [&](int64_t i, auto lanes) {
    const auto first = lanes.load(x + i), second = lanes.load(y + i);
    auto sum = lanes.make([&](int k) { return fmaf(a, first[k], b * second[k]); });
    if (z != nullptr) {
      const auto third = lanes.load(z + i);
      lanes.each([&](int k) { sum[k] = fmaf(c, third[k], sum[k]); });
    }
    lanes.store(out + i, sum);
  });
}

// out (n) = x (n) + exp(min(a v (n) + b, 80)) z (n); out may be any of them
template <int Width>
__global__ void add_exponential(int64_t n, const float* x, float a, const float* v, float b, const float* z,
                                float* out) {
  own_group<Width>(n, [&](int64_t i, auto lanes) {
    const auto before = lanes.load(x + i), slope = lanes.load(v + i), noise = lanes.load(z + i);
    lanes.store(out + i, lanes.make([&](int k) {
      const float exponent = fmaf(a, slope[k], b);
      return fmaf(expf(exponent > 80.0f ? 80.0f : exponent), noise[k], before[k]);
    }));
  });
}

// out (n) = x (n), brought into low ... high; out may be x
template <int Width>
__global__ void clamp(int64_t n, float low, float high, const float* x, float* out) {
  own_group<Width>(n, [&](int64_t i, auto lanes) {
    const auto value = lanes.load(x + i);
    lanes.store(out + i, lanes.make([&](int k) {
      const float above = value[k] < low ? low : value[k];
      return above > high ? high : above;
    }));
  });
}

// to (n) = from (n)
template <class From, class To, int Width>
__global__ void convert(int64_t n, const From* from, To* to) {
  own_group<Width>(n, [&](int64_t i, auto lanes) { lanes.store(to + i, lanes.load(from + i)); });
}

// Rows that lie `stride` elements apart, as what is summed.
template <class T, int Width>
struct StridedRows {
  int64_t stride;
  const T* x;

  __device__ Terms<1, Width> operator()(int64_t row, int64_t column, Lanes<Width> lanes) const {
    return {lanes.load(x + row * stride + column)};
  }
};

}  // namespace autoprog
