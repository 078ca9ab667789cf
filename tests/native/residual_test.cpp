// residual.cuh against its definition in float64.
#include "check.hpp"

using namespace check;

namespace {

struct Shape {
  int64_t B, n, offset;
};
constexpr Shape kShapes[] = {{1, 1, 0}, {2, 63, 0}, {3, 64, 0}, {3, 64, 1}, {5, 197, 0}, {2, 2056, 0}, {65, 8, 0}};

// A sample that stochastic depth has dropped, among others.
std::vector<double> scales(int64_t B) {
  return made(B, [](size_t b) { return b % 3 == 1 ? 0 : 1.25 + 0.125 * static_cast<double>(b % 7); });
}

void forward(int32_t type, const Shape& s, bool scaled, bool in_place) {
  const auto x = normal(s.B * s.n), branch = normal(s.B * s.n), scale = scales(s.B);
  Array device_x(type, x, s.offset), device_branch(type, branch, s.offset), device_scale(AP_FLOAT32, scale);
  Array poisoned(type, s.B * s.n, s.offset);
  Array& y = in_place ? device_x : poisoned;
  run(ap_residual_forward(context, type, s.B, s.n, device_x, device_branch,
                          scaled ? static_cast<float*>(device_scale) : nullptr, y));
  const auto sum = [&](size_t i) { return x[i] + (scaled ? scale[i / s.n] : 1.0) * branch[i]; };
  expect_close("y", y, made(s.B * s.n, sum), bound(type));
}

void backward(int32_t type, const Shape& s) {
  const auto dy = normal(s.B * s.n), scale = scales(s.B);
  Array device_dy(type, dy, s.offset), device_scale(AP_FLOAT32, scale), dbranch(type, s.B * s.n, s.offset);
  run(ap_residual_backward(context, type, s.B, s.n, device_dy, device_scale, dbranch));
  expect_close("dbranch", dbranch, made(s.B * s.n, [&](size_t i) { return scale[i / s.n] * dy[i]; }), bound(type));
}

// NaN and infinity stay in their element, and a scale of 0 makes NaN of them.
void not_finite(int32_t type) {
  Array x(type, {kNaN, 1, 2, kInfinity}), branch(type, {1, kInfinity, 3, 4}), scale(AP_FLOAT32, {1, 0});
  Array y(type, 4), dropped(AP_FLOAT32, {0, 1}), z(type, 4);
  run(ap_residual_forward(context, type, 2, 2, x, branch, scale, y));
  expect_equal("y", y, {kNaN, kInfinity, 2, kInfinity});
  run(ap_residual_forward(context, type, 2, 2, x, branch, dropped, z));
  expect_equal("z", z, {kNaN, kNaN, 5, kInfinity});
}

}  // namespace

int main(int argc, char** argv) {
  Suite suite;
  for (const int32_t type : kTypes) {
    for (const Shape& s : kShapes) {
      const std::string of = name(type) + sizes({s.B, s.n}, s.offset);
      suite.add("forward" + of, [=] { forward(type, s, true, false); });
      suite.add("forward without scale" + of, [=] { forward(type, s, false, false); });
      suite.add("forward in place" + of, [=] { forward(type, s, true, true); });
      suite.add("backward" + of, [=] { backward(type, s); });
    }
    suite.add("NaN and infinity" + name(type), [=] { not_finite(type); });
  }
  return suite.run(argc, argv);
}
