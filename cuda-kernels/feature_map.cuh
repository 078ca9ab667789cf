// Feature maps (B,H,W,C) made larger, joined and split: a warp has a pixel, or a row.
#pragma once
#include "device.cuh"

namespace autoprog {

// y (B,2H,2W,C) = x (B,H,W,C), each pixel four times; `rows` pixels of y
template <class T, int Width>
__global__ void upsample_forward(int64_t rows, int64_t W, int64_t C, const T* x, T* y) {
  const int64_t row = own_row();
  if (row >= rows) return;
  const int64_t from = row / (2 * W) / 2 * W + row % (2 * W) / 2;
  each_group<Width>(threadIdx.x, kWarp, C,
                    [&](int64_t c, auto lanes) { lanes.store(y + row * C + c, lanes.load(x + from * C + c)); });
}

// dx (B,H,W,C) = the sum of each four pixels of dy (B,2H,2W,C); `rows` pixels of dx
template <class T, int Width>
__global__ void upsample_backward(int64_t rows, int64_t W, int64_t C, const T* dy, T* dx) {
  const int64_t row = own_row();
  if (row >= rows) return;
  const T* above = dy + (row / W * 4 * W + row % W * 2) * C;
  const T* below = above + 2 * W * C;
  each_group<Width>(threadIdx.x, kWarp, C, [&](int64_t c, auto lanes) {
    const auto a = lanes.load(above + c), b = lanes.load(above + C + c);
    const auto d = lanes.load(below + c), e = lanes.load(below + C + c);
    lanes.store(dx + row * C + c, lanes.make([&](int k) { return (a[k] + b[k]) + (d[k] + e[k]); }));
  });
}

// to (columns) = from (columns), by a warp
template <class T, int Width>
__device__ inline void copy_columns(int64_t columns, const T* from, T* to) {
  each_group<Width>(threadIdx.x, kWarp, columns,
                    [&](int64_t c, auto lanes) { lanes.store(to + c, lanes.load(from + c)); });
}

// out (rows, first + second) = a (rows, first) and b (rows, second) side by side
template <class T, int Width>
__global__ void concatenate(int64_t rows, int64_t first, int64_t second, const T* a, const T* b, T* out) {
  const int64_t row = own_row();
  if (row >= rows) return;
  T* to = out + row * (first + second);
  copy_columns<T, Width>(first, a + row * first, to);
  copy_columns<T, Width>(second, b + row * second, to + first);
}

// a (rows, first) and b (rows, second) = the columns of x (rows, first + second); either may be null
template <class T, int Width>
__global__ void split(int64_t rows, int64_t first, int64_t second, const T* x, T* a, T* b) {
  const int64_t row = own_row();
  if (row >= rows) return;
  const T* from = x + row * (first + second);
  if (a != nullptr) copy_columns<T, Width>(first, from, a + row * first);
  if (b != nullptr) copy_columns<T, Width>(second, from + first, b + row * second);
}

}  // namespace autoprog
