// token.cuh against its definition in float64.
#include <algorithm>

#include "check.hpp"

using namespace check;

namespace {

struct Shape {
  int64_t B, N, C, offset;
};
constexpr Shape kShapes[] = {{1, 1, 1, 0},   {2, 2, 63, 0},   {3, 5, 64, 1},
                             {2, 65, 16, 0}, {1, 197, 24, 0}, {65, 2, 2, 0}};

void assemble(int32_t type, const Shape& s) {
  const auto patches = normal(s.B * (s.N - 1) * s.C), token = normal(s.C), positions = normal(s.N * s.C);
  Array device_patches(type, patches, s.offset), device_token(AP_FLOAT32, token, s.offset);
  Array device_positions(AP_FLOAT32, positions, s.offset), out(type, s.B * s.N * s.C, s.offset);
  run(ap_assemble_tokens(context, type, s.B, s.N, s.C, device_patches, device_token, device_positions, out));
  const auto expected = made(s.B * s.N * s.C, [&](size_t i) {
    const int64_t c = i % s.C, n = i / s.C % s.N, b = i / s.C / s.N;
    return (n == 0 ? token[c] : patches[(b * (s.N - 1) + n - 1) * s.C + c]) + positions[n * s.C + c];
  });
  expect_close("out", out, expected, bound(type));
}

void assemble_backward(int32_t type, const Shape& s) {
  const auto dy = normal(s.B * s.N * s.C);
  Array device_dy(type, dy, s.offset), dpatches(type, s.B * (s.N - 1) * s.C, s.offset);
  run(ap_assemble_tokens_backward(context, type, s.B, s.N, s.C, device_dy, dpatches));
  const auto expected = made(s.B * (s.N - 1) * s.C, [&](size_t i) {
    const int64_t c = i % s.C, n = i / s.C % (s.N - 1), b = i / s.C / (s.N - 1);
    return dy[(b * s.N + n + 1) * s.C + c];
  });
  expect_equal("dpatches", dpatches, expected);
}

void select(int32_t type, const Shape& s) {
  const auto x = normal(s.B * s.N * s.C);
  Array device_x(type, x, s.offset), y(type, s.B * s.C, s.offset);
  run(ap_select_class_token(context, type, s.B, s.N, s.C, device_x, y));
  expect_equal("y", y, made(s.B * s.C, [&](size_t i) { return x[i / s.C * s.N * s.C + i % s.C]; }));
}

void select_backward(int32_t type, const Shape& s) {
  auto dy = normal(s.B * s.C);
  dy[0] = kNaN;
  Array device_dy(type, dy, s.offset), dx(type, s.B * s.N * s.C, s.offset);
  run(ap_select_class_token_backward(context, type, s.B, s.N, s.C, device_dy, dx));
  const auto expected =
      made(s.B * s.N * s.C, [&](size_t i) { return i / s.C % s.N == 0 ? dy[i / s.C / s.N * s.C + i % s.C] : 0.0; });
  expect_equal("dx", dx, expected);
}

struct Resize {
  int64_t from, to, C;
};
constexpr Resize kResizes[] = {{1, 1, 3}, {1, 4, 2}, {4, 4, 65}, {4, 7, 63}, {7, 4, 5}, {2, 9, 300}, {14, 16, 1}};

// weights (to, from) of Keys' cubic kernel along one axis
std::vector<double> cubic_weights(int64_t from, int64_t to) {
  constexpr double a = -0.75;
  const auto kernel = [](double distance) {
    const double d = std::fabs(distance);
    if (d <= 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
    return d < 2 ? ((a * d - 5 * a) * d + 8 * a) * d - 4 * a : 0;
  };
  std::vector<double> weights(to * from);
  for (int64_t i = 0; i < to; i++) {
    const double at = (i + 0.5) * from / to - 0.5;
    const auto below = static_cast<int64_t>(std::floor(at));
    for (int64_t cell = below - 1; cell <= below + 2; cell++) {
      weights[i * from + std::clamp<int64_t>(cell, 0, from - 1)] += kernel(at - cell);
    }
  }
  return weights;
}

// run(row of the from-grid, row of the to-grid, weight) for every pair
template <class Run>
void each_weight(const Resize& s, Run run) {
  const auto weights = cubic_weights(s.from, s.to);
  run(0, 0, 1.0);
  for (int64_t i = 0; i < s.to * s.to; i++) {
    for (int64_t j = 0; j < s.from * s.from; j++) {
      run(1 + j, 1 + i, weights[i / s.to * s.from + j / s.from] * weights[i % s.to * s.from + j % s.from]);
    }
  }
}

void resize(const Resize& s) {
  const auto positions = normal((1 + s.from * s.from) * s.C);
  std::vector<double> expected((1 + s.to * s.to) * s.C);
  each_weight(s, [&](int64_t from, int64_t to, double weight) {
    for (int64_t c = 0; c < s.C; c++) expected[to * s.C + c] += weight * positions[from * s.C + c];
  });
  Array device_positions(AP_FLOAT32, positions, 1), out(AP_FLOAT32, (1 + s.to * s.to) * s.C, 3);
  run(ap_resize_positions(context, s.from, s.to, s.C, device_positions, out));
  expect_close("out", out, expected, kFloat32Bound);
  if (s.from == s.to) expect_equal("out", out, positions);
}

void resize_backward(const Resize& s) {
  const auto dy = normal((1 + s.to * s.to) * s.C);
  auto expected = normal((1 + s.from * s.from) * s.C);
  Array device_dy(AP_FLOAT32, dy, 1), dpositions(AP_FLOAT32, expected, 3);
  each_weight(s, [&](int64_t from, int64_t to, double weight) {
    for (int64_t c = 0; c < s.C; c++) expected[from * s.C + c] += weight * dy[to * s.C + c];
  });
  run(ap_resize_positions_backward(context, s.from, s.to, s.C, device_dy, dpositions));
  expect_close("dpositions", dpositions, expected, kFloat32Bound);
}

}  // namespace

int main(int argc, char** argv) {
  Suite suite;
  for (const int32_t type : kTypes) {
    for (const Shape& s : kShapes) {
      const std::string of = name(type) + sizes({s.B, s.N, s.C}, s.offset);
      suite.add("assemble" + of, [=] { assemble(type, s); });
      suite.add("assemble backward" + of, [=] { assemble_backward(type, s); });
      suite.add("select" + of, [=] { select(type, s); });
      suite.add("select backward" + of, [=] { select_backward(type, s); });
    }
  }
  for (const Resize& s : kResizes) {
    suite.add("resize" + sizes({s.from, s.to, s.C}), [=] { resize(s); });
    suite.add("resize backward" + sizes({s.from, s.to, s.C}), [=] { resize_backward(s); });
  }
  return suite.run(argc, argv);
}
