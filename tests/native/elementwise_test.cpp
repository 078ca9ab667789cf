// elementwise.cuh against its definition in float64.
#include <algorithm>

#include "check.hpp"

using namespace check;

namespace {

void fill(int32_t type, const Flat& s, double value) {
  Array x(type, s.n, s.offset);
  run(ap_fill(context, type, s.n, static_cast<float>(value), x));
  expect_equal("x", x, std::vector<double>(s.n, value));
}

enum class Out { apart, a, b };

void add(int32_t type, const Flat& s, Out where) {
  const auto a = normal(s.n), b = normal(s.n);
  Array device_a(type, a, s.offset), device_b(type, b, s.offset), poisoned(type, s.n, s.offset);
  Array& out = where == Out::apart ? poisoned : where == Out::a ? device_a : device_b;
  run(ap_add(context, type, s.n, device_a, device_b, out));
  expect_close("out", out, made(s.n, [&](size_t i) { return a[i] + b[i]; }), bound(type));
  if (where != Out::a) expect_equal("a", device_a, a);
}

struct Samples {
  int64_t B, n, offset;
};
constexpr Samples kSamples[] = {{1, 1, 0}, {2, 63, 0}, {3, 64, 0}, {3, 64, 1}, {5, 197, 0}, {2, 2056, 0}, {65, 8, 0}};

void mix_rows(int32_t type, const Samples& s, Out where) {
  const auto a = normal(s.B), x = normal(s.B * s.n), b = normal(s.B), y = normal(s.B * s.n);
  Array device_a(AP_FLOAT32, a), device_x(type, x, s.offset), device_b(AP_FLOAT32, b), device_y(type, y, s.offset);
  Array poisoned(type, s.B * s.n, s.offset);
  Array& out = where == Out::apart ? poisoned : where == Out::a ? device_x : device_y;
  run(ap_mix_rows(context, type, s.B, s.n, device_a, device_x, device_b, device_y, out));
  const auto mixed = [&](size_t i) { return a[i / s.n] * x[i] + b[i / s.n] * y[i]; };
  expect_close("out", out, made(s.B * s.n, mixed), bound(type));
}

enum class Third { none, apart, in_place };

void linear_combination(const Flat& s, Third third) {
  const auto x = normal(s.n), y = normal(s.n, 1, 4), z = normal(s.n);
  Array device_x(AP_FLOAT32, x, s.offset), device_y(AP_FLOAT32, y, s.offset), device_z(AP_FLOAT32, z, s.offset);
  Array poisoned(AP_FLOAT32, s.n, s.offset);
  Array& out = third == Third::in_place ? device_z : poisoned;
  const float* of_third = third == Third::none ? nullptr : static_cast<float*>(device_z);
  run(ap_linear_combination(context, s.n, 0.75f, device_x, -2.5f, device_y, 0.5f, of_third, out));
  const double c = third == Third::none ? 0 : 0.5;
  expect_close("out", out, made(s.n, [&](size_t i) { return 0.75 * x[i] - 2.5 * y[i] + c * z[i]; }), kFloat32Bound);
  expect_equal("x", device_x, x);
}

// With exponents up to the largest, and beyond.
void add_exponential(const Flat& s, bool in_place, double a) {
  const auto x = normal(s.n, 1, 4), v = normal(s.n), z = normal(s.n);
  Array device_x(AP_FLOAT32, x, s.offset), device_v(AP_FLOAT32, v, s.offset), device_z(AP_FLOAT32, z, s.offset);
  Array poisoned(AP_FLOAT32, s.n, s.offset);
  Array& out = in_place ? device_v : poisoned;
  run(ap_add_exponential(context, s.n, device_x, static_cast<float>(a), device_v, -1.5f, device_z, out));
  const auto expected = made(s.n, [&](size_t i) { return x[i] + std::exp(std::min(a * v[i] - 1.5, 80.0)) * z[i]; });
  expect_close("out", out, expected, kFloat32Bound);
}

void clamp(const Flat& s, bool in_place) {
  auto x = normal(s.n);
  const std::vector<double> special{kNaN, kInfinity, -kInfinity, -0.5, 0.75};
  for (size_t i = 0; i < special.size() && i < x.size(); i++) x[i] = special[i];
  Array device_x(AP_FLOAT32, x, s.offset), poisoned(AP_FLOAT32, s.n, s.offset);
  Array& out = in_place ? device_x : poisoned;
  run(ap_clamp(context, s.n, -0.5f, 0.75f, device_x, out));
  expect_equal("out", out, made(s.n, [&](size_t i) { return x[i] < -0.5 ? -0.5 : x[i] > 0.75 ? 0.75 : x[i]; }));
}

// What no number can stand for, goes through; and what bfloat16 rounds, goes to the nearest, or the even one.
void convert(int32_t from_type, int32_t to_type, const Flat& s) {
  auto from = normal(s.n);
  const std::vector<double> special{kNaN, kInfinity, -kInfinity, -0.0, 1 + 1.0 / 256, 1 + 3.0 / 256, 3e38};
  for (size_t i = 0; i < special.size() && i < from.size(); i++) from[i] = special[i];
  Array device_from(from_type, from, s.offset), to(to_type, s.n, s.offset);
  const std::vector<double> held = device_from.values();
  run(ap_convert(context, s.n, from_type, device_from, to_type, to));
  Array expected(to_type, held);
  expect_equal("to", to, expected.values());
}

struct Rows {
  int64_t rows, columns, stride, offset;
};
constexpr Rows kRows[] = {{1, 1, 1, 0},     {63, 2, 5, 0},      {65, 197, 197, 1}, {197, 65, 70, 0},
                          {64, 64, 128, 0}, {300, 520, 528, 0}, {17, 16, 16, 3},   {9, 16, 21, 0}};

void sum_rows(int32_t type, const Rows& s) {
  const auto x = normal((s.rows - 1) * s.stride + s.columns, 1, 0.5);
  auto sums = normal(s.columns);
  Array device_x(type, x, s.offset), sum(AP_FLOAT32, sums, s.offset);
  run(ap_sum_rows(context, type, s.rows, s.columns, s.stride, device_x, sum));
  for (int64_t row = 0; row < s.rows; row++) {
    for (int64_t c = 0; c < s.columns; c++) sums[c] += x[row * s.stride + c];
  }
  expect_close("sum", sum, sums, kFloat32Bound);
}

}  // namespace

int main(int argc, char** argv) {
  Suite suite;
  for (const Flat& s : kFlats) {
    const std::string size = sizes({s.n}, s.offset);
    suite.add("linear combination of two" + size, [=] { linear_combination(s, Third::none); });
    suite.add("linear combination of three" + size, [=] { linear_combination(s, Third::apart); });
    suite.add("linear combination in place" + size, [=] { linear_combination(s, Third::in_place); });
    suite.add("add exponential" + size, [=] { add_exponential(s, false, 0.5); });
    suite.add("add exponential in place" + size, [=] { add_exponential(s, true, 0.5); });
    suite.add("add exponential, too large" + size, [=] { add_exponential(s, false, 1e4); });
    suite.add("clamp" + size, [=] { clamp(s, false); });
    suite.add("clamp in place" + size, [=] { clamp(s, true); });
    for (const int32_t type : kTypes) {
      suite.add("fill" + name(type) + size, [=] { fill(type, s, 0.75); });
      suite.add("fill with NaN" + name(type) + size, [=] { fill(type, s, kNaN); });
      suite.add("add" + name(type) + size, [=] { add(type, s, Out::apart); });
      suite.add("add to a" + name(type) + size, [=] { add(type, s, Out::a); });
      suite.add("add to b" + name(type) + size, [=] { add(type, s, Out::b); });
      for (const int32_t to : kTypes) {
        suite.add("convert" + name(type) + " to" + name(to) + size, [=] { convert(type, to, s); });
      }
    }
  }
  for (const int32_t type : kTypes) {
    for (const Samples& s : kSamples) {
      const std::string of = name(type) + sizes({s.B, s.n}, s.offset);
      suite.add("mix rows" + of, [=] { mix_rows(type, s, Out::apart); });
      suite.add("mix rows to x" + of, [=] { mix_rows(type, s, Out::a); });
      suite.add("mix rows to y" + of, [=] { mix_rows(type, s, Out::b); });
    }
    for (const Rows& s : kRows) {
      suite.add("sum rows" + name(type) + sizes({s.rows, s.columns, s.stride}, s.offset), [=] { sum_rows(type, s); });
    }
  }
  return suite.run(argc, argv);
}
