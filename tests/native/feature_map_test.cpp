// feature_map.cuh against its definition.
#include "check.hpp"

using namespace check;

namespace {

struct Shape {
  int64_t B, H, W, C;
  int64_t offset = 0;  // of every tensor's first element from an aligned address

  int64_t elements() const { return B * H * W * C; }
  // The element of the small map that element i of the large one is.
  size_t source(size_t i) const {
    const auto at = static_cast<int64_t>(i), pixel = at / C, row = pixel / (2 * W), column = pixel % (2 * W);
    return static_cast<size_t>((row / 2 * W + column / 2) * C + at % C);
  }
};
constexpr Shape kShapes[] = {{1, 1, 1, 1},     {2, 3, 2, 63},  {3, 2, 5, 64},
                             {3, 2, 5, 64, 1}, {1, 7, 5, 197}, {2, 4, 4, 72}};

void upsample_forward(int32_t type, const Shape& s) {
  auto x = normal(s.elements());
  x[x.size() / 2] = kNaN;
  Array device_x(type, x, s.offset), y(type, 4 * s.elements(), s.offset);
  run(ap_upsample_forward(context, type, s.B, s.H, s.W, s.C, device_x, y));
  expect_equal("y", y, made(4 * s.elements(), [&](size_t i) { return x[s.source(i)]; }));
}

void upsample_backward(int32_t type, const Shape& s) {
  const auto dy = normal(4 * s.elements());
  Array device_dy(type, dy, s.offset), dx(type, s.elements(), s.offset);
  run(ap_upsample_backward(context, type, s.B, s.H, s.W, s.C, device_dy, dx));
  std::vector<double> expected(static_cast<size_t>(s.elements()));
  for (size_t i = 0; i < dy.size(); i++) expected[s.source(i)] += dy[i];
  expect_close("dx", dx, expected, bound(type));
}

struct Sides {
  int64_t rows, first, second;
  int64_t offset = 0;
};
constexpr Sides kSides[] = {{1, 1, 1}, {2, 63, 2}, {65, 8, 64}, {65, 8, 64, 2}, {19, 65, 33}, {9, 96, 160}};

std::vector<double> columns(const Sides& s, const std::vector<double>& x, int64_t begin, int64_t count) {
  return made(s.rows * count, [&](size_t i) {
    const auto at = static_cast<int64_t>(i);
    return x[static_cast<size_t>(at / count * (s.first + s.second) + begin + at % count)];
  });
}

void concatenate(int32_t type, const Sides& s) {
  const auto joined = normal(s.rows * (s.first + s.second));
  Array a(type, columns(s, joined, 0, s.first), s.offset), b(type, columns(s, joined, s.first, s.second), s.offset);
  Array out(type, s.rows * (s.first + s.second), s.offset);
  run(ap_concatenate(context, type, s.rows, s.first, s.second, a, b, out));
  expect_equal("out", out, joined);
}

void split(int32_t type, const Sides& s, bool first, bool second) {
  const auto joined = normal(s.rows * (s.first + s.second));
  Array x(type, joined, s.offset), a(type, s.rows * s.first, s.offset), b(type, s.rows * s.second, s.offset);
  run(ap_split(context, type, s.rows, s.first, s.second, x, first ? static_cast<void*>(a) : nullptr,
               second ? static_cast<void*>(b) : nullptr));
  if (first) expect_equal("a", a, columns(s, joined, 0, s.first));
  if (second) expect_equal("b", b, columns(s, joined, s.first, s.second));
}

}  // namespace

int main(int argc, char** argv) {
  Suite suite;
  for (const int32_t type : kTypes) {
    for (const Shape& s : kShapes) {
      const std::string of = name(type) + sizes({s.B, s.H, s.W, s.C}, s.offset);
      suite.add("upsample forward" + of, [=] { upsample_forward(type, s); });
      suite.add("upsample backward" + of, [=] { upsample_backward(type, s); });
    }
    for (const Sides& s : kSides) {
      const std::string of = name(type) + sizes({s.rows, s.first, s.second}, s.offset);
      suite.add("concatenate" + of, [=] { concatenate(type, s); });
      suite.add("split" + of, [=] { split(type, s, true, true); });
      suite.add("split to the first" + of, [=] { split(type, s, true, false); });
      suite.add("split to the second" + of, [=] { split(type, s, false, true); });
    }
  }
  return suite.run(argc, argv);
}
