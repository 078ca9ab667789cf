#include <array>

#include "activation.hpp"
#include "context.hpp"
#include "reduce.hpp"
#include "simd.hpp"

using namespace autoprog;

namespace {

struct Shape {
  int64_t B, N, C, G;

  int64_t of_group() const { return C / G; }
};

// Whole groups of one sample: so few that a second-level cache keeps them between the passes over their pixels.
struct Unit {
  int64_t sample, first_group, groups, channels;
  int64_t first_channel;  // of the sample's
  int64_t at;             // of the first pixel's first channel, from the first sample on
};

// Into how many units a sample is cut.
int64_t units_of_sample(const ap_context* context, const Shape& s) {
  constexpr int64_t kElements = 128 * 1024;
  const int64_t for_cache = (s.N * s.C + kElements - 1) / kElements;
  const int64_t for_threads = (parts_for(context, s.B * s.N * s.C) + s.B - 1) / s.B;
  return std::clamp<int64_t>(std::max(for_cache, for_threads), 1, s.G);
}

// run(unit, numbers) on the team, for all units of all samples; numbers: kSets sets of one number for each of the
// unit's channels, the thread's own.
constexpr int64_t kSets = 6;

template <class Run>
void each_unit(ap_context* context, const Shape& s, Run run) {
  const int64_t each = units_of_sample(context, s), set = round_up(s.C, 16);
  float* numbers = context->scratch.floats(context->threads * kSets * set);
  parallel_by_member(
      context, parts_for(context, s.B * s.N * s.C), s.B * each, 1, [&](int, int member, int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; i++) {
          const int64_t sample = i / each, from = s.G * (i % each) / each;
          const int64_t to = s.G * (i % each + 1) / each, channel = from * s.of_group();
          run(Unit{sample, from, to - from, (to - from) * s.of_group(), channel, sample * s.N * s.C + channel},
              numbers + member * kSets * set);
        }
      });
}

// body(group of the unit, mean) for the mean of each group's elements, given their sums by channel.
template <class Body>
void each_group_mean(const Shape& s, const Unit& u, const float* sums, Body body) {
  for (int64_t g = 0; g < u.groups; g++) {
    double sum = 0;
    for (int64_t c = g * s.of_group(); c < (g + 1) * s.of_group(); c++) sum += sums[c];
    body(g, sum / static_cast<double>(s.N * s.of_group()));
  }
}

// numbers (channels of a group) = value
void spread(const Shape& s, int64_t group, float value, float* numbers) {
  std::fill_n(numbers + group * s.of_group(), s.of_group(), value);
}

template <class Body>
void with_silu(int32_t silu, Body body) {
  if (silu != 0) {
    body(std::true_type{});
  } else {
    body(std::false_type{});
  }
}

template <bool WithSilu, class T>
void forward(const Shape& s, const Unit& u, float epsilon, const T* x, const float* gain, const float* bias, T* y,
             float* mean, float* rstd, float* numbers) {
  const int64_t set = u.channels;
  float *sums = numbers, *squares = sums + set, *middle = squares + set, *rest = middle + set, *scale = rest + set;
  std::fill_n(sums, 2 * set, 0.0f);
  add_rows<1>(0, s.N, u.channels, sums,
              [&](int64_t row, int64_t c, auto lanes) { return std::array<Vec, 1>{lanes.load(x + row * s.C + c)}; });
  each_group_mean(s, u, sums, [&](int64_t g, double m) { spread(s, g, static_cast<float>(m), middle); });

  std::fill_n(sums, set, 0.0f);
  add_rows<2>(0, s.N, u.channels, sums, [&](int64_t row, int64_t c, auto lanes) {
    const Vec difference = lanes.load(x + row * s.C + c) - lanes.load(middle + c);
    return std::array<Vec, 2>{difference, difference * difference};
  });
  // What float32 cannot hold of a mean is kept apart, so that a group far from zero loses no digits.
  each_group_mean(s, u, sums, [&](int64_t g, double m) { spread(s, g, static_cast<float>(m), rest); });
  each_group_mean(s, u, squares, [&](int64_t g, double mean_square) {
    const int64_t at = u.sample * s.G + u.first_group + g, c = g * s.of_group();
    const double off = rest[c];
    rstd[at] = static_cast<float>(1 / std::sqrt(mean_square - off * off + epsilon));
    mean[at] = middle[c] + rest[c];
    spread(s, g, rstd[at], scale);
  });

  for (int64_t row = 0; row < s.N; row++) {
    each_vector(0, u.channels, [&](int64_t c, auto lanes) {
      const Vec difference = lanes.load(x + row * s.C + c) - lanes.load(middle + c) - lanes.load(rest + c);
      const Vec z = difference * lanes.load(scale + c) * lanes.load(gain + c) + lanes.load(bias + c);
      lanes.store(y + row * s.C + c, WithSilu ? Silu{}(z).value : z);
    });
  }
}

// The channels of a unit in the backward pass, with the statistics of their groups.
struct Saved {
  float *mean, *rstd;
  const float *gain, *bias;

  Saved(const Shape& s, const Unit& u, const float* means, const float* rstds, const float* gains, const float* biases,
        float* numbers)
      : mean(numbers), rstd(numbers + u.channels), gain(gains + u.first_channel), bias(biases + u.first_channel) {
    for (int64_t g = 0; g < u.groups; g++) {
      const int64_t at = u.sample * s.G + u.first_group + g;
      spread(s, g, means[at], mean);
      spread(s, g, rstds[at], rstd);
    }
  }

  template <class Lanes, class T>
  Vec normalised(int64_t c, Lanes lanes, const T* x) const {
    return (lanes.load(x) - lanes.load(mean + c)) * lanes.load(rstd + c);
  }
  // The gradient by z, of which dy, the gradient by silu(z) or by z itself, is made.
  template <bool WithSilu, class Lanes>
  Vec gradient(int64_t c, Lanes lanes, Vec dy, Vec normalised) const {
    if constexpr (!WithSilu) return dy;
    const Vec z = normalised * lanes.load(gain + c) + lanes.load(bias + c);
    return dy * Silu{}(z).slope;
  }
};

// dx = base + rstd (g - mean(g) - n mean(g n)), with g = dz * gain and n the normalised x.
template <bool WithSilu, class T>
void backward(const Shape& s, const Unit& u, const Saved& saved, const T* x, const T* dy, const T* base, T* dx,
              float* numbers) {
  const int64_t set = u.channels;
  float *sums = numbers, *along = sums + set, *mean_gradient = along + set, *mean_along = mean_gradient + set;
  // Rounded, so that g - mean(g) is exactly 0 where all g are equal.
  const auto gradient = [&](int64_t i, int64_t c, auto lanes, Vec normalised) {
    const Vec dz = saved.template gradient<WithSilu>(c, lanes, lanes.load(dy + i), normalised);
    return rounded(dz * lanes.load(saved.gain + c));
  };
  std::fill_n(sums, 2 * set, 0.0f);
  add_rows<2>(0, s.N, u.channels, sums, [&](int64_t row, int64_t c, auto lanes) {
    const Vec normalised = saved.normalised(c, lanes, x + row * s.C + c);
    const Vec g = gradient(row * s.C + c, c, lanes, normalised);
    return std::array<Vec, 2>{g, g * normalised};
  });
  each_group_mean(s, u, sums, [&](int64_t g, double mean) { spread(s, g, static_cast<float>(mean), mean_gradient); });
  each_group_mean(s, u, along, [&](int64_t g, double mean) { spread(s, g, static_cast<float>(mean), mean_along); });
  for (int64_t row = 0; row < s.N; row++) {
    each_vector(0, u.channels, [&](int64_t c, auto lanes) {
      const int64_t i = row * s.C + c;
      const Vec normalised = saved.normalised(c, lanes, x + i), g = gradient(i, c, lanes, normalised);
      const Vec off = g - lanes.load(mean_gradient + c) - normalised * lanes.load(mean_along + c);
      const Vec d = off * lanes.load(saved.rstd + c);
      lanes.store(dx + i, base == nullptr ? d : lanes.load(base + i) + d);
    });
  }
}

}  // namespace

int ap_group_norm_forward(ap_context* context, int32_t type, int64_t B, int64_t N, int64_t C, int64_t G, float epsilon,
                          int32_t silu, const void* x, const float* gain, const float* bias, void* y, float* mean,
                          float* rstd) {
  return guarded(context, type, [&](auto as) {
    with_silu(silu, [&](auto with) {
      const Shape s{B, N, C, G};
      each_unit(context, s, [&](const Unit& u, float* numbers) {
        forward<decltype(with)::value>(s, u, epsilon, as(x) + u.at, gain + u.first_channel, bias + u.first_channel,
                                       as(y) + u.at, mean, rstd, numbers);
      });
    });
  });
}

int ap_group_norm_backward(ap_context* context, int32_t type, int64_t B, int64_t N, int64_t C, int64_t G, int32_t silu,
                           const void* x, const float* gain, const float* bias, const float* mean, const float* rstd,
                           const void* dy, const void* base, void* dx) {
  return guarded(context, type, [&](auto as) {
    with_silu(silu, [&](auto with) {
      const Shape s{B, N, C, G};
      each_unit(context, s, [&](const Unit& u, float* numbers) {
        const Saved saved(s, u, mean, rstd, gain, bias, numbers);
        backward<decltype(with)::value>(s, u, saved, as(x) + u.at, as(dy) + u.at,
                                        base == nullptr ? nullptr : as(base) + u.at, as(dx) + u.at,
                                        numbers + 2 * u.channels);
      });
    });
  });
}

int ap_group_norm_backward_parameters(ap_context* context, int32_t type, int64_t B, int64_t N, int64_t C, int64_t G,
                                      int32_t silu, const void* x, const float* gain, const float* bias,
                                      const float* mean, const float* rstd, const void* dy, float* dgain,
                                      float* dbias) {
  return guarded(context, type, [&](auto as) {
    with_silu(silu, [&](auto with) {
      const Shape s{B, N, C, G};
      const auto parts = static_cast<int>(std::min<int64_t>(parts_for(context, B * N * C), B * N));
      const int64_t part_size = round_up(2 * C, 16);
      float* sums = context->scratch.floats(parts * (part_size + 2 * C));
      parallel(context, parts, B * N, 1, [&](int64_t part, int64_t begin, int64_t end) {
        float *mine = sums + part * part_size, *numbers = sums + parts * part_size + part * 2 * C;
        std::fill_n(mine, 2 * C, 0.0f);
        for (int64_t first = begin; first < end;) {
          const int64_t sample = first / N, last = std::min(end, (sample + 1) * N);
          const Saved saved(s, Unit{sample, 0, G, C, 0, 0}, mean, rstd, gain, bias, numbers);
          add_rows<2>(first, last, C, mine, [&](int64_t row, int64_t c, auto lanes) {
            const Vec normalised = saved.normalised(c, lanes, as(x) + row * C + c);
            const Vec dz =
                saved.template gradient<decltype(with)::value>(c, lanes, lanes.load(as(dy) + row * C + c), normalised);
            return std::array<Vec, 2>{dz * normalised, dz};
          });
          first = last;
        }
      });
      add_parts<2>(parts, part_size, sums, C, {dgain, dbias});
    });
  });
}
