// statistics.cuh and ntk_gram*.cuh against their definitions in float64.
#include "check.hpp"

using namespace check;

namespace {

// ---- Gram matrices -----------------------------------------------------------------------------------------------

struct Shape {
  int64_t n, N, in, out;
  int64_t offset;  // of the first element from an aligned address
};
// Widths that fill tiles and that do not, of rows that vectors can be loaded from and of those that they cannot; groups
// of samples that are full, begun, and more than two.
constexpr Shape kShapes[] = {{1, 1, 1, 1, 0},     {2, 1, 7, 33, 1},   {3, 2, 33, 7, 0},    {16, 1, 130, 64, 0},
                             {17, 2, 64, 33, 0},  {70, 1, 7, 64, 0},  {3, 65, 64, 130, 0}, {2, 197, 33, 64, 1},
                             {8, 65, 72, 104, 0}, {9, 33, 40, 72, 1}, {16, 65, 64, 64, 0}, {1, 197, 130, 7, 0},
                             {2, 31, 1, 1, 0}};
// Of wide rows alone: sums over more columns than one step takes.
constexpr Shape kWide[] = {{5, 1, 450, 330, 0}, {5, 3, 328, 520, 0}, {3, 2, 257, 193, 1}};

std::string of(const Shape& s) {
  return sizes({s.n, s.N, s.in, s.out}, s.offset);
}

struct Operands {
  std::vector<double> x, dy;

  explicit Operands(const Shape& s) : x(normal(s.n * s.N * s.in)), dy(normal(s.n * s.N * s.out)) {}
};

using Gram = int (*)(ap_context*, int32_t, int64_t, int64_t, int64_t, int64_t, const void*, const void*, double*);

// G (n, out in)
std::vector<double> gradients(const Shape& s, const Operands& operands) {
  std::vector<double> g(static_cast<size_t>(s.n * s.out * s.in));
  for (int64_t p = 0; p < s.n * s.N; p++) {
    for (int64_t o = 0; o < s.out; o++) {
      double* row = g.data() + (p / s.N * s.out + o) * s.in;
      for (int64_t i = 0; i < s.in; i++) row[i] += operands.dy[p * s.out + o] * operands.x[p * s.in + i];
    }
  }
  return g;
}

std::vector<double> products(int64_t n, const std::vector<double>& g) {
  const int64_t length = static_cast<int64_t>(g.size()) / n;
  std::vector<double> gram(static_cast<size_t>(n * n));
  for (int64_t i = 0; i < n; i++) {
    for (int64_t j = 0; j <= i; j++) {
      double sum = 0;
      for (int64_t k = 0; k < length; k++) sum += g[i * length + k] * g[j * length + k];
      gram[i * n + j] = gram[j * n + i] = sum;
    }
  }
  return gram;
}

// Within 1e-5 of the largest element.
void expect_gram(Array& gram, const std::vector<double>& start, const std::vector<double>& added) {
  const std::vector<double> found = gram.values();
  double largest = 0;
  for (const double value : added) largest = std::max(largest, std::fabs(value));
  for (size_t k = 0; k < found.size(); k++) {
    const double error = std::fabs(found[k] - start[k] - added[k]);
    if (!(error <= kFloat32Bound * largest)) {
      fail("gram[" + std::to_string(k) + "] is " + std::to_string(found[k]) + ", expected " +
           std::to_string(start[k] + added[k]) + " of at most " + std::to_string(largest));
    }
  }
}

// What is there before is no symmetric matrix: each element gets its own sum.
void gram(Gram kernel, int32_t type, const Shape& s) {
  const Operands operands(s);
  const auto start = normal(s.n * s.n);
  Array x(type, operands.x, s.offset), dy(type, operands.dy, s.offset), gram(kFloat64, start);
  run(kernel(context, type, s.n, s.N, s.in, s.out, x, dy, gram));
  expect_gram(gram, start, products(s.n, gradients(s, operands)));
  expect_equal("x", x, operands.x);
  expect_equal("dy", dy, operands.dy);
}

void rows(int64_t n, int64_t P, int64_t offset) {
  const auto g = normal(n * P), start = normal(n * n);
  Array device_g(AP_FLOAT32, g, offset), gram(kFloat64, start);
  run(ap_ntk_gram_rows(context, n, P, device_g, gram));
  expect_gram(gram, start, products(n, g));
}

void expect_symmetric(int64_t n, Array& gram) {
  const auto found = gram.values();
  for (int64_t i = 0; i < n; i++) {
    for (int64_t j = 0; j < i; j++) {
      if (found[i * n + j] != found[j * n + i])
        fail("not symmetric at " + std::to_string(i) + ", " + std::to_string(j));
    }
  }
}

// Both ways, and the full gradients', give one matrix; each to the last bit its own transpose.
void ways_agree(int32_t type, const Shape& s) {
  const Operands operands(s);
  const auto g = gradients(s, operands), expected = products(s.n, g);
  const std::vector<double> zeros(static_cast<size_t>(s.n * s.n));
  Array x(type, operands.x, s.offset), dy(type, operands.dy, s.offset), full(AP_FLOAT32, g);
  Array contracted(kFloat64, zeros), tiled(kFloat64, zeros), rows(kFloat64, zeros);
  run(ap_ntk_gram_contracted(context, type, s.n, s.N, s.in, s.out, x, dy, contracted));
  run(ap_ntk_gram_tiled(context, type, s.n, s.N, s.in, s.out, x, dy, tiled));
  run(ap_ntk_gram_rows(context, s.n, s.in * s.out, full, rows));
  for (Array* gram : {&contracted, &tiled, &rows}) {
    expect_gram(*gram, zeros, expected);
    expect_symmetric(s.n, *gram);
  }
}

// What is not finite in one sample spoils its own row and column alone. Of positive numbers, infinity gives infinity:
// not NaN, as its products with the zeros beside a tile would be.
void not_finite(Gram kernel, int32_t type, const Shape& s, double value, bool in_x) {
  Operands operands(s);
  for (auto* factor : {&operands.x, &operands.dy}) {
    for (double& element : *factor) element = std::fabs(element) + 0.5;
  }
  auto& spoiled = in_x ? operands.x : operands.dy;
  const int64_t sample = s.n / 2, size = static_cast<int64_t>(spoiled.size()) / s.n;
  spoiled[static_cast<size_t>(sample * size + size / 2)] = value;
  Array x(type, operands.x, s.offset), dy(type, operands.dy, s.offset);
  Array gram(kFloat64, std::vector<double>(static_cast<size_t>(s.n * s.n)));
  run(kernel(context, type, s.n, s.N, s.in, s.out, x, dy, gram));
  const auto found = gram.values();
  for (int64_t k = 0; k < s.n * s.n; k++) {
    const bool its_own = k / s.n == sample || k % s.n == sample;
    const bool right = its_own ? std::isnan(value) ? std::isnan(found[k]) : found[k] == value : std::isfinite(found[k]);
    if (!right) fail("gram[" + std::to_string(k) + "] is " + std::to_string(found[k]));
  }
}

void not_finite_in_rows(int64_t n, int64_t P) {
  for (const double value : {kNaN, kInfinity}) {
    auto g = integers(n * P, 1, 9);
    g[static_cast<size_t>(n / 2 * P + P - 1)] = value;
    Array device_g(AP_FLOAT32, g), gram(kFloat64, std::vector<double>(static_cast<size_t>(n * n)));
    run(ap_ntk_gram_rows(context, n, P, device_g, gram));
    expect_equal("gram", gram, products(n, g));
  }
}

// ---- ZiCo --------------------------------------------------------------------------------------------------------

// What M batches leave, the first into poisoned arrays, against two passes over all of them.
void zico_stream(const Flat& s, int64_t batches) {
  std::vector<std::vector<double>> all;
  Array mean(AP_FLOAT32, s.n, s.offset), magnitude(AP_FLOAT32, s.n, s.offset), squares(AP_FLOAT32, s.n, s.offset);
  for (int64_t batch = 1; batch <= batches; batch++) {
    all.push_back(normal(s.n, 1, 0.5));
    Array g(AP_FLOAT32, all.back(), s.offset);
    run(ap_zico_update(context, s.n, batch, g, mean, magnitude, squares));
  }
  std::vector<double> means(static_cast<size_t>(s.n)), magnitudes = means, deviations = means;
  for (size_t i = 0; i < means.size(); i++) {
    for (const auto& g : all) {
      means[i] += g[i] / static_cast<double>(batches);
      magnitudes[i] += std::fabs(g[i]) / static_cast<double>(batches);
    }
    for (const auto& g : all) deviations[i] += (g[i] - means[i]) * (g[i] - means[i]);
  }
  expect_close("mean", mean, means, kFloat32Bound);
  expect_close("magnitude", magnitude, magnitudes, kFloat32Bound);
  expect_close("squares", squares, deviations, kFloat32Bound);
}

// The first batch leaves squares of exactly 0, and NaN stays with its weight.
void zico_update_not_a_number(int64_t batches) {
  Array mean(AP_FLOAT32, 5), magnitude(AP_FLOAT32, 5), squares(AP_FLOAT32, 5);
  for (int64_t batch = 1; batch <= batches; batch++) {
    Array g(AP_FLOAT32, {1, kNaN, -2, 4, kInfinity});
    run(ap_zico_update(context, 5, batch, g, mean, magnitude, squares));
  }
  expect_equal("mean", mean, {1, kNaN, -2, 4, batches == 1 ? kInfinity : kNaN});
  expect_equal("magnitude", magnitude, {1, kNaN, 2, 4, batches == 1 ? kInfinity : kNaN});
  expect_equal("squares", squares, {0, kNaN, 0, 0, kNaN});
}

// Of every third weight all gradients were equal: its magnitude, NaN here, is not looked at.
void zico_reduce(const Flat& s, int64_t batches) {
  auto magnitudes = normal(s.n), deviations = normal(s.n);
  double expected = 2.5;
  for (size_t i = 0; i < magnitudes.size(); i++) {
    magnitudes[i] = std::fabs(magnitudes[i]);
    deviations[i] = std::fabs(deviations[i]) + 0.125;
    if (i % 3 == 0) {
      deviations[i] = i % 2 == 0 ? 0 : -deviations[i];
      magnitudes[i] = kNaN;
    } else {
      expected += magnitudes[i] / std::sqrt(deviations[i] / static_cast<double>(batches));
    }
  }
  Array magnitude(AP_FLOAT32, magnitudes, s.offset), squares(AP_FLOAT32, deviations, s.offset), sum(kFloat64, {2.5});
  run(ap_zico_reduce(context, s.n, batches, magnitude, squares, sum));
  expect_close("sum", sum, {expected}, 1e-6);
}

// One large ratio among many small ones: float32 would lose these.
void zico_reduce_far_apart() {
  std::vector<double> magnitudes(20000, 1.0);
  magnitudes[0] = 1 << 26;
  Array magnitude(AP_FLOAT32, magnitudes), squares(AP_FLOAT32, std::vector<double>(20000, 1.0)), sum(kFloat64, {0.0});
  run(ap_zico_reduce(context, 20000, 1, magnitude, squares, sum));
  expect_equal("sum", sum, {(1 << 26) + 19999.0});
}

void zico_reduce_not_a_number() {
  for (const bool in_magnitude : {false, true}) {
    std::vector<double> magnitudes(197, 1.0), deviations(197, 4.0);
    (in_magnitude ? magnitudes : deviations)[100] = kNaN;
    Array magnitude(AP_FLOAT32, magnitudes), squares(AP_FLOAT32, deviations), sum(kFloat64, {0.0});
    run(ap_zico_reduce(context, 197, 2, magnitude, squares, sum));
    expect_equal("sum", sum, {kNaN});
  }
}

}  // namespace

int main(int argc, char** argv) {
  Suite suite;
  struct Way {
    const char* name;
    Gram kernel;
  };
  constexpr Way kWays[] = {{"contracted", ap_ntk_gram_contracted}, {"tiled", ap_ntk_gram_tiled}};
  for (const int32_t type : kTypes) {
    for (const Way& way : kWays) {
      const std::string start = way.name + name(type);
      for (const Shape& s : kShapes) suite.add(start + of(s), [=] { gram(way.kernel, type, s); });
      for (const Shape& s : {Shape{3, 65, 33, 7, 0}, Shape{17, 1, 7, 33, 0}}) {
        for (const bool in_x : {false, true}) {
          const std::string where = (in_x ? " in x" : " in dy") + of(s);
          suite.add(start + " with NaN" + where, [=] { not_finite(way.kernel, type, s, kNaN, in_x); });
          suite.add(start + " with infinity" + where, [=] { not_finite(way.kernel, type, s, kInfinity, in_x); });
        }
      }
    }
    for (const Shape& s : kWide) {
      suite.add("contracted, wide" + name(type) + of(s), [=] { gram(ap_ntk_gram_contracted, type, s); });
    }
    for (const Shape& s : {Shape{3, 2, 33, 7, 0}, Shape{5, 65, 72, 40, 0}, Shape{17, 3, 7, 33, 1}}) {
      suite.add("ways agree" + name(type) + of(s), [=] { ways_agree(type, s); });
    }
  }
  for (const int32_t type : kTypes) {
    for (const Way& way : kWays) {
      const Shape s{17, 3, 70, 33, 0};
      suite.add(std::string(way.name) + ", little shared memory" + name(type) + of(s),
                [=] { with_little_shared([&] { gram(way.kernel, type, s); }); });
    }
  }
  // more work than there are blocks
  suite.add("contracted in parts", [] { gram(ap_ntk_gram_contracted, AP_FLOAT32, {3, 480, 1, 2, 0}); });
  suite.add("tiled in parts", [] { gram(ap_ntk_gram_tiled, AP_FLOAT32, {1, 1, 500, 1080, 0}); });
  suite.add("rows in parts", [] { rows(2, 265 * 2048 + 3, 0); });
  for (const int64_t n : {1, 3, 8, 16, 17, 70}) {
    for (const int64_t P : {1, 7, 64, 130, 2050}) suite.add("rows" + sizes({n, P}), [=] { rows(n, P, 0); });
    suite.add("rows" + sizes({n, 2052}, 1), [=] { rows(n, 2052, 1); });
    suite.add("rows not finite" + sizes({n, 33}), [=] { not_finite_in_rows(n, 33); });
  }
  for (const Flat& s : kFlats) {
    for (const int64_t batches : {1, 2, 64}) {
      const std::string name = sizes({s.n}, s.offset) + " of " + std::to_string(batches);
      if (batches < 64 || s.n < 4100) suite.add("zico update" + name, [=] { zico_stream(s, batches); });
      suite.add("zico reduce" + name, [=] { zico_reduce(s, batches); });
    }
  }
  for (const int64_t batches : {1, 2}) {
    suite.add("zico update with NaN of " + std::to_string(batches), [=] { zico_update_not_a_number(batches); });
  }
  suite.add("zico reduce in parts", [] { zico_reduce({70001, 0}, 2); });
  suite.add("zico reduce in parts, unaligned", [] { zico_reduce({70001, 1}, 3); });
  suite.add("zico reduce far apart", zico_reduce_far_apart);
  suite.add("zico reduce with NaN", zico_reduce_not_a_number);
  return suite.run(argc, argv);
}
