// convolution.cuh against its definition in float64.
#include "check.hpp"

using namespace check;

namespace {

struct Shape {
  int64_t B, H, W, in, out, k, stride, padding;
  int64_t offset = 0;  // of every tensor's first element from an aligned address

  int64_t out_height() const { return (H + 2 * padding - k) / stride + 1; }
  int64_t out_width() const { return (W + 2 * padding - k) / stride + 1; }
  int64_t x_elements() const { return B * H * W * in; }
  int64_t y_elements() const { return B * out_height() * out_width() * out; }
  int64_t weights() const { return out * in * k * k; }
};

// body(pixel of x, pixel of y, place in the window) for each pixel that an output sees
template <class Body>
void each_tap(const Shape& s, Body body) {
  int64_t to = 0;
  for (int64_t b = 0; b < s.B; b++) {
    for (int64_t i = 0; i < s.out_height(); i++) {
      for (int64_t j = 0; j < s.out_width(); j++, to++) {
        for (int64_t tap = 0; tap < s.k * s.k; tap++) {
          const int64_t row = i * s.stride - s.padding + tap / s.k, column = j * s.stride - s.padding + tap % s.k;
          if (row < 0 || row >= s.H || column < 0 || column >= s.W) continue;
          body((b * s.H + row) * s.W + column, to, tap);
        }
      }
    }
  }
}

// body(element of x, element of y, element of the weight) for each product
template <class Body>
void each_product(const Shape& s, Body body) {
  each_tap(s, [&](int64_t from, int64_t to, int64_t tap) {
    for (int64_t o = 0; o < s.out; o++) {
      for (int64_t c = 0; c < s.in; c++) {
        body(static_cast<size_t>(from * s.in + c), static_cast<size_t>(to * s.out + o),
             static_cast<size_t>((o * s.in + c) * s.k * s.k + tap));
      }
    }
  });
}

void forward(int32_t type, const Shape& s, bool biased) {
  const auto x = normal(s.x_elements()), weight = normal(s.weights()), bias = normal(s.out);
  Array device_x(type, x, s.offset), device_weight(type, weight, s.offset), device_bias(AP_FLOAT32, bias, s.offset),
      y(type, s.y_elements(), s.offset);
  run(ap_convolution_forward(context, type, s.B, s.H, s.W, s.in, s.out, s.k, s.stride, s.padding, device_x,
                             device_weight, biased ? static_cast<float*>(device_bias) : nullptr, y));
  auto expected = made(s.y_elements(), [&](size_t i) { return biased ? bias[i % bias.size()] : 0; });
  each_product(s, [&](size_t from, size_t to, size_t at) { expected[to] += x[from] * weight[at]; });
  expect_close("y", y, expected, bound(type));
}

void backward_input(int32_t type, const Shape& s) {
  const auto dy = normal(s.y_elements()), weight = normal(s.weights());
  Array device_dy(type, dy, s.offset), device_weight(type, weight, s.offset), dx(type, s.x_elements(), s.offset);
  run(ap_convolution_backward_input(context, type, s.B, s.H, s.W, s.in, s.out, s.k, s.stride, s.padding, device_dy,
                                    device_weight, dx));
  std::vector<double> expected(static_cast<size_t>(s.x_elements()));
  each_product(s, [&](size_t from, size_t to, size_t at) { expected[from] += dy[to] * weight[at]; });
  expect_close("dx", dx, expected, bound(type));
}

void backward_weight(int32_t type, const Shape& s, bool biased) {
  const auto x = normal(s.x_elements()), dy = normal(s.y_elements());
  auto dweight = normal(s.weights()), dbias = normal(s.out);
  Array device_x(type, x, s.offset), device_dy(type, dy, s.offset), device_dweight(AP_FLOAT32, dweight, s.offset),
      device_dbias(AP_FLOAT32, dbias, s.offset);
  run(ap_convolution_backward_weight(context, type, s.B, s.H, s.W, s.in, s.out, s.k, s.stride, s.padding, device_x,
                                     device_dy, device_dweight, biased ? static_cast<float*>(device_dbias) : nullptr));
  each_product(s, [&](size_t from, size_t to, size_t at) { dweight[at] += x[from] * dy[to]; });
  for (size_t i = 0; biased && i < dy.size(); i++) dbias[i % dbias.size()] += dy[i];
  expect_close("dweight", device_dweight, dweight, kFloat32Bound);
  expect_close("dbias", device_dbias, dbias, kFloat32Bound);
}

void unfold(int32_t type, const Shape& s) {
  auto x = normal(s.x_elements());
  x[x.size() / 2] = kNaN;
  x[x.size() / 3] = kInfinity;
  const int64_t patch = s.in * s.k * s.k, rows = s.B * s.out_height() * s.out_width();
  Array device_x(type, x, s.offset), patches(type, rows * patch, s.offset);
  run(ap_unfold(context, type, s.B, s.H, s.W, s.in, s.out, s.k, s.stride, s.padding, device_x, patches));
  std::vector<double> expected(static_cast<size_t>(rows * patch));
  each_tap(s, [&](int64_t from, int64_t to, int64_t tap) {
    for (int64_t c = 0; c < s.in; c++) {
      expected[static_cast<size_t>(to * patch + c * s.k * s.k + tap)] = x[static_cast<size_t>(from * s.in + c)];
    }
  });
  expect_equal("patches", patches, expected);
}

// A NaN in the second sample spoils nothing of the others.
void not_a_number(int32_t type, const Shape& s) {
  auto x = normal(s.x_elements());
  x[static_cast<size_t>(s.H * s.W * s.in)] = kNaN;
  Array device_x(type, x), device_weight(type, normal(s.weights())), y(type, s.y_elements());
  run(ap_convolution_forward(context, type, s.B, s.H, s.W, s.in, s.out, s.k, s.stride, s.padding, device_x,
                             device_weight, nullptr, y));
  const auto found = y.values();
  const size_t sample = found.size() / static_cast<size_t>(s.B);
  for (size_t i = 0; i < found.size(); i++) {
    const bool sees = i / sample == 1 && i % sample < static_cast<size_t>(s.out);
    if (sees != std::isnan(found[i])) fail("NaN is lost or has spread to y[" + std::to_string(i) + "]");
  }
}

}  // namespace

int main(int argc, char** argv) {
  constexpr Shape kShapes[] = {{1, 1, 1, 1, 1, 1, 1, 0},     {2, 5, 4, 3, 2, 3, 1, 1},    {3, 8, 7, 4, 9, 3, 2, 1, 1},
                               {2, 9, 8, 2, 3, 2, 3, 0, 2},  {1, 7, 6, 33, 65, 3, 1, 2},  {2, 4, 5, 63, 16, 1, 1, 0},
                               {1, 9, 9, 8, 4, 5, 2, 4},     {65, 3, 2, 36, 24, 3, 2, 1}, {2, 5, 4, 16, 24, 3, 1, 1},
                               {1, 4, 6, 8, 16, 3, 1, 0, 1}, {1, 3, 4, 24, 8, 1, 2, 0}};
  Suite suite;
  for (const int32_t type : kTypes) {
    for (const Shape& s : kShapes) {
      const std::string of = name(type) + sizes({s.B, s.H, s.W, s.in, s.out, s.k, s.stride, s.padding}, s.offset);
      suite.add("forward" + of, [=] { forward(type, s, true); });
      suite.add("forward without bias" + of, [=] { forward(type, s, false); });
      suite.add("backward by the input" + of, [=] { backward_input(type, s); });
      suite.add("backward by the weight" + of, [=] { backward_weight(type, s, true); });
      suite.add("backward by the weight alone" + of, [=] { backward_weight(type, s, false); });
      suite.add("unfold" + of, [=] { unfold(type, s); });
    }
    suite.add("NaN" + name(type), [=] { not_a_number(type, {3, 4, 4, 2, 3, 2, 2, 0}); });
  }
  // more than 64 MiB of windows
  constexpr Shape kMany{4, 2, 2, 1, 2, 48, 1, 47}, kManyOfGradient{4, 49, 49, 2, 1, 48, 1, 0},
      kManyFolded{13, 2, 2, 1, 2, 48, 2, 47};
  suite.add("forward in pieces", [=] { forward(AP_FLOAT32, kMany, true); });
  suite.add("backward by the input in pieces", [=] { backward_input(AP_FLOAT32, kManyOfGradient); });
  suite.add("backward by the input in pieces, folded", [=] { backward_input(AP_FLOAT32, kManyFolded); });
  suite.add("backward by the weight in pieces", [=] { backward_weight(AP_FLOAT32, kMany, true); });
  return suite.run(argc, argv);
}
