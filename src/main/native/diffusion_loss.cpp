#include "context.hpp"
#include "variational_bound.hpp"

using namespace autoprog;

namespace {

// run(b, bound, operands) for every sample: the bound's value and slope take what operands(i, lanes) has loaded.
template <class T, class Run>
void each_bound(ap_context* context, int64_t B, int64_t P, const T* prediction, const float* clean, const float* noisy,
                const float* coefficients, Run run) {
  constexpr int64_t kWorthOfABound = 8;  // an element takes about as long as so many of a copy
  parallel(context, parts_for(context, kWorthOfABound * B * P), B, 1, [&](int64_t, int64_t begin, int64_t end) {
    for (int64_t b = begin; b < end; b++) {
      const BoundCoefficients k(coefficients + b * BoundCoefficients::kCount);
      const auto operands = [&](int64_t i, auto lanes) {
        const T* epsilon = prediction + 2 * b * P + i;
        return BoundOperands{lanes.load(epsilon), lanes.load(epsilon + P), lanes.load(clean + b * P + i),
                             lanes.load(noisy + b * P + i)};
      };
      if (k.first) {
        run(b, Likelihood(k), operands);
      } else {
        run(b, Divergence(k), operands);
      }
    }
  });
}

// Nats of a sum over P, as bits of a mean.
double bits_per_dimension(int64_t P) {
  return 1 / (std::log(2.0) * static_cast<double>(P));
}

}  // namespace

int ap_mean_squared_error_forward(ap_context* context, int32_t type, int64_t B, int64_t P, int64_t stride,
                                  const void* prediction, const float* target, float* losses) {
  return guarded(context, type, [&](auto as) {
    parallel(context, parts_for(context, 2 * B * P), B, 1, [&](int64_t, int64_t begin, int64_t end) {
      for (int64_t b = begin; b < end; b++) {
        DoubleSum squares;
        each_vector(0, P, [&](int64_t i, auto lanes) {
          squares.add_square(lanes.load(as(prediction) + b * stride + i) - lanes.load(target + b * P + i));
        });
        losses[b] = static_cast<float>(squares.total() / static_cast<double>(P));
      }
    });
  });
}

int ap_mean_squared_error_backward(ap_context* context, int32_t type, int64_t B, int64_t P, int64_t stride,
                                   const void* prediction, const float* target, float scale, float* dprediction) {
  return guarded(context, type, [&](auto as) {
    const auto factor = static_cast<float>(2.0 * scale / static_cast<double>(P));
    each_sample(context, B, P, [&](int64_t b, int64_t begin, int64_t end) {
      each_vector(begin - b * P, end - b * P, [&](int64_t i, auto lanes) {
        const int64_t at = b * stride + i;
        lanes.store(dprediction + at, factor * (lanes.load(as(prediction) + at) - lanes.load(target + b * P + i)));
      });
    });
  });
}

int ap_variational_bound_forward(ap_context* context, int32_t type, int64_t B, int64_t P, const void* prediction,
                                 const float* clean, const float* noisy, const float* coefficients, float* losses) {
  return guarded(context, type, [&](auto as) {
    each_bound(context, B, P, as(prediction), clean, noisy, coefficients,
               [&](int64_t b, const auto& bound, const auto& operands) {
                 DoubleSum nats;
                 each_vector(
                     0, P, [&](int64_t i, auto lanes) { nats.add(lanes.keep(bound.value(operands(i, lanes)), 0.0f)); });
                 losses[b] = static_cast<float>(nats.total() * bits_per_dimension(P));
               });
  });
}

int ap_variational_bound_backward(ap_context* context, int32_t type, int64_t B, int64_t P, const void* prediction,
                                  const float* clean, const float* noisy, const float* coefficients, float scale,
                                  float* dprediction) {
  return guarded(context, type, [&](auto as) {
    const auto factor = static_cast<float>(scale * bits_per_dimension(P));
    each_bound(context, B, P, as(prediction), clean, noisy, coefficients,
               [&](int64_t b, const auto& bound, const auto& operands) {
                 float* dv = dprediction + (2 * b + 1) * P;
                 each_vector(0, P, [&](int64_t i, auto lanes) {
                   lanes.store(dv + i, factor * bound.slope(operands(i, lanes)));
                 });
               });
  });
}
