// activation.cuh against its definition in float64.
#include "check.hpp"

using namespace check;

namespace {

double distribution(double x) {
  return 0.5 * std::erfc(-x / std::sqrt(2.0));
}
double density(double x) {
  return std::exp(-0.5 * x * x) / std::sqrt(2 * std::acos(-1.0));
}
double gelu(double x) {
  return x * distribution(x);
}
double slope(double x) {
  return distribution(x) + x * density(x);
}

enum class Slope { none, apart, in_place };

void forward(int32_t type, const Flat& s, double scale, Slope where) {
  const auto x = normal(s.n, scale);
  Array device_x(type, x, s.offset), y(type, s.n, s.offset), poisoned(type, s.n, s.offset);
  Array& slopes = where == Slope::in_place ? device_x : poisoned;
  run(ap_gelu_forward(context, type, s.n, device_x, y, where == Slope::none ? nullptr : static_cast<void*>(slopes)));
  expect_close("y", y, made(s.n, [&](size_t i) { return gelu(x[i]); }), bound(type));
  if (where != Slope::none) {
    expect_close("slope", slopes, made(s.n, [&](size_t i) { return slope(x[i]); }), bound(type));
  }
}

// Each number for itself: far from zero on both sides, where a sum would hide it.
void each_number(int32_t type) {
  for (const double x : {-9.0, -6.0, -3.0, -1.0, -0.125, 0.0, 0.125, 1.0, 3.0, 6.0, 40.0, 1e30}) {
    Array device_x(type, {x}), y(type, 1), slopes(type, 1);
    const double held = device_x.values()[0];
    run(ap_gelu_forward(context, type, 1, device_x, y, slopes));
    expect_close("y", y, {gelu(held)}, bound(type));
    expect_close("slope", slopes, {slope(held)}, bound(type));
  }
}

void not_finite(int32_t type) {
  Array x(type, {kNaN, 1.0, kInfinity, -kInfinity}), y(type, 4), slopes(type, 4);
  run(ap_gelu_forward(context, type, 4, x, y, slopes));
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

}  // namespace

int main(int argc, char** argv) {
  Suite suite;
  for (const int32_t type : kTypes) {
    for (const Flat& s : kFlats) {
      const std::string of = name(type) + sizes({s.n}, s.offset);
      suite.add("forward" + of, [=] { forward(type, s, 1, Slope::apart); });
      suite.add("forward without slope" + of, [=] { forward(type, s, 1, Slope::none); });
      suite.add("forward with slope in place" + of, [=] { forward(type, s, 4, Slope::in_place); });
      suite.add("backward" + of, [=] { backward(type, s, Out::apart); });
      suite.add("backward to slope" + of, [=] { backward(type, s, Out::slope); });
      suite.add("backward to dy" + of, [=] { backward(type, s, Out::gradient); });
    }
    suite.add("each number" + name(type), [=] { each_number(type); });
    suite.add("NaN and infinity" + name(type), [=] { not_finite(type); });
  }
  return suite.run(argc, argv);
}
