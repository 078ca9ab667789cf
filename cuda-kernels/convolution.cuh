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

  // A window of one pixel after the other: x is its own windows.
  __host__ __device__ bool of_pixels() const { return k == 1 && stride == 1 && padding == 0; }
  // Of stride 1: the convolution of dy that dx is, whose weight has its window reversed.
  ConvolutionShape of_gradient() const { return {B, out_height(), out_width(), out, in, k, 1, k - 1 - padding}; }
};

// What one output sees of its sample: the pixel at a place of the window, or null outside the map.
template <class T>
struct Window {
  const T* map;
  int64_t top, left;

  __device__ Window(const ConvolutionShape& s, int64_t output, const T* x)
      : map(x + output / s.out_pixels() * s.H * s.W * s.in),
        top(output % s.out_pixels() / s.out_width() * s.stride - s.padding),
        left(output % s.out_width() * s.stride - s.padding) {}

  __device__ const T* pixel(const ConvolutionShape& s, int tap) const {
    const int64_t y = top + tap / s.k, across = left + tap % s.k;
    const bool inside = y >= 0 && y < s.H && across >= 0 && across < s.W;
    return inside ? map + (y * s.W + across) * s.in : nullptr;
  }
};

// windows (count, k k, in) = what the outputs first ... first + count - 1, counted over all samples, see of x; 0
// outside. A warp has a row.
template <class T, int Width>
__global__ void lay_out_windows(ConvolutionShape s, int64_t first, int64_t count, const T* x, T* windows) {
  const int64_t row = own_row();
  if (row >= count) return;
  const Window<T> window(s, first + row, x);
  const int groups = static_cast<int>(s.in) / Width;  // of a pixel's channels
  T* to = windows + row * s.patch();
  for (int i = static_cast<int>(threadIdx.x); i < s.window() * groups; i += kWarp) {
    const int tap = i / groups;
    const T* pixel = window.pixel(s, tap);
    const Lanes<Width> lanes;
    lanes.store(to + i * Width, pixel == nullptr ? lanes.make([](int) { return 0.0f; })
                                                 : lanes.load(pixel + (i - tap * groups) * Width));
  }
}

// The same of all outputs, in the order of the weight: patches (B Ho Wo, in k k).
template <class T>
__global__ void unfold(ConvolutionShape s, const T* x, T* patches) {
  const int64_t row = own_row();
  if (row >= s.B * s.out_pixels()) return;
  const Window<T> window(s, row, x);
  T* to = patches + row * s.patch();
  for (int i = static_cast<int>(threadIdx.x); i < static_cast<int>(s.patch()); i += kWarp) {
    const int channel = i / s.window();
    const T* pixel = window.pixel(s, i - channel * s.window());
    to[i] = pixel == nullptr ? from_float<T>(0.0f) : pixel[channel];
  }
}

// An order of a weight's elements other than (out, in, k k), in which `inner`, one of its dimensions but for the
// window, is the last; with the window from its end to its beginning where it is reversed.
struct WeightOrder {
  int64_t outer, inner;            // so many outputs and inputs, or inputs and outputs
  int64_t from_outer, from_inner;  // from one to the next in the weight, in windows
  int64_t to_outer, to_tap;        // from one to the next in the other order, in elements
  bool reversed;

  // (out, k k, in): a product's columns as lay_out_windows has them
  static WeightOrder of_windows(const ConvolutionShape& s) { return {s.out, s.in, s.in, 1, s.patch(), s.in, false}; }
  // (in, k k, out), reversed: the same of ConvolutionShape::of_gradient
  static WeightOrder of_gradient(const ConvolutionShape& s) {
    return {s.in, s.out, 1, s.in, s.out * s.window(), s.out, true};
  }
  // (k k, in, out): what `fold` sums
  static WeightOrder of_fold(const ConvolutionShape& s) { return {s.in, s.out, 1, s.in, s.out, s.in * s.out, false}; }
};

// ordered = weight (out, in, k k) in that order. A thread has a window.
template <class T>
__global__ void order_weight(WeightOrder order, int window, const T* weight, T* ordered) {
  own_group<1>(order.outer * order.inner, [&](int64_t i, auto) {
    const int64_t outer = i / order.inner, inner = i - outer * order.inner;
    const T* from = weight + (outer * order.from_outer + inner * order.from_inner) * window;
    T* to = ordered + outer * order.to_outer + inner;
    for (int tap = 0; tap < window; tap++) to[tap * order.to_tap] = from[order.reversed ? window - 1 - tap : tap];
  });
}

// weight (out, in, k k) = ordered (out, k k, in)
__global__ void put_back_weight(unsigned blocks, ConvolutionShape s, const float* ordered, float* weight) {
  own_group_of_sample<1>(blocks, s.patch(), [&](int64_t output, int64_t i, auto) {
    const int of_output = static_cast<int>(i - output * s.patch()), channel = of_output / s.window();
    const int tap = of_output - channel * s.window();
    weight[i] = ordered[output * s.patch() + tap * s.in + channel];
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
