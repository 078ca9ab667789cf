// Group normalisation of maps (B,N,C), and SiLU behind it. Whatever the width of a group, memory is read along whole
// pixels: a block has a slab of a sample's pixels, and a thread the same few channels of each. One pass sums by
// channels and slabs, a block for each group adds what falls to it, and the last pass has each element by itself.
#pragma once
#include "activation.cuh"
#include "reduce.cuh"

namespace autoprog {

constexpr int kSlabThreads = 256;  // the most that a block has
constexpr int kPixelsAtOnce = 4;   // the most that a thread loads before it uses one
constexpr int kSlabBlocks = 2;     // the least of a multiprocessor, for which what is loaded at once has registers

struct GroupShape {
  int64_t B, N, C, G;
  int64_t slab;        // the pixels of one
  int slabs;           // of a sample
  int group_channels;  // C / G

  __device__ double count() const { return static_cast<double>(N) * group_channels; }
};

// What a thread has of a slab: Width neighbouring channels of every blockDim.y-th pixel; nothing, if the first channel
// is not below C. Slabs, pixels and groups are counted over all samples.
template <int Width>
struct Share {
  int64_t C, begin, end;
  int channel, group, within;  // the first channel, its group, and its place there

  __device__ Share(const GroupShape& s, unsigned part)
      : C(s.C), channel(static_cast<int>((blockIdx.y * blockDim.x + threadIdx.x) * Width)) {
    const unsigned slabs = static_cast<unsigned>(s.slabs), sample = part / slabs;
    const int64_t first = part % slabs * s.slab;
    begin = sample * s.N + first + threadIdx.y;
    end = sample * s.N + min(s.N, first + s.slab);
    group = static_cast<int>(sample * s.G) + channel / s.group_channels;
    within = channel % s.group_channels;
  }

  // use(i, load(i)) for each of the pixels, i its first element; AtOnce are loaded before the first of them is used
  template <int AtOnce, class Load, class Use>
  __device__ void each_pixel(Load load, Use use) const {
    const int64_t to_next = blockDim.y * C, last = end * C;
    int64_t i = begin * C + channel;
    for (; i + (AtOnce - 1) * to_next < last; i += AtOnce * to_next) {
      decltype(load(i)) loaded[AtOnce];
#pragma unroll
      for (int j = 0; j < AtOnce; j++) loaded[j] = load(i + j * to_next);
#pragma unroll
      for (int j = 0; j < AtOnce; j++) use(i + j * to_next, loaded[j]);
    }
    for (; i < last; i += to_next) use(i, load(i));
  }

  // p (B,G) for each of the channels
  __device__ Floats<Width> of_groups(const GroupShape& s, const float* p) const {
    int g = group, c = within;
    return Lanes<Width>{}.make([&](int) {
      const float value = p[g];
      c++;
      if (c == s.group_channels) {
        c = 0;
        g++;
      }
      return value;
    });
  }
};

// ---- sums --------------------------------------------------------------------------------------------------------

// partial (parts, 2, C) = the sums over each slab of what Source finds for a pixel. The grid is (parts, tiles of C), as
// for the elements.
template <class Source, int Width, class Inputs>
__global__ void __launch_bounds__(kSlabThreads, kSlabBlocks)
    sum_slabs(GroupShape s, Inputs inputs, Partial<2, 1> partial) {
  alignas(16) __shared__ float sums[2][kSlabThreads * Width];
  const Share<Width> share(s, blockIdx.x);
  constexpr Lanes<Width> lanes;
  Terms<2, Width> total{};
  if (share.channel < s.C) {
    const Source source(s, inputs, share);
    share.template each_pixel<Source::kAtOnce>([&](int64_t i) { return source.load(i); },
                                               [&](int64_t, const auto& loaded) {
                                                 const Terms<2, Width> terms = source.terms(loaded);
#pragma unroll
                                                 for (int t = 0; t < 2; t++) {
                                                   lanes.each([&](int k) { total.of[t][k] += terms.of[t][k]; });
                                                 }
                                               });
    Source::finish(s, inputs, share, total);
  }
  const int thread = static_cast<int>(threadIdx.y * blockDim.x + threadIdx.x),
            tile = static_cast<int>(blockDim.x) * Width;
#pragma unroll
  for (int t = 0; t < 2; t++) lanes.store(&sums[t][thread * Width], total.of[t]);
  __syncthreads();
  const int64_t first = static_cast<int64_t>(blockIdx.y) * tile;
  for (int i = thread; i < 2 * tile; i += static_cast<int>(blockDim.x * blockDim.y)) {
    const int t = i >= tile, column = i - t * tile;
    if (first + column >= s.C) continue;
    float sum = 0.0f;
    for (int y = 0; y < static_cast<int>(blockDim.y); y++) sum += sums[t][y * tile + column];
    partial(blockIdx.x, t, first + column, sum);
  }
}

// d and d^2, with d = x - the slab's first pixel: a channel far from zero loses no digits, and since that pixel is
// among those that are summed, the variance is not small beside d^2.
template <class T, int Width>
struct Deviations {
  static constexpr int kAtOnce = kPixelsAtOnce;
  const T* x;
  Floats<Width> origin;

  __device__ Deviations(const GroupShape&, const T* from, const Share<Width>& share)
      : x(from), origin(load((share.begin - threadIdx.y) * share.C + share.channel)) {}
  __device__ Floats<Width> load(int64_t i) const { return Lanes<Width>{}.load(x + i); }
  __device__ Terms<2, Width> terms(const Floats<Width>& value) const {
    Terms<2, Width> result;
    Lanes<Width>{}.each([&](int k) {
      const float difference = value[k] - origin[k];
      result.of[0][k] = difference;
      result.of[1][k] = difference * difference;
    });
    return result;
  }
  __device__ static void finish(const GroupShape&, const T*, const Share<Width>&, const Terms<2, Width>&) {}
};

// What the backward passes are given; z is found again from x.
template <class T>
struct GroupNormGiven {
  bool silu;
  const T *x, *dy;
  const float *gain, *bias, *mean, *rstd;
};

// dz * n and dz: what a pixel adds to the gradients of gain and bias; n is the normalised x, dz the gradient by z.
template <class T, int Width>
struct GroupNormTerms {
  static constexpr int kAtOnce = 2;
  struct Loaded {
    Floats<Width> value, gradient;
  };
  struct Found {
    Floats<Width> difference, dz;  // x - mean
  };
  const T *x, *dy;
  bool silu;
  Floats<Width> middle, factor, bias;

  __device__ GroupNormTerms(const GroupShape& s, const GroupNormGiven<T>& given, const Share<Width>& share)
      : x(given.x),
        dy(given.dy),
        silu(given.silu),
        middle(share.of_groups(s, given.mean)),
        factor(share.of_groups(s, given.rstd)),
        bias(Lanes<Width>{}.load(given.bias + share.channel)) {
    const auto gains = Lanes<Width>{}.load(given.gain + share.channel);
    Lanes<Width>{}.each([&](int k) { factor[k] *= gains[k]; });
  }
  __device__ Loaded load(int64_t i) const { return {Lanes<Width>{}.load(x + i), Lanes<Width>{}.load(dy + i)}; }
  __device__ Found find(const Loaded& at) const {
    Found result{Lanes<Width>{}.make([&](int k) { return at.value[k] - middle[k]; }), at.gradient};
    if (silu) {
      Lanes<Width>{}.each([&](int k) { result.dz[k] *= Silu::slope(result.difference[k] * factor[k] + bias[k]); });
    }
    return result;
  }
  // rstd is left out
  __device__ Terms<2, Width> terms(const Loaded& at) const {
    const Found found = find(at);
    return {Lanes<Width>{}.make([&](int k) { return found.dz[k] * found.difference[k]; }), found.dz};
  }
  // and comes in here
  __device__ static void finish(const GroupShape& s, const GroupNormGiven<T>& given, const Share<Width>& share,
                                Terms<2, Width>& sum) {
    const auto scale = share.of_groups(s, given.rstd);
    Lanes<Width>{}.each([&](int k) { sum.of[0][k] *= scale[k]; });
  }
};

// ---- groups ------------------------------------------------------------------------------------------------------

// In thread 0, two sums over the slabs and the channels of the block's group: add(part, slab, c, sums) adds what one of
// them contributes. The grid has B G blocks.
template <class Add>
__device__ inline void sum_of_group(const GroupShape& s, double (&sums)[2], Add add) {
  const int channels = s.group_channels, terms = s.slabs * channels;
  const int64_t sample = blockIdx.x / s.G, first = blockIdx.x % s.G * channels;
  sums[0] = sums[1] = 0;
  for (int i = static_cast<int>(threadIdx.x); i < terms; i += kSumThreads) {
    const int slab = i / channels;
    add(sample * s.slabs + slab, slab, first + i % channels, sums);
  }
  sums[0] = block_sum(sums[0]);
  __syncthreads();
  sums[1] = block_sum(sums[1]);
}

// mean, rest, rstd (B,G) from the sums of Deviations. What float32 cannot hold of a mean is kept apart, as its rest, so
// that a group far from zero loses no digits.
template <class T>
__global__ void __launch_bounds__(kSumThreads)
    group_statistics(GroupShape s, float epsilon, const T* x, Partial<2, 1> partial, float* mean, float* rest,
                     float* rstd) {
  const int64_t sample = blockIdx.x / s.G;
  const T* from = x + sample * s.N * s.C;
  const double origin = to_float(from[blockIdx.x % s.G * s.group_channels]);
  double sums[2];  // of the differences from origin, and of their squares
  sum_of_group(s, sums, [&](int64_t part, int64_t slab, int64_t c, double(&to)[2]) {
    const Terms<2, 1> of = partial(part, c, Lanes<1>{});
    const double pixels = static_cast<double>(min(s.slab, s.N - slab * s.slab));
    const double away = to_float(from[slab * s.slab * s.C + c]) - origin, sum = of.of[0][0];
    to[0] += sum + pixels * away;
    to[1] += of.of[1][0] + away * (2 * sum + pixels * away);
  });
  if (threadIdx.x != 0) return;
  const double difference = sums[0] / s.count(), middle = origin + difference;
  mean[blockIdx.x] = static_cast<float>(middle);
  rest[blockIdx.x] = static_cast<float>(middle - static_cast<float>(middle));
  rstd[blockIdx.x] = static_cast<float>(1 / sqrt(sums[1] / s.count() - difference * difference + epsilon));
}

// mean_gradient, mean_along (B,G) = mean(g), mean(g n) from the sums of GroupNormTerms, with g = dz * gain
__global__ void __launch_bounds__(kSumThreads)
    group_means(GroupShape s, const float* gain, Partial<2, 1> partial, float* mean_gradient, float* mean_along) {
  double sums[2];
  sum_of_group(s, sums, [&](int64_t part, int64_t, int64_t c, double(&to)[2]) {
    const Terms<2, 1> of = partial(part, c, Lanes<1>{});
    to[0] += static_cast<double>(of.of[1][0]) * gain[c];
    to[1] += static_cast<double>(of.of[0][0]) * gain[c];
  });
  if (threadIdx.x != 0) return;
  mean_gradient[blockIdx.x] = static_cast<float>(sums[0] / s.count());
  mean_along[blockIdx.x] = static_cast<float>(sums[1] / s.count());
}

// ---- elements ----------------------------------------------------------------------------------------------------

// The slab of a block that comes after sums: those summed last come first, as the cache may still have them.
__device__ inline unsigned from_last() {
  return gridDim.x - 1 - blockIdx.x;
}

// y (B,N,C) = z or silu(z), z = (x - mean - rest) * rstd * gain (C) + bias (C)
template <class T, int Width>
__global__ void __launch_bounds__(kSlabThreads)
    group_norm_forward(GroupShape s, bool silu, const T* x, const float* gain, const float* bias, const float* mean,
                       const float* rest, const float* rstd, T* y) {
  const Share<Width> share(s, from_last());
  if (share.channel >= s.C) return;
  constexpr Lanes<Width> lanes;
  const auto middle = share.of_groups(s, mean);
  const auto beyond = share.of_groups(s, rest);
  auto scale = share.of_groups(s, rstd);
  const auto gains = lanes.load(gain + share.channel), biases = lanes.load(bias + share.channel);
  lanes.each([&](int k) { scale[k] *= gains[k]; });
  share.template each_pixel<kPixelsAtOnce>(
      [&](int64_t i) { return lanes.load(x + i); },
      [&](int64_t i, Floats<Width> z) {
        lanes.each([&](int k) { z[k] = (z[k] - middle[k] - beyond[k]) * scale[k] + biases[k]; });
        if (silu) lanes.each([&](int k) { z[k] = Silu::value(z[k]); });
        lanes.store(y + i, z);
      });
}

// dx = base + rstd (g - mean(g) - n mean(g n)), with g = dz * gain and n the normalised x; base, if there is one, may
// be dx. Known only to the kernel, that would be a branch, and the loads behind it would wait for those before.
template <class T, int Width, bool kBase>
__global__ void __launch_bounds__(kSlabThreads, kSlabBlocks)
    group_norm_backward(GroupShape s, GroupNormGiven<T> given, const float* mean_gradient, const float* mean_along,
                        const T* base, T* dx) {
  using Source = GroupNormTerms<T, Width>;
  const Share<Width> share(s, from_last());
  if (share.channel >= s.C) return;
  constexpr Lanes<Width> lanes;
  const Source source(s, given, share);
  const auto gains = lanes.load(given.gain + share.channel), scale = share.of_groups(s, given.rstd);
  const auto gradients = share.of_groups(s, mean_gradient);
  auto along = share.of_groups(s, mean_along);
  lanes.each([&](int k) { along[k] *= scale[k]; });
  struct Loaded {
    typename Source::Loaded of;
    Floats<Width> before;
  };
  share.template each_pixel<Source::kAtOnce>(
      [&](int64_t i) -> Loaded {
        return {source.load(i), kBase ? lanes.load(base + i) : Floats<Width>{}};
      },
      [&](int64_t i, const Loaded& loaded) {
        const auto found = source.find(loaded.of);
        // The product is rounded, so that g - mean(g) is exactly 0 where all g are equal.
        lanes.store(dx + i, lanes.make([&](int k) {
          const float off = __fmul_rn(found.dz[k], gains[k]) - gradients[k] - found.difference[k] * along[k];
          return loaded.before[k] + off * scale[k];
        }));
      });
}

}  // namespace autoprog
