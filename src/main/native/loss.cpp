#include <cmath>
#include <limits>

#include "context.hpp"
#include "math.hpp"

using namespace autoprog;

namespace {

struct Softmax {
  double largest;
  double log_sum;  // of exp(logit - largest)
  double total;    // of logit - largest
};

// Sums are float64, and relative to the largest logit, so that the small loss of a sure and right answer
// keeps its digits.
Softmax softmax(int64_t classes, const float* logits) {
  Vec top = splat(-std::numeric_limits<float>::infinity());
  each_vector(0, classes, [&](int64_t k, auto lanes) {
    top = maximum(lanes.keep(lanes.load(logits + k), -std::numeric_limits<float>::infinity()), top);
  });
  const float highest = largest(top);
  DoubleSum exponentials, differences;
  each_vector(0, classes, [&](int64_t k, auto lanes) {
    const Vec difference = lanes.load(logits + k) - highest;
    exponentials.add(lanes.keep(exp(difference), 0.0f));
    differences.add(lanes.keep(difference, 0.0f));
  });
  return {highest, std::log(exponentials.total()), differences.total()};
}

}  // namespace

int ap_cross_entropy_forward(ap_context* context, int64_t B, int64_t classes, const float* logits,
                             const int32_t* labels, float smoothing, float* losses, float* log_sum_exp) {
  return guarded(context, [&] {
    parallel(context, parts_for(context, 3 * B * classes), B, 1, [&](int64_t, int64_t begin, int64_t end) {
      for (int64_t b = begin; b < end; b++) {
        const float* row = logits + b * classes;
        const Softmax s = softmax(classes, row);
        log_sum_exp[b] = static_cast<float>(s.largest + s.log_sum);
        if (labels[b] < 0 || labels[b] >= classes) {
          losses[b] = std::numeric_limits<float>::quiet_NaN();
          continue;
        }
        const double right = s.log_sum - (static_cast<double>(row[labels[b]]) - s.largest);
        const double mean = s.log_sum - s.total / static_cast<double>(classes);
        losses[b] = static_cast<float>((1.0 - smoothing) * right + (smoothing > 0 ? smoothing * mean : 0.0));
      }
    });
  });
}

int ap_cross_entropy_backward(ap_context* context, int64_t B, int64_t classes, const float* logits,
                              const int32_t* labels, float smoothing, const float* log_sum_exp, float scale,
                              float* dlogits) {
  return guarded(context, [&] {
    const float everywhere = smoothing / static_cast<float>(classes);
    parallel(context, parts_for(context, 3 * B * classes), B, 1, [&](int64_t, int64_t begin, int64_t end) {
      for (int64_t b = begin; b < end; b++) {
        const float* row = logits + b * classes;
        float* gradient = dlogits + b * classes;
        each_vector(0, classes, [&](int64_t k, auto lanes) {
          lanes.store(gradient + k, scale * (exp(lanes.load(row + k) - log_sum_exp[b]) - everywhere));
        });
        if (labels[b] >= 0 && labels[b] < classes) {
          // in float64: the difference of two numbers near 1, once the answer is right
          const double likelihood = std::exp(static_cast<double>(row[labels[b]]) - log_sum_exp[b]);
          gradient[labels[b]] = static_cast<float>(scale * (likelihood - (1.0 - smoothing) - everywhere));
        }
      }
    });
  });
}
