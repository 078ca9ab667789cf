#include <cmath>

#include "context.hpp"
#include "reduce.hpp"
#include "simd.hpp"

using namespace autoprog;

namespace {

// Of one row. What float32 cannot hold of the mean is kept apart, so that a row far from zero loses no
// digits.
struct Statistics {
  float mean, rest, rstd;
};

template <class T>
Statistics statistics(int64_t C, float epsilon, const T* x) {
  const float columns = static_cast<float>(C);
  Vec total{};
  each_vector(0, C, [&](int64_t c, auto lanes) { total += lanes.load(x + c); });
  const float mean = sum(total) / columns;
  Vec differences{}, squares{};
  each_vector(0, C, [&](int64_t c, auto lanes) {
    const Vec difference = lanes.keep(lanes.load(x + c) - mean, 0.0f);
    differences += difference;
    squares += difference * difference;
  });
  const float rest = sum(differences) / columns;
  return {mean, rest, 1.0f / std::sqrt(sum(squares) / columns - rest * rest + epsilon)};
}

// dx = base + rstd (g - mean(g) - n mean(g n)) for one row, with g = dy * gain and n the normalised x.
template <class T>
void backward_row(int64_t C, float mean, float rstd, const T* x, const float* gain, const T* dy, const T* base, T* dx) {
  // Rounded, so that g - mean(g) is exactly 0 where all g are equal.
  const auto gradient = [&](int64_t c, auto lanes) { return rounded(lanes.load(dy + c) * lanes.load(gain + c)); };
  Vec total{}, along{};
  each_vector(0, C, [&](int64_t c, auto lanes) {
    const Vec g = gradient(c, lanes);
    total += g;
    along += g * (lanes.load(x + c) - mean);
  });
  const float columns = static_cast<float>(C);
  const float mean_gradient = sum(total) / columns;
  const float mean_along = sum(along) / columns * rstd * rstd;
  each_vector(0, C, [&](int64_t c, auto lanes) {
    const Vec d = (gradient(c, lanes) - mean_gradient - (lanes.load(x + c) - mean) * mean_along) * rstd;
    lanes.store(dx + c, base == nullptr ? d : lanes.load(base + c) + d);
  });
}

}  // namespace

int ap_layer_norm_forward(ap_context* context, int32_t type, int64_t rows, int64_t C, float epsilon, const void* x,
                          const float* gain, const float* bias, void* y, float* mean, float* rstd) {
  return guarded(context, type, [&](auto as) {
    parallel(context, parts_for(context, rows * C), rows, 1, [&](int64_t, int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; row++) {
        const auto* from = as(x) + row * C;
        auto* to = as(y) + row * C;
        const Statistics s = statistics(C, epsilon, from);
        each_vector(0, C, [&](int64_t c, auto lanes) {
          const Vec normalised = (lanes.load(from + c) - s.mean - s.rest) * s.rstd;
          lanes.store(to + c, normalised * lanes.load(gain + c) + lanes.load(bias + c));
        });
        mean[row] = s.mean + s.rest;
        rstd[row] = s.rstd;
      }
    });
  });
}

int ap_layer_norm_backward(ap_context* context, int32_t type, int64_t rows, int64_t C, const void* x, const float* gain,
                           const float* mean, const float* rstd, const void* dy, const void* base, void* dx) {
  return guarded(context, type, [&](auto as) {
    parallel(context, parts_for(context, rows * C), rows, 1, [&](int64_t, int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; row++) {
        const int64_t at = row * C;
        backward_row(C, mean[row], rstd[row], as(x) + at, gain, as(dy) + at, base == nullptr ? nullptr : as(base) + at,
                     as(dx) + at);
      }
    });
  });
}

int ap_layer_norm_backward_parameters(ap_context* context, int32_t type, int64_t rows, int64_t C, const void* x,
                                      const float* mean, const float* rstd, const void* dy, float* dgain,
                                      float* dbias) {
  return guarded(context, type, [&](auto as) {
    sum_over_rows<2>(context, rows, C, {dgain, dbias}, [&](int64_t row, int64_t column, auto lanes) {
      const Vec gradient = lanes.load(as(dy) + row * C + column);
      const Vec normalised = (lanes.load(as(x) + row * C + column) - mean[row]) * rstd[row];
      return std::array<Vec, 2>{gradient * normalised, gradient};
    });
  });
}
