#include <array>

#include "context.hpp"
#include "reduce.hpp"
#include "simd.hpp"

using namespace autoprog;

namespace {

// So many rows are worked on together that their sums over the columns are found for all of them at once.
constexpr int64_t kRows = kLanes;

// Of up to kRows rows, a row in each lane. What float32 cannot hold of a mean is kept apart, so that a row far from
// zero loses no digits.
struct Statistics {
  Vec mean, rest, rstd;
};

// sums[i] of lane r: the sum over the columns of terms(r, column, lanes)[i], for r < rows; zero beyond.
template <size_t Sums, class Terms>
std::array<Vec, Sums> sums_of_rows(int64_t rows, int64_t C, Terms terms) {
  Vec totals[Sums][kRows] = {};
  for (int64_t row = 0; row < rows; row++) {
    each_vector(0, C, [&](int64_t c, auto lanes) {
      const std::array<Vec, Sums> term = terms(row, c, lanes);
      for (size_t i = 0; i < Sums; i++) totals[i][row] += term[i];
    });
  }
  std::array<Vec, Sums> result;
  for (size_t i = 0; i < Sums; i++) result[i] = sums(totals[i]);
  return result;
}

template <class T>
Statistics statistics(int64_t rows, int64_t C, float epsilon, const T* x) {
  const float columns = static_cast<float>(C);
  const Vec mean = sums_of_rows<1>(rows, C,
                                   [&](int64_t row, int64_t c, auto lanes) {
                                     return std::array<Vec, 1>{lanes.load(x + row * C + c)};
                                   })[0] /
                   columns;
  const auto [differences, squares] = sums_of_rows<2>(rows, C, [&](int64_t row, int64_t c, auto lanes) {
    const Vec difference = lanes.keep(lanes.load(x + row * C + c) - mean[row], 0.0f);
    return std::array<Vec, 2>{difference, difference * difference};
  });
  const Vec rest = differences / columns;
  return {mean, rest, 1.0f / square_root(squares / columns - rest * rest + epsilon)};
}

// dx = base + rstd (g - mean(g) - n mean(g n)) for up to kRows rows, with g = dy * gain and n the normalised x.
template <class T>
void backward_rows(int64_t rows, int64_t C, const float* mean, const float* rstd, const T* x, const float* gain,
                   const T* dy, const T* base, T* dx) {
  // Rounded, so that g - mean(g) is exactly 0 where all g are equal.
  const auto gradient = [&](int64_t i, int64_t c, auto lanes) {
    return rounded(lanes.load(dy + i) * lanes.load(gain + c));
  };
  const auto [total, along] = sums_of_rows<2>(rows, C, [&](int64_t row, int64_t c, auto lanes) {
    const Vec g = gradient(row * C + c, c, lanes);
    return std::array<Vec, 2>{g, g * (lanes.load(x + row * C + c) - mean[row])};
  });
  const float columns = static_cast<float>(C);
  for (int64_t row = 0; row < rows; row++) {
    const float mean_gradient = total[row] / columns;
    const float mean_along = along[row] / columns * rstd[row] * rstd[row];
    each_vector(0, C, [&](int64_t c, auto lanes) {
      const int64_t i = row * C + c;
      const Vec d = (gradient(i, c, lanes) - mean_gradient - (lanes.load(x + i) - mean[row]) * mean_along) * rstd[row];
      lanes.store(dx + i, base == nullptr ? d : lanes.load(base + i) + d);
    });
  }
}

}  // namespace

int ap_layer_norm_forward(ap_context* context, int32_t type, int64_t rows, int64_t C, float epsilon, const void* x,
                          const float* gain, const float* bias, void* y, float* mean, float* rstd) {
  return guarded(context, type, [&](auto as) {
    parallel(context, parts_for(context, rows * C), rows, kRows, [&](int64_t, int64_t begin, int64_t end) {
      for (int64_t first = begin; first < end; first += kRows) {
        const int64_t together = std::min(kRows, end - first);
        const Statistics s = statistics(together, C, epsilon, as(x) + first * C);
        for (int64_t row = 0; row < together; row++) {
          const auto* from = as(x) + (first + row) * C;
          auto* to = as(y) + (first + row) * C;
          const float middle = s.mean[row], rest = s.rest[row], scale = s.rstd[row];
          each_vector(0, C, [&](int64_t c, auto lanes) {
            const Vec normalised = (lanes.load(from + c) - middle - rest) * scale;
            lanes.store(to + c, normalised * lanes.load(gain + c) + lanes.load(bias + c));
          });
          mean[first + row] = middle + rest;
          rstd[first + row] = scale;
        }
      }
    });
  });
}

int ap_layer_norm_backward(ap_context* context, int32_t type, int64_t rows, int64_t C, const void* x, const float* gain,
                           const float* mean, const float* rstd, const void* dy, const void* base, void* dx) {
  return guarded(context, type, [&](auto as) {
    parallel(context, parts_for(context, rows * C), rows, kRows, [&](int64_t, int64_t begin, int64_t end) {
      for (int64_t first = begin; first < end; first += kRows) {
        const int64_t at = first * C;
        backward_rows(std::min(kRows, end - first), C, mean + first, rstd + first, as(x) + at, gain, as(dy) + at,
                      base == nullptr ? nullptr : as(base) + at, as(dx) + at);
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
