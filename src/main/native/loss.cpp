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

// What a sample is to be classified as: one class, or two that share it.
struct Target {
  int32_t label, partner;
  double lambda;

  Target(int64_t b, const int32_t* labels, const int32_t* partners, const float* lambdas)
      : label(labels[b]), partner(partners ? partners[b] : label), lambda(lambdas ? lambdas[b] : 1.0) {}

  bool exists(int64_t classes) const { return label >= 0 && label < classes && partner >= 0 && partner < classes; }

  // body(class, share) for each class that has a share; another costs nothing, even if its logit is -infinity
  template <class Body>
  void each(Body body) const {
    if (label == partner) {
      body(label, 1.0);
    } else {
      if (lambda != 0) body(label, lambda);
      if (lambda != 1) body(partner, 1.0 - lambda);
    }
  }
};

}  // namespace

int ap_cross_entropy_forward(ap_context* context, int64_t B, int64_t classes, const float* logits,
                             const int32_t* labels, const int32_t* partners, const float* lambda, float smoothing,
                             float* losses, float* log_sum_exp) {
  return guarded(context, [&] {
    parallel(context, parts_for(context, 3 * B * classes), B, 1, [&](int64_t, int64_t begin, int64_t end) {
      for (int64_t b = begin; b < end; b++) {
        const float* row = logits + b * classes;
        const Softmax s = softmax(classes, row);
        log_sum_exp[b] = static_cast<float>(s.largest + s.log_sum);
        const Target target(b, labels, partners, lambda);
        if (!target.exists(classes)) {
          losses[b] = std::numeric_limits<float>::quiet_NaN();
          continue;
        }
        double right = 0;
        target.each(
            [&](int32_t k, double share) { right += share * (s.log_sum - (static_cast<double>(row[k]) - s.largest)); });
        const double mean = s.log_sum - s.total / static_cast<double>(classes);
        losses[b] = static_cast<float>((1.0 - smoothing) * right + (smoothing > 0 ? smoothing * mean : 0.0));
      }
    });
  });
}

int ap_cross_entropy_backward(ap_context* context, int64_t B, int64_t classes, const float* logits,
                              const int32_t* labels, const int32_t* partners, const float* lambda, float smoothing,
                              const float* log_sum_exp, float scale, float* dlogits) {
  return guarded(context, [&] {
    const float everywhere = smoothing / static_cast<float>(classes);
    parallel(context, parts_for(context, 3 * B * classes), B, 1, [&](int64_t, int64_t begin, int64_t end) {
      for (int64_t b = begin; b < end; b++) {
        const float* row = logits + b * classes;
        float* gradient = dlogits + b * classes;
        const Target target(b, labels, partners, lambda);
        if (!target.exists(classes)) {
          std::fill_n(gradient, classes, std::numeric_limits<float>::quiet_NaN());
          continue;
        }
        each_vector(0, classes, [&](int64_t k, auto lanes) {
          lanes.store(gradient + k, scale * (exp(lanes.load(row + k) - log_sum_exp[b]) - everywhere));
        });
        target.each([&](int32_t k, double share) {
          // in float64: the difference of two numbers near 1, once the answer is right
          const double likelihood = std::exp(static_cast<double>(row[k]) - log_sum_exp[b]);
          gradient[k] = static_cast<float>(scale * (likelihood - (1.0 - smoothing) * share - everywhere));
        });
      }
    });
  });
}
