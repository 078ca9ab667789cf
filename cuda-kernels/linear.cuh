// What linear layers have beside the products of cuBLASLt.
#pragma once
#include "elementwise.cuh"

namespace autoprog {

// A matrix whose element (row, column) is at row * row_stride + column * column_stride.
template <class T>
struct Matrix {
  T* at;
  int64_t row_stride, column_stride;

  __device__ T& operator()(int64_t row, int64_t column) const { return at[row * row_stride + column * column_stride]; }
};

// result (rows, columns) = c + a (rows, depth) b (depth, columns), with a thread for each element; c may be null
template <class T, class Y>
__global__ void multiply_simply(int64_t rows, int64_t columns, int64_t depth, Matrix<const T> a, Matrix<const T> b,
                                Matrix<const Y> c, Matrix<Y> result) {
  own_group<1>(rows * columns, [&](int64_t i, auto) {
    const int64_t row = i % rows, column = i / rows;
    float sum = 0.0f;
    for (int64_t k = 0; k < depth; k++) sum += to_float(a(row, k)) * to_float(b(k, column));
    if (c.at != nullptr) sum += to_float(c(row, column));
    result(row, column) = from_float<Y>(sum);
  });
}

// Width neighbours of x, or zeros where x is null.
template <class T, int Width>
__device__ inline Floats<Width> load_or_zero(const T* x, int64_t i, Lanes<Width> lanes) {
  return x == nullptr ? Floats<Width>{} : lanes.load(x + i);
}

// sum (n) = base (n) + bias (columns), row by row; either may be null
template <class T, int Width>
__global__ void add_bias(int64_t n, int64_t columns, const T* base, const float* bias, float* sum) {
  own_group<Width>(n, [&](int64_t i, auto lanes) {
    const auto below = load_or_zero(base, i, lanes), added = load_or_zero(bias, i % columns, lanes);
    lanes.store(sum + i, lanes.make([&](int k) { return below[k] + added[k]; }));
  });
}

}  // namespace autoprog
