// elementwise.cuh against its definition in float64.
#include "check.hpp"

using namespace check;

namespace {

void fill(const Flat& s, double value) {
  Array x(AP_FLOAT32, s.n, s.offset);
  run(ap_fill(context, s.n, static_cast<float>(value), x));
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
    suite.add("fill" + size, [=] { fill(s, 0.75); });
    suite.add("fill with NaN" + size, [=] { fill(s, kNaN); });
    for (const int32_t type : kTypes) {
      suite.add("add" + name(type) + size, [=] { add(type, s, Out::apart); });
      suite.add("add to a" + name(type) + size, [=] { add(type, s, Out::a); });
      suite.add("add to b" + name(type) + size, [=] { add(type, s, Out::b); });
      for (const int32_t to : kTypes) {
        suite.add("convert" + name(type) + " to" + name(to) + size, [=] { convert(type, to, s); });
      }
    }
  }
  for (const int32_t type : kTypes) {
    for (const Rows& s : kRows) {
      suite.add("sum rows" + name(type) + sizes({s.rows, s.columns, s.stride}, s.offset), [=] { sum_rows(type, s); });
    }
  }
  return suite.run(argc, argv);
}
