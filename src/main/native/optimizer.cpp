#include <algorithm>
#include <array>
#include <cmath>

#include "context.hpp"
#include "simd.hpp"

using namespace autoprog;

namespace {

constexpr int32_t kMaxAverages = 4;

// The numbers of one step, as the update of an element uses them.
struct AdamW {
  float learning_rate, decay, epsilon;
  float beta1, beta2;
  float correction1, correction2;  // 1 / (1 - beta^step)
  float clip;
  std::array<float*, kMaxAverages> averages;
  std::array<float, kMaxAverages> keeps;
  BFloat16* rounded;
};

float clip_factor(float max_norm, float squared_norm) {
  return std::min(1.0f, max_norm / (std::sqrt(squared_norm) + 1e-6f));
}

template <int32_t Averages>
void update(AdamW a, int64_t begin, int64_t end, float* w, const float* g, float* m, float* v) {
  each_vector(begin, end, [&](int64_t i, auto lanes) {
    const Vec gradient = lanes.load(g + i) * a.clip;
    const Vec first = a.beta1 * lanes.load(m + i) + (1.0f - a.beta1) * gradient;
    const Vec second = a.beta2 * lanes.load(v + i) + (1.0f - a.beta2) * gradient * gradient;
    lanes.store(m + i, first);
    lanes.store(v + i, second);
    const Vec old = lanes.load(w + i);
    const Vec direction = first * a.correction1 / (square_root(second * a.correction2) + a.epsilon);
    const Vec weight = old - a.learning_rate * (direction + a.decay * old);
    lanes.store(w + i, weight);
    if (a.rounded != nullptr) lanes.store(a.rounded + i, weight);
    for (int32_t e = 0; e < Averages; e++) {
      lanes.store(a.averages[e] + i, a.keeps[e] * lanes.load(a.averages[e] + i) + (1.0f - a.keeps[e]) * weight);
    }
  });
}

using Update = void (*)(AdamW, int64_t, int64_t, float*, const float*, float*, float*);
constexpr std::array<Update, kMaxAverages + 1> kUpdates{update<0>, update<1>, update<2>, update<3>, update<4>};

}  // namespace

int ap_sum_of_squares(ap_context* context, int64_t n, const float* x, float* sum_of_squares) {
  return guarded(context, [&] {
    const int parts = parts_for(context, n);
    auto* partial = reinterpret_cast<double*>(context->scratch.floats(2 * parts));
    std::fill_n(partial, parts, 0.0);
    parallel(context, parts, n, kLanes, [&](int64_t part, int64_t begin, int64_t end) {
      DoubleSum squares;
      each_vector(begin, end, [&](int64_t i, auto lanes) { squares.add_square(lanes.load(x + i)); });
      partial[part] = squares.total();
    });
    double total = *sum_of_squares;
    for (int part = 0; part < parts; part++) total += partial[part];
    *sum_of_squares = static_cast<float>(total);
  });
}

int ap_adam_w(ap_context* context, int64_t n, float beta1, float beta2, float epsilon, float weight_decay,
              float max_norm, const float* rates, float* w, const float* g, float* m, float* v,
              const float* squared_norm, int32_t averages, const int64_t* emas, void* rounded) {
  return guarded(context, [&] {
    if (!std::isfinite(*squared_norm)) return;
    AdamW a{rates[0], weight_decay, epsilon, beta1, beta2, rates[1], rates[2], clip_factor(max_norm, *squared_norm),
            {},       {},           static_cast<BFloat16*>(rounded)};
    for (int32_t e = 0; e < averages; e++) {
      a.averages[e] = reinterpret_cast<float*>(emas[e]);
      a.keeps[e] = rates[3 + e];
    }
    parallel(context, parts_for(context, (4 + averages) * n), n, kLanes,
             [&](int64_t, int64_t begin, int64_t end) { kUpdates[averages](a, begin, end, w, g, m, v); });
  });
}
