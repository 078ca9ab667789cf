// What becomes of a product of matrices that cuBLASLt has left in float32.
#pragma once
#include "activation.cuh"
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

// y (n) = base (n) + (h (n) + bias (columns), row by row); bias and base may be null
template <class T, class Y, int Width>
__global__ void finish_sum(int64_t n, int64_t columns, const float* h, const float* bias, const T* base, Y* y) {
  own_group<Width>(n, [&](int64_t i, auto lanes) {
    const auto value = lanes.load(h + i), added = load_or_zero(bias, i % columns, lanes);
    const auto below = load_or_zero(base, i, lanes);
    lanes.store(y + i, lanes.make([&](int k) { return below[k] + (value[k] + added[k]); }));
  });
}

// y (n) = gelu(h (n) + bias (columns)), slope (n) = its derivative there; bias and slope may be null
template <class Gelu, class T, int Width>
__global__ void finish_gelu(int64_t n, int64_t columns, const float* h, const float* bias, T* y, T* slope) {
  own_group<Width>(n, [&](int64_t i, auto lanes) {
    auto value = lanes.load(h + i);
    const auto added = load_or_zero(bias, i % columns, lanes);
    auto derivative = value;
    lanes.each([&](int k) {
      const Activated at = Gelu{}(value[k] + added[k]);
      value[k] = at.value;
      derivative[k] = at.slope;
    });
    lanes.store(y + i, value);
    if (slope != nullptr) lanes.store(slope + i, derivative);
  });
}

// dx (n) = h (n) . scale (n)
template <class T, int Width>
__global__ void finish_scaled(int64_t n, const float* h, const T* scale, T* dx) {
  own_group<Width>(n, [&](int64_t i, auto lanes) {
    const auto value = lanes.load(h + i), factor = lanes.load(scale + i);
    lanes.store(dx + i, lanes.make([&](int k) { return value[k] * factor[k]; }));
  });
}

}  // namespace autoprog
