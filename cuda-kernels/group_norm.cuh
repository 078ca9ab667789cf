// Group normalisation of maps (B,N,C), and SiLU behind it: a block has a group of a sample. Between its passes over the
// group, the caches keep it.
#pragma once
#include "reduce.cuh"

namespace autoprog {

constexpr int kGroupThreads = 256;

struct GroupShape {
  int64_t B, N, C, G;

  __host__ __device__ int of_group() const { return static_cast<int>(C / G); }
};

// The sum over a block of kGroupThreads, in every thread; `sums` has an element for each warp.
__device__ inline float block_total(float x, float* sums) {
  const float of_warp = warp_sum(x);
  if (threadIdx.x % kWarp == 0) sums[threadIdx.x / kWarp] = of_warp;
  __syncthreads();
  float total = 0.0f;
  for (int warp = 0; warp < kGroupThreads / kWarp; warp++) total += sums[warp];
  __syncthreads();
  return total;
}

// body(i, c, lanes) for this thread's Width neighbours of the block's group: i counts the elements of x, c its
// channels.
template <int Width, class Body>
__device__ inline void each_of_group(const GroupShape& s, Body body) {
  const int channels = s.of_group(), step = kGroupThreads * Width, begin = static_cast<int>(threadIdx.x) * Width;
  const int64_t sample = blockIdx.x / s.G, group = blockIdx.x % s.G;
  const int64_t first = group * channels, origin = sample * s.N * s.C;
  int c = begin % channels;
  for (int64_t n = begin / channels; n < s.N; n += step / channels) {
    body(origin + n * s.C + first + c, first + c, Lanes<Width>{});
    c += step % channels;
    if (c >= channels) {
      c -= channels;
      n++;
    }
  }
}

__device__ inline float logistic(float z) {
  return 1.0f / (1.0f + expf(-z));
}

// What dy, the gradient by silu(z) or by z itself, comes to by z.
__device__ inline float before_silu(bool silu, float dy, float z) {
  if (!silu) return dy;
  const float sigma = logistic(z);
  return dy * sigma * (1.0f + z * (1.0f - sigma));
}

// y (B,N,C) = z or silu(z), z = (x - mean) * rstd * gain (C) + bias (C). What float32 cannot hold of a mean is kept
// apart, so that a group far from zero loses no digits.
template <class T, int Width>
__global__ void __launch_bounds__(kGroupThreads)
    group_norm_forward(GroupShape s, float epsilon, bool silu, const T* x, const float* gain, const float* bias, T* y,
                       float* mean, float* rstd) {
  __shared__ float sums[kGroupThreads / kWarp];
  const float count = static_cast<float>(s.N) * static_cast<float>(s.of_group());
  float total = 0.0f;
  each_of_group<Width>(s, [&](int64_t i, int64_t, auto lanes) {
    const auto value = lanes.load(x + i);
    lanes.each([&](int k) { total += value[k]; });
  });
  const float middle = block_total(total, sums) / count;

  float differences = 0.0f, squares = 0.0f;
  each_of_group<Width>(s, [&](int64_t i, int64_t, auto lanes) {
    const auto value = lanes.load(x + i);
    lanes.each([&](int k) {
      const float difference = value[k] - middle;
      differences += difference;
      squares += difference * difference;
    });
  });
  const float rest = block_total(differences, sums) / count;
  const float scale = 1.0f / sqrtf(block_total(squares, sums) / count - rest * rest + epsilon);

  each_of_group<Width>(s, [&](int64_t i, int64_t c, auto lanes) {
    const auto value = lanes.load(x + i), gains = lanes.load(gain + c), biases = lanes.load(bias + c);
    const auto result = [&](int k) {
      const float z = (value[k] - middle - rest) * scale * gains[k] + biases[k];
      return silu ? z * logistic(z) : z;
    };
    lanes.store(y + i, lanes.make(result));
  });
  if (threadIdx.x == 0) {
    mean[blockIdx.x] = middle + rest;
    rstd[blockIdx.x] = scale;
  }
}

// dx = base + rstd (g - mean(g) - n mean(g n)), with g = dz * gain and n the normalised x; base may be null, or dx.
template <class T, int Width>
__global__ void __launch_bounds__(kGroupThreads)
    group_norm_backward(GroupShape s, bool silu, const T* x, const float* gain, const float* bias, const float* mean,
                        const float* rstd, const T* dy, const T* base, T* dx) {
  __shared__ float sums[kGroupThreads / kWarp];
  const float count = static_cast<float>(s.N) * static_cast<float>(s.of_group());
  const float middle = mean[blockIdx.x], scale = rstd[blockIdx.x];
  struct Neighbours {
    Floats<Width> normalised, gradient;
  };
  // Rounded, so that g - mean(g) is exactly 0 where all g are equal.
  const auto neighbours = [&](int64_t i, int64_t c, auto lanes) {
    const auto value = lanes.load(x + i), given = lanes.load(dy + i);
    const auto gains = lanes.load(gain + c), biases = lanes.load(bias + c);
    Neighbours result;
    lanes.each([&](int k) {
      const float normalised = (value[k] - middle) * scale;
      result.normalised[k] = normalised;
      result.gradient[k] = __fmul_rn(before_silu(silu, given[k], normalised * gains[k] + biases[k]), gains[k]);
    });
    return result;
  };

  float total = 0.0f, along = 0.0f;
  each_of_group<Width>(s, [&](int64_t i, int64_t c, auto lanes) {
    const Neighbours of = neighbours(i, c, lanes);
    lanes.each([&](int k) {
      total += of.gradient[k];
      along += of.gradient[k] * of.normalised[k];
    });
  });
  const float mean_gradient = block_total(total, sums) / count;
  const float mean_along = block_total(along, sums) / count;

  each_of_group<Width>(s, [&](int64_t i, int64_t c, auto lanes) {
    const Neighbours of = neighbours(i, c, lanes);
    auto result =
        lanes.make([&](int k) { return (of.gradient[k] - mean_gradient - of.normalised[k] * mean_along) * scale; });
    if (base != nullptr) {
      const auto before = lanes.load(base + i);
      lanes.each([&](int k) { result[k] += before[k]; });
    }
    lanes.store(dx + i, result);
  });
}

// A pixel's share of the gradients: dz * (x - mean) * rstd of gain, dz of bias. Width divides the channels of a group.
template <class T, int Width>
struct GroupNormTerms {
  GroupShape s;
  bool silu;
  const T *x, *dy;
  const float *gain, *bias, *mean, *rstd;

  __device__ Terms<2, Width> operator()(int64_t row, int64_t column, Lanes<Width> lanes) const {
    const auto value = lanes.load(x + row * s.C + column), given = lanes.load(dy + row * s.C + column);
    const auto gains = lanes.load(gain + column), biases = lanes.load(bias + column);
    const int64_t group = row / s.N * s.G + column / s.of_group();
    const float middle = mean[group], scale = rstd[group];
    Terms<2, Width> terms;
    lanes.each([&](int k) {
      const float normalised = (value[k] - middle) * scale;
      const float dz = before_silu(silu, given[k], normalised * gains[k] + biases[k]);
      terms.of[0][k] = dz * normalised;
      terms.of[1][k] = dz;
    });
    return terms;
  }
};

}  // namespace autoprog
