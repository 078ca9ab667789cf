// loss.cuh against its definition in float64.
#include <algorithm>

#include "check.hpp"

using namespace check;

namespace {

struct Shape {
  int64_t B, classes, offset;
};
constexpr Shape kShapes[] = {{1, 1, 0},  {2, 2, 0},   {5, 10, 0},   {63, 65, 0},
                             {3, 64, 1}, {6, 128, 0}, {2, 1000, 0}, {4, 197, 0}};

struct Problem {
  Shape s;
  std::vector<double> logits, labels, partners, lambda;
  double smoothing;

  Problem(const Shape& shape, bool mixed, double amount, double scale)
      : s(shape), logits(normal(s.B * s.classes, scale)), labels(integers(s.B, 0, s.classes - 1)), smoothing(amount) {
    if (!mixed) return;
    partners = integers(s.B, 0, s.classes - 1);
    partners[0] = labels[0];
    lambda = made(s.B, [](size_t b) { return b % 4 == 3 ? 1.0 : 0.25 * static_cast<double>(b % 3); });
  }

  const double* row(int64_t b) const { return logits.data() + b * s.classes; }
  double log_sum_exp(int64_t b) const {
    const double largest = *std::max_element(row(b), row(b) + s.classes);
    double sum = 0;
    for (int64_t k = 0; k < s.classes; k++) sum += std::exp(row(b)[k] - largest);
    return largest + std::log(sum);
  }
  // What class k is to get.
  double wanted(int64_t b, int64_t k) const {
    const double own = lambda.empty() ? 1.0 : lambda[b];
    double share = labels[b] == k ? own : 0.0;
    if (!partners.empty() && partners[b] == k) share += 1 - own;
    return (1 - smoothing) * share + smoothing / static_cast<double>(s.classes);
  }
};

// The problem's arrays on the device.
struct Device {
  Array logits, labels, partners, lambda, losses, log_sum_exp;
  bool mixed;

  explicit Device(const Problem& p)
      : logits(AP_FLOAT32, p.logits, p.s.offset),
        labels(kInt32, p.labels),
        partners(kInt32, p.partners),
        lambda(AP_FLOAT32, p.lambda),
        losses(AP_FLOAT32, p.s.B),
        log_sum_exp(AP_FLOAT32, p.s.B),
        mixed(!p.lambda.empty()) {}

  void forward(const Problem& p) {
    run(ap_cross_entropy_forward(
        context, p.s.B, p.s.classes, logits, labels, mixed ? static_cast<int32_t*>(partners) : nullptr,
        mixed ? static_cast<float*>(lambda) : nullptr, static_cast<float>(p.smoothing), losses, log_sum_exp));
  }
  void backward(const Problem& p, double scale, Array& dlogits) {
    run(ap_cross_entropy_backward(context, p.s.B, p.s.classes, logits, labels,
                                  mixed ? static_cast<int32_t*>(partners) : nullptr,
                                  mixed ? static_cast<float*>(lambda) : nullptr, static_cast<float>(p.smoothing),
                                  log_sum_exp, static_cast<float>(scale), dlogits));
  }
};

void forward(const Problem& p) {
  Device device(p);
  device.forward(p);
  std::vector<double> losses, log_sum_exp;
  for (int64_t b = 0; b < p.s.B; b++) {
    log_sum_exp.push_back(p.log_sum_exp(b));
    double loss = 0;
    for (int64_t k = 0; k < p.s.classes; k++) loss += p.wanted(b, k) * (log_sum_exp.back() - p.row(b)[k]);
    losses.push_back(loss);
  }
  expect_close("losses", device.losses, losses, kFloat32Bound);
  expect_close("log_sum_exp", device.log_sum_exp, log_sum_exp, kFloat32Bound);
}

void backward(const Problem& p) {
  constexpr double kScale = 0.125;
  Device device(p);
  device.forward(p);
  Array dlogits(AP_FLOAT32, p.s.B * p.s.classes, p.s.offset);
  device.backward(p, kScale, dlogits);
  const auto gradient = [&](size_t i) {
    const int64_t b = i / p.s.classes, k = i % p.s.classes;
    return kScale * (std::exp(p.logits[i] - p.log_sum_exp(b)) - p.wanted(b, k));
  };
  expect_close("dlogits", dlogits, made(p.s.B * p.s.classes, gradient), kFloat32Bound);
}

// A loss near 0 keeps its digits: logits 20 apart give log(1 + 2 exp(-20)).
void sure_and_right() {
  Problem p({1, 3, 0}, false, 0, 1);
  p.logits = {0, 20, 0};
  p.labels = {1};
  Device device(p);
  device.forward(p);
  expect_close("loss", device.losses, {std::log1p(2 * std::exp(-20.0))}, kFloat32Bound);
}

// So does its gradient, of two numbers near 1, as far as log_sum_exp tells them apart.
void sure_and_right_backward() {
  Problem p({1, 3, 0}, false, 0, 1);
  p.logits = {0, 8, 0};
  p.labels = {1};
  Device device(p);
  device.forward(p);
  const double log_sum_exp = device.log_sum_exp.values()[0];
  Array dlogits(AP_FLOAT32, 3);
  device.backward(p, 1, dlogits);
  const std::vector<double> gradient = dlogits.values();
  Array right(AP_FLOAT32, {gradient[1]});
  expect_close("dlogits[1]", right, {std::exp(8 - log_sum_exp) - 1}, kFloat32Bound);
}

// A class without a share costs nothing, even if its logit is -infinity; a logit of 1e4 overflows nothing.
void extreme() {
  Problem p({2, 4, 0}, true, 0, 1);
  p.logits = {1, -kInfinity, 2, 1e4, 1, -kInfinity, 2, 0};
  p.labels = {3, 1};
  p.partners = {1, 2};
  p.lambda = {1, 0};
  Device device(p);
  device.forward(p);
  const double sum = std::log(std::exp(1.0) + std::exp(2.0) + 1);
  expect_close("losses", device.losses, {0, sum - 2}, kFloat32Bound);
  Array dlogits(AP_FLOAT32, 8);
  device.backward(p, 1, dlogits);
  expect_close("dlogits", dlogits, {0, 0, 0, 0, std::exp(1 - sum), 0, std::exp(2 - sum) - 1, std::exp(-sum)},
               kFloat32Bound);
}

// NaN stays in its sample; so does what a class that does not exist gives.
void not_a_number() {
  Problem p({4, 5, 0}, true, 0.1, 1);
  p.logits[5 + 2] = kNaN;
  p.labels = {0, 1, 5, 2};
  p.partners = {1, 0, 0, -1};
  Device device(p);
  device.forward(p);
  const auto losses = device.losses.values(), sums = device.log_sum_exp.values();
  for (size_t b = 0; b < 4; b++) {
    if (std::isnan(losses[b]) != (b > 0)) fail("loss " + std::to_string(b) + " is " + std::to_string(losses[b]));
    if (std::isnan(sums[b]) != (b == 1)) fail("log_sum_exp " + std::to_string(b) + " is " + std::to_string(sums[b]));
  }
  Array dlogits(AP_FLOAT32, 20);
  device.backward(p, 1, dlogits);
  const auto gradient = dlogits.values();
  for (size_t i = 0; i < 20; i++) {
    if (std::isnan(gradient[i]) != (i / 5 > 0))
      fail("dlogits " + std::to_string(i) + " is " + std::to_string(gradient[i]));
  }
}

}  // namespace

int main(int argc, char** argv) {
  Suite suite;
  for (const Shape& s : kShapes) {
    const std::string of = sizes({s.B, s.classes}, s.offset);
    suite.add("forward" + of, [=] { forward({s, false, 0, 3}); });
    suite.add("forward smoothed" + of, [=] { forward({s, false, 0.1, 3}); });
    suite.add("forward mixed" + of, [=] { forward({s, true, 0.1, 3}); });
    suite.add("forward steep" + of, [=] { forward({s, true, 0, 30}); });
    suite.add("backward" + of, [=] { backward({s, false, 0, 3}); });
    suite.add("backward smoothed" + of, [=] { backward({s, false, 0.1, 3}); });
    suite.add("backward mixed" + of, [=] { backward({s, true, 0.1, 3}); });
  }
  suite.add("a sure and right answer", sure_and_right);
  suite.add("a sure and right answer backward", sure_and_right_backward);
  suite.add("extreme logits", extreme);
  suite.add("NaN and classes that do not exist", not_a_number);
  return suite.run(argc, argv);
}
