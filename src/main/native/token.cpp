#include <array>
#include <cmath>
#include <cstring>

#include "context.hpp"
#include "simd.hpp"

using namespace autoprog;

namespace {

template <class T>
void copy(const T* from, int64_t n, T* to) {
  std::memcpy(to, from, static_cast<size_t>(n) * sizeof(T));
}

template <class A, class T>
void add(const A* a, const float* b, int64_t n, T* out) {
  each_vector(0, n, [&](int64_t i, auto lanes) { lanes.store(out + i, lanes.load(a + i) + lanes.load(b + i)); });
}

// run(b, n) for every token of every sample.
template <class Run>
void each_token(ap_context* context, int64_t B, int64_t N, int64_t C, Run run) {
  parallel(context, parts_for(context, B * N * C), B * N, 1, [&](int64_t, int64_t begin, int64_t end) {
    for (int64_t token = begin; token < end; token++) run(token / N, token % N);
  });
}

// The four cells of one axis that a cubic sample reads, and their weights; they sum to 1.
struct Taps {
  std::array<int64_t, 4> cell;
  std::array<float, 4> weight;
};

// Keys' kernel at distances 1 + t, t, 1 - t and 2 - t, with a = -0.75.
Taps cubic_taps(int64_t from, int64_t to, int64_t i) {
  constexpr double a = -0.75;
  const double at = (static_cast<double>(i) + 0.5) * static_cast<double>(from) / static_cast<double>(to) - 0.5;
  const double floor = std::floor(at);
  const auto near = [](double d) { return ((a + 2) * d - (a + 3)) * d * d + 1; };
  const auto far = [](double d) { return ((a * d - 5 * a) * d + 8 * a) * d - 4 * a; };
  const double t = at - floor;
  const std::array<double, 4> weight{far(1 + t), near(t), near(1 - t), far(2 - t)};
  Taps taps;
  for (int64_t k = 0; k < 4; k++) {
    taps.cell[k] = std::clamp<int64_t>(static_cast<int64_t>(floor) - 1 + k, 0, from - 1);
    taps.weight[k] = static_cast<float>(weight[k]);
  }
  return taps;
}

// run(row of the from-grid, weight, row of the to-grid) for every pair that the resize connects, to-rows in
// order.
template <class Run>
void each_weight(int64_t from, int64_t to, Run run) {
  for (int64_t y = 0; y < to; y++) {
    const Taps down = cubic_taps(from, to, y);
    for (int64_t x = 0; x < to; x++) {
      const Taps across = cubic_taps(from, to, x);
      for (int64_t k = 0; k < 16; k++) {
        run(1 + down.cell[k / 4] * from + across.cell[k % 4], down.weight[k / 4] * across.weight[k % 4],
            1 + y * to + x);
      }
    }
  }
}

// row (columns begin ... end) += weight * other
void accumulate(float weight, const float* other, int64_t begin, int64_t end, float* row) {
  each_vector(begin, end, [&](int64_t c, auto lanes) {
    lanes.store(row + c, lanes.load(row + c) + weight * lanes.load(other + c));
  });
}

}  // namespace

int ap_assemble_tokens(ap_context* context, int32_t type, int64_t B, int64_t N, int64_t C, const void* patches,
                       const float* class_token, const float* positions, void* out) {
  return guarded(context, type, [&](auto as) {
    each_token(context, B, N, C, [&](int64_t b, int64_t n) {
      auto* to = as(out) + (b * N + n) * C;
      if (n == 0) {
        add(class_token, positions, C, to);
      } else {
        add(as(patches) + (b * (N - 1) + n - 1) * C, positions + n * C, C, to);
      }
    });
  });
}

int ap_assemble_tokens_backward(ap_context* context, int32_t type, int64_t B, int64_t N, int64_t C, const void* dy,
                                void* dpatches) {
  return guarded(context, type, [&](auto as) {
    each_token(context, B, N - 1, C, [&](int64_t b, int64_t n) {
      copy(as(dy) + (b * N + n + 1) * C, C, as(dpatches) + (b * (N - 1) + n) * C);
    });
  });
}

int ap_select_class_token(ap_context* context, int32_t type, int64_t B, int64_t N, int64_t C, const void* x, void* y) {
  return guarded(context, type, [&](auto as) {
    each_token(context, B, 1, C, [&](int64_t b, int64_t) { copy(as(x) + b * N * C, C, as(y) + b * C); });
  });
}

int ap_select_class_token_backward(ap_context* context, int32_t type, int64_t B, int64_t N, int64_t C, const void* dy,
                                   void* dx) {
  return guarded(context, type, [&](auto as) {
    each_token(context, B, N, C, [&](int64_t b, int64_t n) {
      auto* to = as(dx) + (b * N + n) * C;
      if (n == 0) {
        copy(as(dy) + b * C, C, to);
      } else {
        std::memset(to, 0, static_cast<size_t>(C) * sizeof *to);
      }
    });
  });
}

int ap_resize_positions(ap_context* context, int64_t from, int64_t to, int64_t C, const float* positions, float* out) {
  return guarded(context, [&] {
    copy(positions, from == to ? (1 + from * from) * C : C, out);
    if (from == to) return;
    parallel(context, parts_for(context, 16 * to * to * C), C, kLanes, [&](int64_t, int64_t begin, int64_t end) {
      for (int64_t n = 1; n <= to * to; n++) std::fill(out + n * C + begin, out + n * C + end, 0.0f);
      each_weight(from, to, [&](int64_t source, float weight, int64_t target) {
        accumulate(weight, positions + source * C, begin, end, out + target * C);
      });
    });
  });
}

int ap_resize_positions_backward(ap_context* context, int64_t from, int64_t to, int64_t C, const float* dy,
                                 float* dpositions) {
  return guarded(context, [&] {
    const int64_t alike = from == to ? 1 + from * from : 1;
    add(dpositions, dy, alike * C, dpositions);
    if (from == to) return;
    parallel(context, parts_for(context, 16 * to * to * C), C, kLanes, [&](int64_t, int64_t begin, int64_t end) {
      each_weight(from, to, [&](int64_t source, float weight, int64_t target) {
        accumulate(weight, dy + target * C, begin, end, dpositions + source * C);
      });
    });
  });
}
