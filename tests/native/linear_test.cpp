// linear.cu against products in float64.
#include "activation_test.hpp"
#include "check.hpp"

using namespace check;

namespace {

struct Shape {
  int64_t rows, in, out;
  int64_t offset = 0;  // of every tensor's first element from an aligned address
};

// a (rows, depth) times the transpose of b (columns, depth), or b (depth, columns) itself
std::vector<double> product(int64_t rows, int64_t columns, int64_t depth, const std::vector<double>& a,
                            const std::vector<double>& b, bool transposed) {
  std::vector<double> result(static_cast<size_t>(rows * columns));
  for (int64_t i = 0; i < rows; i++) {
    for (int64_t j = 0; j < columns; j++) {
      double sum = 0;
      for (int64_t k = 0; k < depth; k++) {
        sum += a[static_cast<size_t>(i * depth + k)] *
               b[static_cast<size_t>(transposed ? j * depth + k : k * columns + j)];
      }
      result[static_cast<size_t>(i * columns + j)] = sum;
    }
  }
  return result;
}

// As the type holds them. In bfloat16, h is rounded before the GELU, and a product before it is scaled, as PyTorch's
// autocast does: from there on there is one rounding to bound.
std::vector<double> rounded(int32_t type, const std::vector<double>& x) {
  return Array(type, x).values();
}

std::vector<double> plus(std::vector<double> x, const std::vector<double>& rows_or_all) {
  for (size_t i = 0; i < x.size(); i++) x[i] += rows_or_all[i % rows_or_all.size()];
  return x;
}

void forward(int32_t type, int32_t y_type, const Shape& s, bool with_bias, bool with_base) {
  const auto x = normal(s.rows * s.in), weight = normal(s.out * s.in), bias = normal(s.out),
             base = normal(s.rows * s.out);
  Array device_x(type, x, s.offset), device_weight(type, weight, s.offset), device_bias(AP_FLOAT32, bias, s.offset),
      device_base(type, base, s.offset), y(y_type, s.rows * s.out, s.offset);
  run(ap_linear_forward(context, type, s.rows, s.in, s.out, device_x, device_weight,
                        with_bias ? static_cast<float*>(device_bias) : nullptr,
                        with_base ? static_cast<void*>(device_base) : nullptr, y_type, y));
  auto expected = product(s.rows, s.out, s.in, x, weight, true);
  if (with_bias) expected = plus(expected, bias);
  if (with_base) expected = plus(expected, base);
  expect_close("y", y, expected, bound(y_type));
}

void gelu_forward(int32_t type, int32_t gelu, const Shape& s, bool with_bias) {
  const auto x = normal(s.rows * s.in), weight = normal(s.out * s.in, 0.25), bias = normal(s.out);
  Array device_x(type, x, s.offset), device_weight(type, weight, s.offset), device_bias(AP_FLOAT32, bias, s.offset),
      y(type, s.rows * s.out, s.offset), slope(type, s.rows * s.out, s.offset);
  run(ap_linear_gelu_forward(context, type, gelu, s.rows, s.in, s.out, device_x, device_weight,
                             with_bias ? static_cast<float*>(device_bias) : nullptr, y, slope));
  auto h = product(s.rows, s.out, s.in, x, weight, true);
  if (with_bias) h = plus(h, bias);
  h = rounded(type, h);
  const auto n = static_cast<int64_t>(h.size());
  const Activation expected{gelu};
  expect_close("y", y, made(n, [&](size_t i) { return expected.value(h[i]); }), bound(type));
  expect_close("slope", slope, made(n, [&](size_t i) { return expected.slope(h[i]); }), bound(type));
  Array alone(type, s.rows * s.out, s.offset);
  run(ap_linear_gelu_forward(context, type, gelu, s.rows, s.in, s.out, device_x, device_weight,
                             with_bias ? static_cast<float*>(device_bias) : nullptr, alone, nullptr));
  expect_close("y without a slope", alone, made(n, [&](size_t i) { return expected.value(h[i]); }), bound(type));
}

void backward_input(int32_t type, const Shape& s, bool with_scale) {
  const auto dy = normal(s.rows * s.out), weight = normal(s.out * s.in), scale = normal(s.rows * s.in);
  Array device_dy(type, dy, s.offset), device_weight(type, weight, s.offset), device_scale(type, scale, s.offset),
      dx(type, s.rows * s.in, s.offset);
  run(ap_linear_backward_input(context, type, s.rows, s.in, s.out, device_dy, device_weight,
                               with_scale ? static_cast<void*>(device_scale) : nullptr, dx));
  auto expected = product(s.rows, s.in, s.out, dy, weight, false);
  if (with_scale) {
    expected = rounded(type, expected);
    for (size_t i = 0; i < expected.size(); i++) expected[i] *= scale[i];
  }
  expect_close("dx", dx, expected, bound(type));
}

void backward_weight(int32_t type, const Shape& s, bool with_bias) {
  const auto x = normal(s.rows * s.in), dy = normal(s.rows * s.out), dweight = normal(s.out * s.in),
             dbias = normal(s.out);
  Array device_x(type, x, s.offset), device_dy(type, dy, s.offset), device_dweight(AP_FLOAT32, dweight, s.offset),
      device_dbias(AP_FLOAT32, dbias, s.offset);
  run(ap_linear_backward_weight(context, type, s.rows, s.in, s.out, device_x, device_dy, device_dweight,
                                with_bias ? static_cast<float*>(device_dbias) : nullptr));
  std::vector<double> dy_transposed, sums(static_cast<size_t>(s.out));
  for (int64_t j = 0; j < s.out; j++) {
    for (int64_t i = 0; i < s.rows; i++) {
      dy_transposed.push_back(dy[static_cast<size_t>(i * s.out + j)]);
      sums[static_cast<size_t>(j)] += dy_transposed.back();
    }
  }
  expect_close("dweight", device_dweight, plus(dweight, product(s.out, s.in, s.rows, dy_transposed, x, false)),
               bound(AP_FLOAT32));
  expect_close("dbias", device_dbias, with_bias ? plus(dbias, sums) : dbias, bound(AP_FLOAT32));
}

// A NaN in a row of x spoils that row of y and no other, and what y held before does not count.
void not_finite(int32_t type, const Shape& s) {
  auto x = normal(s.rows * s.in), weight = normal(s.out * s.in);
  x[static_cast<size_t>(s.in)] = kNaN;
  Array device_x(type, x), device_weight(type, weight), y(type, s.rows * s.out);
  run(ap_linear_forward(context, type, s.rows, s.in, s.out, device_x, device_weight, nullptr, nullptr, type, y));
  const auto found = y.values();
  for (size_t i = 0; i < found.size(); i++) {
    if (std::isnan(found[i]) != (static_cast<int64_t>(i) / s.out == 1)) fail("NaN is lost or has spread");
  }
}

}  // namespace

int main(int argc, char** argv) {
  constexpr Shape kShapes[] = {{1, 1, 1},     {2, 3, 65},      {63, 65, 2},     {65, 24, 32},
                               {197, 64, 63}, {65, 24, 32, 2}, {33, 40, 48, 1}, {1, 129, 2}};
  Suite suite;
  for (const int32_t type : kTypes) {
    for (const Shape& s : kShapes) {
      const std::string of = name(type) + sizes({s.rows, s.in, s.out}, s.offset);
      suite.add("forward" + of, [=] { forward(type, type, s, true, true); });
      suite.add("forward without base" + of, [=] { forward(type, type, s, true, false); });
      suite.add("forward without bias" + of, [=] { forward(type, type, s, false, true); });
      suite.add("forward of the product alone" + of, [=] { forward(type, type, s, false, false); });
      suite.add("forward to float32" + of, [=] { forward(type, AP_FLOAT32, s, true, true); });
      suite.add("forward to float32 without base" + of, [=] { forward(type, AP_FLOAT32, s, true, false); });
      suite.add("gelu forward" + of, [=] { gelu_forward(type, AP_GELU_ERF, s, true); });
      suite.add("gelu forward without bias" + of, [=] { gelu_forward(type, AP_GELU_ERF, s, false); });
      suite.add("tanh gelu forward" + of, [=] { gelu_forward(type, AP_GELU_TANH, s, true); });
      suite.add("backward by the input" + of, [=] { backward_input(type, s, false); });
      suite.add("backward by the input, scaled" + of, [=] { backward_input(type, s, true); });
      suite.add("backward by the weight" + of, [=] { backward_weight(type, s, true); });
      suite.add("backward by the weight alone" + of, [=] { backward_weight(type, s, false); });
    }
    suite.add("NaN" + name(type), [=] { not_finite(type, {5, 16, 24}); });
  }
  return suite.run(argc, argv);
}
