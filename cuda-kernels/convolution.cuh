// Convolution of maps (B,H,W,C) as a product of matrices: windows laid out as rows, and put together again.
#pragma once
#include "device.cuh"

namespace autoprog {

struct ConvolutionShape {
  int64_t B, H, W, in, out;
  int k;
  int64_t stride, padding;

  __host__ __device__ int64_t out_height() const { return (H + 2 * padding - k) / stride + 1; }
  __host__ __device__ int64_t out_width() const { return (W + 2 * padding - k) / stride + 1; }
  __host__ __device__ int64_t out_pixels() const { return out_height() * out_width(); }
  __host__ __device__ int window() const { return k * k; }
  __host__ __device__ int64_t patch() const { return in * window(); }
};

// patches (count, in k k) = what the outputs first ... first + count - 1, counted over all samples, see of x, in the
// order of the weight; 0 outside. A warp has a row.
template <class T>
__global__ void unfold(ConvolutionShape s, int64_t first, int64_t count, const T* x, T* patches) {
  const int64_t row = own_row();
  if (row >= count) return;
  const int64_t sample = (first + row) / s.out_pixels(), pixel = (first + row) % s.out_pixels();
  const int64_t top = pixel / s.out_width() * s.stride - s.padding;
  const int64_t left = pixel % s.out_width() * s.stride - s.padding;
  const T* map = x + sample * s.H * s.W * s.in;
  for (int64_t i = threadIdx.x; i < s.patch(); i += kWarp) {
    const int tap = static_cast<int>(i % s.window());
    const int64_t y = top + tap / s.k, across = left + tap % s.k;
    const bool inside = y >= 0 && y < s.H && across >= 0 && across < s.W;
    patches[row * s.patch() + i] = inside ? map[(y * s.W + across) * s.in + i / s.window()] : from_float<T>(0.0f);
  }
}

// turned (k k, in, out) = weight (out, in, k k)
template <class T>
__global__ void turn_weight(ConvolutionShape s, const T* weight, T* turned) {
  own_group<1>(s.patch() * s.out, [&](int64_t i, auto) {
    const int64_t o = i % s.out, c = i / s.out % s.in, tap = i / s.out / s.in;
    turned[i] = weight[(o * s.in + c) * s.window() + tap];
  });
}

// dx (samples,H,W,in) = for each pixel, the sum of its places in dpatches (samples, Ho Wo, k k, in). A warp has a
// pixel.
template <class T, int Width>
__global__ void fold(ConvolutionShape s, int64_t samples, const float* dpatches, T* dx) {
  const int64_t row = own_row();
  if (row >= samples * s.H * s.W) return;
  const int64_t sample = row / (s.H * s.W), y = row / s.W % s.H + s.padding, across = row % s.W + s.padding;
  each_group<Width>(threadIdx.x, kWarp, s.in, [&](int64_t c, auto lanes) {
    auto sum = lanes.make([](int) { return 0.0f; });
    for (int tap = 0; tap < s.window(); tap++) {
      const int64_t down = y - tap / s.k, right = across - tap % s.k;
      if (down < 0 || right < 0 || down % s.stride != 0 || right % s.stride != 0) continue;
      const int64_t i = down / s.stride, j = right / s.stride;
      if (i >= s.out_height() || j >= s.out_width()) continue;
      const int64_t pixel = sample * s.out_pixels() + i * s.out_width() + j;
      const auto part = lanes.load(dpatches + (pixel * s.window() + tap) * s.in + c);
      lanes.each([&](int l) { sum[l] += part[l]; });
    }
    lanes.store(dx + row * s.in + c, sum);
  });
}

}  // namespace autoprog
