// diffusion_loss.cuh against its definition in float64.
#include "check.hpp"

using namespace check;

namespace {

struct Shape {
  int64_t B, P, offset;
};
constexpr Shape kShapes[] = {{1, 1, 0}, {2, 3, 0}, {3, 64, 0}, {5, 197, 1}, {2, 600, 0}, {65, 2, 0}};

void mean_squared_error(int32_t type, const Shape& s, int64_t stride) {
  const auto prediction = normal((s.B - 1) * stride + s.P), target = normal(s.B * s.P, 1, 1);
  const auto before = normal((s.B - 1) * stride + s.P);
  Array device_prediction(type, prediction, s.offset), device_target(AP_FLOAT32, target, s.offset);
  Array losses(AP_FLOAT32, s.B), dprediction(AP_FLOAT32, before, s.offset);
  run(ap_mean_squared_error_forward(context, type, s.B, s.P, stride, device_prediction, device_target, losses));
  run(ap_mean_squared_error_backward(context, type, s.B, s.P, stride, device_prediction, device_target, 0.375f,
                                     dprediction));
  std::vector<double> expected(static_cast<size_t>(s.B)), gradient = before;
  for (int64_t i = 0; i < s.B * s.P; i++) {
    const int64_t at = i / s.P * stride + i % s.P;
    const double difference = prediction[at] - target[i];
    expected[i / s.P] += difference * difference / static_cast<double>(s.P);
    gradient[at] = 0.375 * 2 / static_cast<double>(s.P) * difference;
  }
  expect_close("losses", losses, expected, kFloat32Bound);
  expect_close("dprediction", dprediction, gradient, kFloat32Bound);
}

constexpr int64_t kCoefficients = 7;

struct Samples {
  std::vector<double> prediction, clean, noisy, coefficients;
};

// A linear schedule from 1e-4 to 0.02: its steps, and the products of 1 - beta up to each.
double beta(int64_t t) {
  return 1e-4 + (0.02 - 1e-4) * static_cast<double>(t) / 999;
}
double product(int64_t t) {
  double result = 1;
  for (int64_t i = 0; i <= t; i++) result *= 1 - beta(i);
  return result;
}

// What a model predicts: epsilon is off by `error` of the noise, and v is so far from its mean, on average.
struct Model {
  double error, v, v_scale;
  int64_t first, last;  // timestep that there may be
  bool at_zero;         // whether every third sample is at t = 0

  static Model usual(double error) { return {error, 0, 0.5, 1, 999, true}; }
  // The means are nearly equal, and no likelihood stands beside.
  static Model good() { return {1.0 / 64, -1, 1.0 / 64, 1, 20, false}; }
  // They are equal, and so, nearly, are the variances.
  static Model right() { return {0, -1, 1.0 / 64, 100, 400, false}; }
};

Samples samples(const Shape& s, const Model& model) {
  Samples result;
  const auto noise = normal(s.B * s.P), off = normal(s.B * s.P, model.error),
             v = normal(s.B * s.P, model.v_scale, model.v);
  const auto steps = integers(s.B, model.first, model.last);
  result.clean = normal(s.B * s.P, 0.75);
  for (int64_t b = 0; b < s.B; b++) {
    const int64_t t = model.at_zero && b % 3 == 0 ? 0 : static_cast<int64_t>(steps[b]);
    const double all = product(t), before = product(t - 1), step = beta(t);
    const double posterior = t == 0 ? beta(1) * (1 - all) / (1 - product(1)) : step * (1 - before) / (1 - all);
    for (const double k :
         {std::sqrt(1 / all), std::sqrt(1 / all - 1), step * std::sqrt(before) / (1 - all),
          (1 - before) * std::sqrt(1 - step) / (1 - all), std::log(posterior), std::log(step), t == 0 ? 1.0 : 0.0}) {
      result.coefficients.push_back(static_cast<float>(k));
    }
    for (int64_t i = b * s.P; i < (b + 1) * s.P; i++) {
      result.noisy.push_back(static_cast<float>(std::sqrt(all) * result.clean[i] + std::sqrt(1 - all) * noise[i]));
    }
    const auto rounded = [](double x) { return __bfloat162float(__float2bfloat16_rn(static_cast<float>(x))); };
    for (int64_t i = b * s.P; i < (b + 1) * s.P; i++) result.prediction.push_back(rounded(noise[i] + off[i]));
    for (int64_t i = b * s.P; i < (b + 1) * s.P; i++) result.prediction.push_back(v[i]);
  }
  return result;
}

double cumulative(double z) {
  return 1 / (1 + std::exp(-2 * std::sqrt(2 / std::acos(-1.0)) * (z + 0.044715 * z * z * z)));
}

// Nats as a function of v.
double nats(const double* k, double epsilon, double v, double clean, double noisy) {
  const double log_variance = k[4] + (v + 1) / 2 * (k[5] - k[4]);
  const double mean = k[2] * (k[0] * noisy - k[1] * epsilon) + k[3] * noisy;
  if (k[6] == 0) {
    const double apart = mean - (k[2] * clean + k[3] * noisy);
    const double d = (v + 1) / 2 * (k[5] - k[4]);
    return 0.5 * (d + std::expm1(-d) + apart * apart * std::exp(-log_variance));
  }
  const double inverse = std::exp(-0.5 * log_variance);
  const double above = (clean - mean + 1 / 255.0) * inverse, below = (clean - mean - 1 / 255.0) * inverse;
  const double inside = clean > mean ? cumulative(-below) - cumulative(-above) : cumulative(above) - cumulative(below);
  const double probability = clean < -0.999 ? cumulative(above) : clean > 0.999 ? cumulative(-below) : inside;
  return -std::log(std::max(probability, 1e-12));
}

void variational_bound(int32_t type, const Shape& s, const Model& model) {
  const Samples given = samples(s, model);
  Array prediction(type, given.prediction, s.offset), clean(AP_FLOAT32, given.clean, s.offset);
  Array noisy(AP_FLOAT32, given.noisy, s.offset), coefficients(AP_FLOAT32, given.coefficients);
  Array losses(AP_FLOAT32, s.B), dprediction(AP_FLOAT32, made(2 * s.B * s.P, [](size_t) { return 7.0; }), s.offset);
  run(ap_variational_bound_forward(context, type, s.B, s.P, prediction, clean, noisy, coefficients, losses));
  run(ap_variational_bound_backward(context, type, s.B, s.P, prediction, clean, noisy, coefficients, 1e3f,
                                    dprediction));
  std::vector<double> expected(static_cast<size_t>(s.B)), gradient(static_cast<size_t>(2 * s.B * s.P), 7.0);
  const double bits = 1 / (std::log(2.0) * static_cast<double>(s.P));
  for (int64_t i = 0; i < s.B * s.P; i++) {
    const int64_t b = i / s.P, at = 2 * b * s.P + i % s.P;
    const auto of = [&](double v) {
      return nats(given.coefficients.data() + b * kCoefficients, given.prediction[at], v, given.clean[i],
                  given.noisy[i]);
    };
    const double v = given.prediction[at + s.P], h = 1e-4;
    expected[b] += of(v) * bits;
    // Richardson's extrapolation of central differences
    const auto difference = [&](double h) { return (of(v + h) - of(v - h)) / (2 * h); };
    gradient[at + s.P] = 1e3 * bits * (4 * difference(h / 2) - difference(h)) / 3;
  }
  expect_close("losses", losses, expected, kFloat32Bound);
  expect_close("dprediction", dprediction, gradient, kFloat32Bound);
}

void not_a_number(int32_t type) {
  const Shape s{6, 3, 0};
  Samples given = samples(s, Model::usual(0.25));
  for (const int64_t b : {0, 4}) given.prediction[2 * b * s.P + 1] = kNaN;
  Array prediction(type, given.prediction), clean(AP_FLOAT32, given.clean), noisy(AP_FLOAT32, given.noisy);
  Array coefficients(AP_FLOAT32, given.coefficients), losses(AP_FLOAT32, s.B);
  run(ap_variational_bound_forward(context, type, s.B, s.P, prediction, clean, noisy, coefficients, losses));
  const auto found = losses.values();
  for (size_t b = 0; b < found.size(); b++) {
    if (std::isnan(found[b]) != (b == 0 || b == 4))
      fail("loss " + std::to_string(b) + " is " + std::to_string(found[b]));
  }
}

}  // namespace

int main(int argc, char** argv) {
  Suite suite;
  for (const int32_t type : kTypes) {
    for (const Shape& s : kShapes) {
      const std::string of = name(type) + sizes({s.B, s.P}, s.offset);
      suite.add("squares" + of, [=] { mean_squared_error(type, s, s.P); });
      suite.add("squares of every second half" + of, [=] { mean_squared_error(type, s, 2 * s.P); });
      suite.add("bound" + of, [=] { variational_bound(type, s, Model::usual(0.25)); });
      suite.add("bound of a bad prediction" + of, [=] { variational_bound(type, s, Model::usual(8)); });
    }
    suite.add("bound of a good prediction" + name(type), [=] { variational_bound(type, {5, 197, 0}, Model::good()); });
    suite.add("bound of the right prediction" + name(type),
              [=] { variational_bound(type, {5, 197, 0}, Model::right()); });
    suite.add("NaN" + name(type), [=] { not_a_number(type); });
  }
  return suite.run(argc, argv);
}
