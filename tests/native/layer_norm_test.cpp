// layer_norm.cuh against its definition in float64.
#include "check.hpp"

using namespace check;

namespace {

constexpr double kEpsilon = 1e-6;

struct Shape {
  int64_t rows, C;
  int64_t offset;  // of the first element from an aligned address
};
constexpr Shape kShapes[] = {{1, 1, 0},  {2, 3, 0},    {1, 63, 0},   {3, 65, 1}, {5, 197, 0},
                             {9, 64, 0}, {130, 64, 1}, {66, 384, 0}, {7, 384, 3}};
// About the lengths of which registers hold more steps, and beyond the last.
constexpr int64_t kLengths[] = {8,   120,  128,  136,  192,  256,  264,  392,  512,  640,
                                768, 1024, 1152, 1160, 1536, 1544, 2040, 2048, 2056, 4104};

struct Statistics {
  std::vector<double> mean, rstd;
};

Statistics statistics(const Shape& s, const std::vector<double>& x) {
  Statistics result;
  const auto columns = static_cast<double>(s.C);
  for (int64_t row = 0; row < s.rows; row++) {
    const double* values = x.data() + row * s.C;
    double mean = 0, variance = 0;
    for (int64_t c = 0; c < s.C; c++) mean += values[c] / columns;
    for (int64_t c = 0; c < s.C; c++) variance += (values[c] - mean) * (values[c] - mean) / columns;
    result.mean.push_back(mean);
    result.rstd.push_back(1 / std::sqrt(variance + kEpsilon));
  }
  return result;
}

// As the kernels get them: rounded to float32.
Statistics as_float32(Statistics s) {
  for (double& mean : s.mean) mean = static_cast<float>(mean);
  for (double& rstd : s.rstd) rstd = static_cast<float>(rstd);
  return s;
}

void forward(int32_t type, const Shape& s, const std::vector<double>& x) {
  const auto gain = normal(s.C, 0.5, 1), bias = normal(s.C);
  Array device_x(type, x, s.offset), device_gain(AP_FLOAT32, gain, s.offset), device_bias(AP_FLOAT32, bias, s.offset);
  Array y(type, s.rows * s.C, s.offset), mean(AP_FLOAT32, s.rows), rstd(AP_FLOAT32, s.rows);
  run(ap_layer_norm_forward(context, type, s.rows, s.C, static_cast<float>(kEpsilon), device_x, device_gain,
                            device_bias, y, mean, rstd));
  const Statistics expected = statistics(s, x);
  std::vector<double> result;
  for (int64_t i = 0; i < s.rows * s.C; i++) {
    const int64_t row = i / s.C, c = i % s.C;
    result.push_back((x[i] - expected.mean[row]) * expected.rstd[row] * gain[c] + bias[c]);
  }
  expect_close("y", y, result, bound(type));
  expect_close("mean", mean, expected.mean, kFloat32Bound);
  expect_close("rstd", rstd, expected.rstd, kFloat32Bound);
}

// Where float32 cannot hold the mean as it is, though each number.
void forward_far_from_zero(const Shape& s) {
  auto x = integers(s.rows * s.C, -1024, 1024);
  for (double& value : x) value = 4096 + value / 256;
  forward(AP_FLOAT32, s, x);
}

enum class Base { none, apart, in_place };

void backward(int32_t type, const Shape& s, Base kind) {
  const auto x = normal(s.rows * s.C, 2, 1), gain = normal(s.C, 0.5, 1), dy = normal(s.rows * s.C);
  const auto base = normal(s.rows * s.C);
  const Statistics given = as_float32(statistics(s, x));
  Array device_x(type, x, s.offset), device_gain(AP_FLOAT32, gain, s.offset), device_dy(type, dy, s.offset);
  Array device_base(type, base, s.offset), poisoned(type, s.rows * s.C, s.offset);
  Array mean(AP_FLOAT32, given.mean), rstd(AP_FLOAT32, given.rstd);
  Array& dx = kind == Base::in_place ? device_base : poisoned;
  run(ap_layer_norm_backward(context, type, s.rows, s.C, device_x, device_gain, mean, rstd, device_dy,
                             kind == Base::none ? nullptr : static_cast<void*>(device_base), dx));
  std::vector<double> result(x.size());
  const auto columns = static_cast<double>(s.C);
  for (int64_t row = 0; row < s.rows; row++) {
    double mean_gradient = 0, mean_along = 0;
    const auto normalised = [&](int64_t c) { return (x[row * s.C + c] - given.mean[row]) * given.rstd[row]; };
    for (int64_t c = 0; c < s.C; c++) {
      const double g = dy[row * s.C + c] * gain[c];
      mean_gradient += g / columns;
      mean_along += g * normalised(c) / columns;
    }
    for (int64_t c = 0; c < s.C; c++) {
      const int64_t i = row * s.C + c;
      result[i] = given.rstd[row] * (dy[i] * gain[c] - mean_gradient - normalised(c) * mean_along);
      if (kind != Base::none) result[i] += base[i];
    }
  }
  expect_close("dx", dx, result, bound(type));
}

void backward_parameters(int32_t type, const Shape& s) {
  const auto x = normal(s.rows * s.C, 2, 1), dy = normal(s.rows * s.C);
  auto gain_gradient = normal(s.C), bias_gradient = normal(s.C);
  const Statistics given = as_float32(statistics(s, x));
  Array device_x(type, x, s.offset), device_dy(type, dy, s.offset);
  Array mean(AP_FLOAT32, given.mean), rstd(AP_FLOAT32, given.rstd);
  Array dgain(AP_FLOAT32, gain_gradient, s.offset), dbias(AP_FLOAT32, bias_gradient, s.offset);
  run(ap_layer_norm_backward_parameters(context, type, s.rows, s.C, device_x, mean, rstd, device_dy, dgain, dbias));
  for (int64_t i = 0; i < s.rows * s.C; i++) {
    const int64_t row = i / s.C, c = i % s.C;
    gain_gradient[c] += dy[i] * (x[i] - given.mean[row]) * given.rstd[row];
    bias_gradient[c] += dy[i];
  }
  expect_close("dgain", dgain, gain_gradient, kFloat32Bound);
  expect_close("dbias", dbias, bias_gradient, kFloat32Bound);
}

// A row of equal values has variance 0: y is the bias, and rstd 1/sqrt(epsilon).
void constant_rows(int32_t type) {
  const std::vector<double> x(2 * 48, 3.0), gain(48, 1.0);
  const auto bias = normal(48);
  Array device_x(type, x), device_gain(AP_FLOAT32, gain), device_bias(AP_FLOAT32, bias);
  Array y(type, 2 * 48), mean(AP_FLOAT32, 2), rstd(AP_FLOAT32, 2);
  run(ap_layer_norm_forward(context, type, 2, 48, static_cast<float>(kEpsilon), device_x, device_gain, device_bias, y,
                            mean, rstd));
  std::vector<double> expected = bias;
  expected.insert(expected.end(), bias.begin(), bias.end());
  expect_equal("y", y, expected);
  expect_equal("mean", mean, {3, 3});
  expect_close("rstd", rstd, {1e3, 1e3}, kFloat32Bound);
}

// NaN stays in its row.
void not_a_number(int32_t type) {
  auto x = normal(3 * 64);
  x[64 + 5] = std::nan("");
  const std::vector<double> gain(64, 1.0), bias(64, 0.0);
  Array device_x(type, x), device_gain(AP_FLOAT32, gain), device_bias(AP_FLOAT32, bias);
  Array y(type, 3 * 64), mean(AP_FLOAT32, 3), rstd(AP_FLOAT32, 3);
  run(ap_layer_norm_forward(context, type, 3, 64, static_cast<float>(kEpsilon), device_x, device_gain, device_bias, y,
                            mean, rstd));
  const auto result = y.values();
  for (size_t i = 0; i < result.size(); i++) {
    if (std::isnan(result[i]) != (i / 64 == 1)) fail("y[" + std::to_string(i) + "] is " + std::to_string(result[i]));
  }
}

}  // namespace

int main(int argc, char** argv) {
  Suite suite;
  for (const Shape& s : kShapes) {
    suite.add("forward far from zero" + sizes({s.rows, s.C}, s.offset), [=] { forward_far_from_zero(s); });
  }
  for (const int32_t type : kTypes) {
    for (const Shape& s : kShapes) {
      const std::string of = name(type) + sizes({s.rows, s.C}, s.offset);
      suite.add("forward" + of, [=] { forward(type, s, normal(s.rows * s.C, 2)); });
      suite.add("backward" + of, [=] { backward(type, s, Base::none); });
      suite.add("backward with base" + of, [=] { backward(type, s, Base::apart); });
      suite.add("backward in place" + of, [=] { backward(type, s, Base::in_place); });
      suite.add("backward parameters" + of, [=] { backward_parameters(type, s); });
    }
    for (const int64_t C : kLengths) {
      const Shape s{3, C, 0};
      const std::string of = name(type) + sizes({s.rows, s.C});
      suite.add("forward" + of, [=] { forward(type, s, normal(s.rows * s.C, 2)); });
      suite.add("backward" + of, [=] { backward(type, s, Base::none); });
      suite.add("backward in place" + of, [=] { backward(type, s, Base::in_place); });
    }
    // the last ones fill what a warp reads ahead, in vectors and one by one, in the parts and in their sum
    for (const Shape& s : {Shape{197, 65, 0}, Shape{301, 384, 0}, Shape{20485, 8, 0}, Shape{33000, 1, 0}}) {
      const std::string of = name(type) + sizes({s.rows, s.C});
      suite.add("backward parameters in parts" + of, [=] { backward_parameters(type, s); });
    }
    suite.add("constant rows" + name(type), [=] { constant_rows(type); });
    suite.add("NaN stays in its row" + name(type), [=] { not_a_number(type); });
  }
  return suite.run(argc, argv);
}
