// optimizer.cuh against its definition in float64.
#include <deque>

#include "check.hpp"

using namespace check;

namespace {

void sum_of_squares(const Flat& s, double scale) {
  const auto x = normal(s.n, scale);
  Array device_x(AP_FLOAT32, x, s.offset), sum(AP_FLOAT32, {2.5});
  run(ap_sum_of_squares(context, s.n, device_x, sum));
  double expected = 2.5;
  for (const double value : x) expected += value * value;
  expect_close("sum", sum, {expected}, 1e-6);
}

// One large square among many small ones: float32 would lose these.
void many_small_squares() {
  std::vector<double> x(20000, 1.0);
  x[0] = 4096 * 2;
  Array device_x(AP_FLOAT32, x), sum(AP_FLOAT32, {0.0});
  run(ap_sum_of_squares(context, 20000, device_x, sum));
  expect_close("sum", sum, {8192.0 * 8192 + 19999}, 1e-7);
}

void not_a_number_in_sum() {
  auto x = normal(197);
  x[100] = kNaN;
  Array device_x(AP_FLOAT32, x), sum(AP_FLOAT32, {0.0});
  run(ap_sum_of_squares(context, 197, device_x, sum));
  expect_equal("sum", sum, {kNaN});
}

// Bit by bit the same from aligned and unaligned starts is not asked for; the update of each element is.
struct Step {
  Flat s;
  int32_t averages;
  int64_t step;
  double max_norm, squared_norm;
  bool rounded;
};

double as_float(double x) {
  return static_cast<float>(x);
}

void adam_w(const Step& t) {
  const double rate = as_float(0.01), beta1 = as_float(0.9), beta2 = as_float(0.999), epsilon = as_float(1e-8);
  const double decay = as_float(0.05);
  const int64_t n = t.s.n;
  auto w = normal(n), m = normal(n, 0.1), v = normal(n, 0.01);
  const auto g = normal(n);
  for (double& second : v) second = std::fabs(second);
  std::vector<std::vector<double>> emas;
  const std::vector<double> decays{as_float(0.99), as_float(0.5), 0, as_float(0.9999)};
  Array device_w(AP_FLOAT32, w, t.s.offset), device_g(AP_FLOAT32, g, t.s.offset), device_m(AP_FLOAT32, m, t.s.offset);
  Array device_v(AP_FLOAT32, v, t.s.offset), norm(AP_FLOAT32, {t.squared_norm}), rounded(AP_BFLOAT16, n, t.s.offset);
  std::deque<Array> device_emas;
  std::vector<int64_t> addresses;
  const auto correction = [&](double beta) { return static_cast<float>(1 / (1 - std::pow(beta, t.step))); };
  std::vector<double> rates{rate, correction(beta1), correction(beta2)};
  for (int32_t e = 0; e < t.averages; e++) {
    emas.push_back(normal(n));
    device_emas.emplace_back(AP_FLOAT32, emas.back(), t.s.offset);
    addresses.push_back(reinterpret_cast<int64_t>(static_cast<float*>(device_emas.back())));
    rates.push_back(decays[e]);
  }
  Array device_rates(AP_FLOAT32, rates);
  run(ap_adam_w(context, n, 0.9f, 0.999f, 1e-8f, 0.05f, static_cast<float>(t.max_norm), device_rates, device_w,
                device_g, device_m, device_v, norm, t.averages, addresses.data(),
                t.rounded ? static_cast<void*>(rounded) : nullptr));

  const double ratio = t.max_norm / (std::sqrt(t.squared_norm) + 1e-6);
  const double clip = std::isinf(t.max_norm) || ratio >= 1 ? 1.0 : ratio;
  for (int64_t i = 0; i < n; i++) {
    const double gradient = g[i] * clip;
    m[i] = beta1 * m[i] + (1 - beta1) * gradient;
    v[i] = beta2 * v[i] + (1 - beta2) * gradient * gradient;
    const double first = m[i] / (1 - std::pow(beta1, t.step)), second = v[i] / (1 - std::pow(beta2, t.step));
    w[i] -= rate * (first / (std::sqrt(second) + epsilon) + decay * w[i]);
    for (int32_t e = 0; e < t.averages; e++) emas[e][i] = decays[e] * emas[e][i] + (1 - decays[e]) * w[i];
  }
  expect_close("m", device_m, m, kFloat32Bound);
  expect_close("v", device_v, v, kFloat32Bound);
  expect_close("w", device_w, w, kFloat32Bound);
  expect_equal("g", device_g, g);
  for (int32_t e = 0; e < t.averages; e++) expect_close("ema", device_emas[e], emas[e], kFloat32Bound);
  if (t.rounded) {
    Array expected(AP_BFLOAT16, device_w.values());
    expect_equal("rounded", rounded, expected.values());
  }
}

// Gradients whose norm is not finite change nothing, whether they are to be clipped or not.
void norm_not_finite() {
  for (const double max_norm : {1.0, kInfinity}) {
    for (const double squared : {kNaN, kInfinity}) {
      Array w(AP_FLOAT32, {1, 2}), g(AP_FLOAT32, {1, 1}), m(AP_FLOAT32, {3, 4}), v(AP_FLOAT32, {5, 6});
      Array norm(AP_FLOAT32, {squared}), rates(AP_FLOAT32, {0.01, 10, 1000});
      run(ap_adam_w(context, 2, 0.9f, 0.999f, 1e-8f, 0, static_cast<float>(max_norm), rates, w, g, m, v, norm, 0,
                    nullptr, nullptr));
      expect_equal("w", w, {1, 2});
      expect_equal("m", m, {3, 4});
      expect_equal("v", v, {5, 6});
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  Suite suite;
  for (const Flat& s : kFlats) {
    const std::string of = sizes({s.n}, s.offset);
    suite.add("sum of squares" + of, [=] { sum_of_squares(s, 1); });
    for (int32_t averages = 0; averages <= 4; averages++) {
      suite.add("adam_w with " + std::to_string(averages) + " averages" + of,
                [=] { adam_w({s, averages, 7, 1, 0.5, averages % 2 == 0}); });
    }
    suite.add("adam_w clipped" + of, [=] { adam_w({s, 1, 1, 1, 25, true}); });
    suite.add("adam_w with an infinite norm allowed" + of, [=] { adam_w({s, 1, 1000, kInfinity, 1e30, false}); });
  }
  suite.add("sum of squares in parts", [] { sum_of_squares({70001, 0}, 1); });
  suite.add("sum of squares in parts, unaligned", [] { sum_of_squares({70001, 1}, 1e-3); });
  suite.add("sum of squares far apart", many_small_squares);
  suite.add("sum of squares with NaN", not_a_number_in_sum);
  suite.add("adam_w with a norm that is not finite", norm_not_finite);
  return suite.run(argc, argv);
}
