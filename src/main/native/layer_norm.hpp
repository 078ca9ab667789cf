// Layer normalisation of rows, on this thread.
#pragma once
#include <algorithm>
#include <array>

#include "simd.hpp"

namespace autoprog {

// So many rows are worked on together that their sums over the columns are found for all of them at once.
constexpr int64_t kRowsTogether = kLanes;

namespace detail {

// Of up to kRowsTogether rows, a row in each lane. What float32 cannot hold of a mean is kept apart, so that a row far
// from zero loses no digits.
struct Statistics {
  Vec mean, rest, rstd;
};

// sums[i] of lane r: the sum over the columns of terms(r, column, lanes)[i], for r < rows; zero beyond.
template <size_t Sums, class Terms>
std::array<Vec, Sums> sums_of_rows(int64_t rows, int64_t C, Terms terms) {
  Vec totals[Sums][kRowsTogether] = {};
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

// dx = base + rstd (g - mean(g) - n mean(g n)) for up to kRowsTogether rows, with g = dy * gain and n the normalised x.
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

}  // namespace detail

// y = (x - mean) * rstd * gain (C) + bias (C) for the rows first <= row < last; saves their statistics.
template <class T>
void normalise_rows(int64_t first, int64_t last, int64_t C, float epsilon, const T* x, const float* gain,
                    const float* bias, T* y, float* mean, float* rstd) {
  for (int64_t begin = first; begin < last; begin += kRowsTogether) {
    const int64_t together = std::min(kRowsTogether, last - begin);
    const detail::Statistics s = detail::statistics(together, C, epsilon, x + begin * C);
    for (int64_t row = 0; row < together; row++) {
      const T* from = x + (begin + row) * C;
      T* to = y + (begin + row) * C;
      const float middle = s.mean[row], rest = s.rest[row], scale = s.rstd[row];
      each_vector(0, C, [&](int64_t c, auto lanes) {
        const Vec normalised = (lanes.load(from + c) - middle - rest) * scale;
        lanes.store(to + c, normalised * lanes.load(gain + c) + lanes.load(bias + c));
      });
      mean[begin + row] = middle + rest;
      rstd[begin + row] = scale;
    }
  }
}

// dx = base + the gradient by x for the rows first <= row < last; base may be null.
template <class T>
void normalise_rows_backward(int64_t first, int64_t last, int64_t C, const float* mean, const float* rstd, const T* x,
                             const float* gain, const T* dy, const T* base, T* dx) {
  for (int64_t begin = first; begin < last; begin += kRowsTogether) {
    const int64_t at = begin * C;
    detail::backward_rows(std::min(kRowsTogether, last - begin), C, mean + begin, rstd + begin, x + at, gain, dy + at,
                          base == nullptr ? nullptr : base + at, dx + at);
  }
}

}  // namespace autoprog
