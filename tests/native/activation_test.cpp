// activation.cuh against its definition in float64.
#include "activation_test.hpp"

#include "check.hpp"

using namespace check;

namespace {

constexpr int32_t kGelus[] = {AP_GELU_ERF, AP_GELU_TANH};

std::string name_of_gelu(int32_t gelu) {
  return gelu == AP_GELU_ERF ? "" : " by tanh";
}

enum class Slope { none, apart, in_place };

void forward(int32_t type, int32_t gelu, const Flat& s, double scale, Slope where) {
  const auto x = normal(s.n, scale);
  Array device_x(type, x, s.offset), y(type, s.n, s.offset), poisoned(type, s.n, s.offset);
  Array& slopes = where == Slope::in_place ? device_x : poisoned;
  run(ap_gelu_forward(context, type, gelu, s.n, device_x, y,
                      where == Slope::none ? nullptr : static_cast<void*>(slopes)));
  const Activation expected{gelu};
  expect_close("y", y, made(s.n, [&](size_t i) { return expected.value(x[i]); }), bound(type));
  if (where != Slope::none) {
    expect_close("slope", slopes, made(s.n, [&](size_t i) { return expected.slope(x[i]); }), bound(type));
  }
}

// Each number for itself: far from zero on both sides, where a sum would hide it.
void each_number(int32_t type, int32_t gelu) {
  for (const double x : {-9.0, -6.0, -3.0, -1.0, -0.125, 0.0, 0.125, 1.0, 3.0, 6.0, 40.0, 1e30}) {
    Array device_x(type, {x}), y(type, 1), slopes(type, 1);
    const double held = device_x.values()[0];
    run(ap_gelu_forward(context, type, gelu, 1, device_x, y, slopes));
    const Activation expected{gelu};
    expect_close("y", y, {expected.value(held)}, bound(type));
    expect_close("slope", slopes, {expected.slope(held)}, bound(type));
  }
}

void not_finite(int32_t type, int32_t gelu) {
  Array x(type, {kNaN, 1.0, kInfinity, -kInfinity}), y(type, 4), slopes(type, 4);
  run(ap_gelu_forward(context, type, gelu, 4, x, y, slopes));
  const auto values = y.values(), derivatives = slopes.values();
  if (!std::isnan(values[0]) || !std::isnan(derivatives[0])) fail("NaN is lost");
  if (std::isnan(values[1]) || std::isnan(derivatives[1])) fail("NaN has spread");
  if (values[2] != kInfinity || !std::isnan(values[3])) fail("infinity is not as the formula has it");
}

enum class Out { apart, slope, gradient };

void backward(int32_t type, const Flat& s, Out where) {
  const auto slopes = normal(s.n), dy = normal(s.n);
  Array device_slope(type, slopes, s.offset), device_dy(type, dy, s.offset), poisoned(type, s.n, s.offset);
  Array& dx = where == Out::apart ? poisoned : where == Out::slope ? device_slope : device_dy;
  run(ap_gelu_backward(context, type, s.n, device_slope, device_dy, dx));
  expect_close("dx", dx, made(s.n, [&](size_t i) { return slopes[i] * dy[i]; }), bound(type));
}

double logistic(double x) {
  return 1 / (1 + std::exp(-x));
}
double silu_slope(double x) {
  return logistic(x) + x * logistic(x) * logistic(-x);
}

void silu(int32_t type, const Flat& s, Out where) {
  const auto x = normal(s.n, 4), dy = normal(s.n);
  Array device_x(type, x, s.offset), device_dy(type, dy, s.offset), y(type, s.n, s.offset),
      poisoned(type, s.n, s.offset);
  run(ap_silu_forward(context, type, s.n, device_x, y));
  expect_close("y", y, made(s.n, [&](size_t i) { return x[i] * logistic(x[i]); }), bound(type));
  Array& dx = where == Out::apart ? poisoned : where == Out::slope ? device_x : device_dy;
  run(ap_silu_backward(context, type, s.n, device_x, device_dy, dx));
  expect_close("dx", dx, made(s.n, [&](size_t i) { return dy[i] * silu_slope(x[i]); }), bound(type));
}

// Far from zero, each number for itself; and what is none.
void silu_of_each_number(int32_t type) {
  for (const double x : {-60.0, -9.0, -1.0, 0.0, 1.0, 60.0, 1e30}) {
    Array device_x(type, {x}), one(type, {1.0}), y(type, 1), dx(type, 1);
    const double held = device_x.values()[0];
    run(ap_silu_forward(context, type, 1, device_x, y));
    run(ap_silu_backward(context, type, 1, device_x, one, dx));
    expect_close("y", y, {held * logistic(held)}, bound(type));
    expect_close("dx", dx, {silu_slope(held)}, bound(type));
  }
  Array x(type, {kNaN, kInfinity, -kInfinity}), ones(type, {1.0, 1.0, 1.0}), y(type, 3), dx(type, 3);
  run(ap_silu_forward(context, type, 3, x, y));
  run(ap_silu_backward(context, type, 3, x, ones, dx));
  expect_equal("y", y, {kNaN, kInfinity, kNaN});
  expect_equal("dx", dx, {kNaN, kNaN, kNaN});
}

struct Rows {
  int64_t rows, C, offset;
};
constexpr Rows kRows[] = {{1, 1, 0}, {3, 63, 0}, {5, 64, 0}, {2, 197, 1}, {65, 8, 0}, {7, 264, 3}};

void geglu(int32_t type, const Rows& s, bool in_place) {
  const auto x = normal(2 * s.rows * s.C, 2), dy = normal(s.rows * s.C);
  Array device_x(type, x, s.offset), device_dy(type, dy, s.offset), y(type, s.rows * s.C, s.offset),
      poisoned(type, 2 * s.rows * s.C, s.offset);
  run(ap_geglu_forward(context, type, s.rows, s.C, device_x, y));
  const Activation gelu{AP_GELU_ERF};
  std::vector<double> values, gradients(x.size());
  for (int64_t i = 0; i < s.rows * s.C; i++) {
    const int64_t a = i / s.C * 2 * s.C + i % s.C, b = a + s.C;
    values.push_back(x[a] * gelu.value(x[b]));
    gradients[a] = dy[i] * gelu.value(x[b]);
    gradients[b] = dy[i] * x[a] * gelu.slope(x[b]);
  }
  expect_close("y", y, values, bound(type));
  Array& dx = in_place ? device_x : poisoned;
  run(ap_geglu_backward(context, type, s.rows, s.C, device_x, device_dy, dx));
  expect_close("dx", dx, gradients, bound(type));
}

}  // namespace

int main(int argc, char** argv) {
  Suite suite;
  for (const int32_t type : kTypes) {
    for (const Flat& s : kFlats) {
      const std::string of = name(type) + sizes({s.n}, s.offset);
      for (const int32_t gelu : kGelus) {
        const std::string by = name_of_gelu(gelu) + of;
        suite.add("forward" + by, [=] { forward(type, gelu, s, 1, Slope::apart); });
        suite.add("forward without slope" + by, [=] { forward(type, gelu, s, 1, Slope::none); });
        suite.add("forward with slope in place" + by, [=] { forward(type, gelu, s, 4, Slope::in_place); });
      }
      suite.add("backward" + of, [=] { backward(type, s, Out::apart); });
      suite.add("backward to slope" + of, [=] { backward(type, s, Out::slope); });
      suite.add("backward to dy" + of, [=] { backward(type, s, Out::gradient); });
      suite.add("silu" + of, [=] { silu(type, s, Out::apart); });
      suite.add("silu to x" + of, [=] { silu(type, s, Out::slope); });
      suite.add("silu to dy" + of, [=] { silu(type, s, Out::gradient); });
    }
    for (const int32_t gelu : kGelus) {
      suite.add("each number" + name_of_gelu(gelu) + name(type), [=] { each_number(type, gelu); });
      suite.add("NaN and infinity" + name_of_gelu(gelu) + name(type), [=] { not_finite(type, gelu); });
    }
    suite.add("silu of each number" + name(type), [=] { silu_of_each_number(type); });
    for (const Rows& s : kRows) {
      const std::string of = name(type) + sizes({s.rows, s.C}, s.offset);
      suite.add("geglu" + of, [=] { geglu(type, s, false); });
      suite.add("geglu in place" + of, [=] { geglu(type, s, true); });
    }
  }
  return suite.run(argc, argv);
}
