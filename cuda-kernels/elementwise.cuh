// Element by element, and sums of rows.
#pragma once
#include "reduce.cuh"

namespace autoprog {

// x (n) = value
template <int Width>
__global__ void fill(int64_t n, float value, float* x) {
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
