// attention.cuh against its definition in float64.
#include <algorithm>

#include "check.hpp"

using namespace check;

namespace {

// Of self attention, which has as many keys as queries and all packed together, or of cross attention.
struct Shape {
  int64_t B, N, H, D;
  int64_t offset = 0;    // of the first element from an aligned address
  double spread = 1;     // of queries and keys: large ones saturate the softmax
  double sharpness = 1;  // the scale is that over the square root of D
  double apart = 0;      // queries are shifted by that down, keys up: all scores are far below zero
  int64_t M = 0;         // keys of cross attention

  bool cross() const { return M > 0; }
  int64_t keys() const { return cross() ? M : N; }
  int64_t width() const { return H * D; }
  double scale() const { return static_cast<float>(sharpness / std::sqrt(static_cast<double>(D))); }
  int64_t query(int64_t b, int64_t n, int64_t h) const { return ((b * N + n) * H + h) * D; }
  int64_t key(int64_t b, int64_t j, int64_t h) const { return ((b * keys() + j) * H + h) * D; }
  int64_t saved(int64_t b, int64_t n, int64_t h) const { return (b * H + h) * N + n; }
};

Shape cross(int64_t B, int64_t N, int64_t M, int64_t H, int64_t D, int64_t offset = 0) {
  Shape s{B, N, H, D, offset};
  s.M = M;
  return s;
}

using Values = std::vector<double>;

struct Forward {
  Values out, log_sum_exp;
};

// q (B,N,H,D), k and v (B,keys,H,D), or the gradients by them.
struct Operands {
  Values parts[3];
  Values& operator[](int64_t which) { return parts[which]; }
  const Values& operator[](int64_t which) const { return parts[which]; }
};

// Tensors of equal size, packed token by token.
Values packed(const Shape& s, std::initializer_list<const Values*> parts) {
  Values result;
  for (size_t at = 0; at < (*parts.begin())->size(); at += s.width()) {
    for (const Values* part : parts) result.insert(result.end(), part->begin() + at, part->begin() + at + s.width());
  }
  return result;
}
// Part `which` of `count`.
Values unpacked(const Shape& s, const Values& all, int64_t count, int64_t which) {
  Values result;
  for (size_t at = which * s.width(); at < all.size(); at += count * s.width()) {
    result.insert(result.end(), all.begin() + at, all.begin() + at + s.width());
  }
  return result;
}

// Operands on the device as the kernels take them, or room for the gradients by them.
struct Device {
  Array first, second;  // all of self attention in the first; of cross attention queries, and keys with values

  Device(int32_t type, const Shape& s, const Operands& x)
      : first(type, s.cross() ? x[0] : packed(s, {&x[0], &x[1], &x[2]}), s.offset),
        second(type, s.cross() ? packed(s, {&x[1], &x[2]}) : Values{}, s.offset) {}
  Device(int32_t type, const Shape& s)
      : first(type, (s.cross() ? 1 : 3) * s.B * s.N * s.width(), s.offset),
        second(type, 2 * s.B * s.M * s.width(), s.offset) {}

  Operands values(const Shape& s) {
    const Values a = first.values(), b = second.values();
    if (s.cross()) return {{a, unpacked(s, b, 2, 0), unpacked(s, b, 2, 1)}};
    return {{unpacked(s, a, 3, 0), unpacked(s, a, 3, 1), unpacked(s, a, 3, 2)}};
  }
};

void run_forward(int32_t type, const Shape& s, Device& x, Array& out, Array& log_sum_exp) {
  const auto scale = static_cast<float>(s.scale());
  run(s.cross() ? ap_cross_attention_forward(context, type, s.B, s.N, s.M, s.H, s.D, scale, x.first, x.second, out,
                                             log_sum_exp)
                : ap_attention_forward(context, type, s.B, s.N, s.H, s.D, scale, x.first, out, log_sum_exp));
}
void run_backward(int32_t type, const Shape& s, Device& x, Array& out, Array& log_sum_exp, Array& dout, Device& dx) {
  const auto scale = static_cast<float>(s.scale());
  run(s.cross()
          ? ap_cross_attention_backward(context, type, s.B, s.N, s.M, s.H, s.D, scale, x.first, x.second, out,
                                        log_sum_exp, dout, dx.first, dx.second)
          : ap_attention_backward(context, type, s.B, s.N, s.H, s.D, scale, x.first, out, log_sum_exp, dout, dx.first));
}

double rounded(int32_t type, double x) {
  return type == AP_FLOAT32 ? static_cast<float>(x) : __bfloat162float(__float2bfloat16_rn(static_cast<float>(x)));
}
Values rounded(int32_t type, Values values) {
  for (double& value : values) value = rounded(type, value);
  return values;
}

double dot(const double* a, const double* b, int64_t D) {
  double sum = 0;
  for (int64_t d = 0; d < D; d++) sum += a[d] * b[d];
  return sum;
}
void add(double factor, const double* from, double* to, int64_t D) {
  for (int64_t d = 0; d < D; d++) to[d] += factor * from[d];
}

// body(b, h, n) for all queries.
template <class Body>
void each_query(const Shape& s, Body body) {
  for (int64_t b = 0; b < s.B; b++) {
    for (int64_t h = 0; h < s.H; h++) {
      for (int64_t n = 0; n < s.N; n++) body(b, h, n);
    }
  }
}

// In float64; with `roundings`, weights and results are rounded to bfloat16 where PyTorch's kernels round them.
Forward forward(const Shape& s, const Operands& x, bool roundings) {
  const auto round = [&](double value) { return roundings ? rounded(AP_BFLOAT16, value) : value; };
  Forward result{Values(s.B * s.N * s.width()), Values(s.B * s.H * s.N)};
  Values scores(s.keys());
  each_query(s, [&](int64_t b, int64_t h, int64_t n) {
    for (int64_t j = 0; j < s.keys(); j++) {
      scores[j] = s.scale() * dot(&x[0][s.query(b, n, h)], &x[1][s.key(b, j, h)], s.D);
    }
    const double largest = *std::max_element(scores.begin(), scores.end());
    double sum = 0;
    double* out = &result.out[s.query(b, n, h)];
    for (int64_t j = 0; j < s.keys(); j++) {
      const double weight = std::exp(scores[j] - largest);
      sum += weight;
      add(round(weight), &x[2][s.key(b, j, h)], out, s.D);
    }
    for (int64_t d = 0; d < s.D; d++) out[d] = round(out[d] / sum);
    result.log_sum_exp[s.saved(b, n, h)] = largest + std::log(sum);
  });
  return result;
}

// The gradients likewise, from what forward gave.
Operands backward(const Shape& s, const Operands& x, const Forward& given, const Values& dout, bool roundings) {
  const auto round = [&](double value) { return roundings ? rounded(AP_BFLOAT16, value) : value; };
  Operands dx;
  for (int64_t which = 0; which < 3; which++) dx[which].resize(x[which].size());
  each_query(s, [&](int64_t b, int64_t h, int64_t n) {
    const int64_t row = s.query(b, n, h);
    const double* gradient = &dout[row];
    const double along = dot(gradient, &given.out[row], s.D);
    for (int64_t j = 0; j < s.keys(); j++) {
      const int64_t key = s.key(b, j, h);
      const double score = s.scale() * dot(&x[0][row], &x[1][key], s.D);
      const double weight = std::exp(score - given.log_sum_exp[s.saved(b, n, h)]);
      const double dscore = round(weight * (dot(gradient, &x[2][key], s.D) - along));
      add(s.scale() * dscore, &x[1][key], &dx[0][row], s.D);
      add(s.scale() * dscore, &x[0][row], &dx[1][key], s.D);
      add(round(weight), gradient, &dx[2][key], s.D);
    }
  });
  for (Values& part : dx.parts) {
    for (double& value : part) value = round(value);
  }
  return dx;
}

Operands tokens(const Shape& s) {
  Operands x{{normal(s.B * s.N * s.width()), normal(s.B * s.keys() * s.width()), normal(s.B * s.keys() * s.width())}};
  for (int64_t which = 0; which < 3; which++) {
    for (double& value : x[which]) {
      if (which < 2) value = s.spread * value + (which == 0 ? -s.apart : s.apart);
    }
    x[which] = rounded(AP_BFLOAT16, x[which]);
  }
  return x;
}

// Of bfloat16, twice the error that the same formula has with those roundings.
double bound(int32_t type, const Values& rounded_result, const Values& expected) {
  return type == AP_FLOAT32 ? kFloat32Bound : std::max(2 * relative_error(rounded_result, expected), kFloat32Bound);
}

void check_forward(int32_t type, const Shape& s) {
  const Operands x = tokens(s);
  Device device(type, s, x);
  Array out(type, s.B * s.N * s.width(), s.offset), log_sum_exp(AP_FLOAT32, s.B * s.H * s.N, s.offset);
  run_forward(type, s, device, out, log_sum_exp);
  const Forward expected = forward(s, x, false);
  expect_close("out", out, expected.out, bound(type, forward(s, x, true).out, expected.out));
  expect_close("log_sum_exp", log_sum_exp, expected.log_sum_exp, kFloat32Bound);
}

void check_backward(int32_t type, const Shape& s) {
  const Operands x = tokens(s);
  const Values dout = normal(s.B * s.N * s.width());
  const Forward exact = forward(s, x, false);
  const Forward given{rounded(type, exact.out), rounded(AP_FLOAT32, exact.log_sum_exp)};
  Device device(type, s, x), gradients(type, s);
  Array out(type, given.out, s.offset), device_dout(type, dout, s.offset);
  Array log_sum_exp(AP_FLOAT32, given.log_sum_exp, s.offset);
  run_backward(type, s, device, out, log_sum_exp, device_dout, gradients);
  const Operands expected = backward(s, x, exact, dout, false), with_roundings = backward(s, x, given, dout, true);
  const Operands found = gradients.values(s);
  for (int64_t which = 0; which < 3; which++) {
    const Values &wanted = expected[which], &allowed = with_roundings[which];
    const double error = relative_error(found[which], wanted), limit = bound(type, allowed, wanted);
    // of a single key, dq and dk are 0: nothing to be relative to
    const bool none = std::all_of(wanted.begin(), wanted.end(), [](double value) { return std::abs(value) < 1e-12; });
    if (none ? error <= 0.1 : error <= limit) continue;
    char message[200];
    std::snprintf(message, sizeof message, "d%c: relative error %.3g, allowed %.3g", "qkv"[which], error, limit);
    fail(message);
  }
}

// The gradient along a direction is what the forward pass shows when it goes a little way in it.
void finite_differences(int32_t which, const Shape& s) {
  const Operands x = tokens(s);
  const Values dout = normal(s.B * s.N * s.width()), direction = normal(static_cast<int64_t>(x[which].size()));
  const auto loss = [&](double way) {
    Operands moved = x;
    add(way, direction.data(), moved[which].data(), static_cast<int64_t>(direction.size()));
    Device device(AP_FLOAT32, s, moved);
    Array out(AP_FLOAT32, s.B * s.N * s.width()), log_sum_exp(AP_FLOAT32, s.H * s.N);
    run_forward(AP_FLOAT32, s, device, out, log_sum_exp);
    return dot(out.values().data(), dout.data(), s.B * s.N * s.width());
  };
  Device device(AP_FLOAT32, s, x), gradients(AP_FLOAT32, s);
  Array out(AP_FLOAT32, s.B * s.N * s.width()), log_sum_exp(AP_FLOAT32, s.H * s.N), device_dout(AP_FLOAT32, dout);
  run_forward(AP_FLOAT32, s, device, out, log_sum_exp);
  run_backward(AP_FLOAT32, s, device, out, log_sum_exp, device_dout, gradients);
  const double step = 1e-2, seen = (loss(step) - loss(-step)) / (2 * step);
  const double said = dot(gradients.values(s)[which].data(), direction.data(), static_cast<int64_t>(direction.size()));
  if (!(std::abs(seen - said) <= 1e-3 * std::max(1.0, std::abs(said)))) {
    fail("the gradient says " + std::to_string(said) + ", finite differences " + std::to_string(seen));
  }
}

// A query that is NaN spoils its own row alone; a value that is, its column of the head.
void not_a_number(int32_t type, const Shape& s) {
  Operands x = tokens(s);
  x[0][s.query(0, 7, 1) + 3] = std::nan("");
  x[2][s.key(0, s.keys() - 1, 0) + 5] = std::nan("");
  Device device(type, s, x);
  Array out(type, s.N * s.width()), log_sum_exp(AP_FLOAT32, s.H * s.N);
  run_forward(type, s, device, out, log_sum_exp);
  const Values result = out.values(), sums = log_sum_exp.values();
  each_query(s, [&](int64_t b, int64_t h, int64_t n) {
    for (int64_t d = 0; d < s.D; d++) {
      const bool expected = h == 1 ? n == 7 : d == 5;
      if (std::isnan(result[s.query(b, n, h) + d]) != expected) {
        fail("out of head " + std::to_string(h) + ", token " + std::to_string(n) + ", column " + std::to_string(d));
      }
    }
    if (std::isnan(sums[s.saved(b, n, h)]) != (h == 1 && n == 7)) fail("log_sum_exp of token " + std::to_string(n));
  });
}

std::vector<Shape> shapes(int32_t type) {
  std::vector<Shape> result;
  for (const int64_t N : {1, 2, 15, 16, 17, 49, 63, 64, 65}) result.push_back({2, N, 3, 64});
  for (const int64_t N : {197, 257}) result.push_back({1, N, 1, 64});
  for (const int64_t D : {8, 32, 40, 72, 80, 96, 128, 160}) result.push_back({1, 49, 2, D});
  for (const int64_t D : {16, 64, 104}) result.push_back({2, 37, 2, D, 1});
  const std::pair<int64_t, int64_t> lengths[] = {{1, 77}, {65, 1}, {33, 2}, {2, 17}, {100, 77}, {16, 130}};
  for (const auto& [N, M] : lengths) result.push_back(cross(2, N, M, 2, 40));
  for (const int64_t D : {16, 64, 72}) result.push_back(cross(2, 37, 21, 2, D, 1));
  result.push_back(cross(1, 70, 77, 1, 160));
  if (type == AP_FLOAT32) return result;
  // too long to lie in shared memory as a whole
  const std::pair<int64_t, int64_t> longer[] = {{721, 8}, {450, 48}, {400, 64}, {321, 72}, {257, 96}, {197, 128}};
  for (const auto& [N, D] : longer) result.push_back({1, N, 1, D});
  result.push_back({1, 197, 1, 160, 3});
  result.push_back(cross(1, 600, 77, 1, 64));
  result.push_back(cross(1, 33, 530, 1, 64));
  result.push_back(cross(1, 200, 330, 1, 104, 1));
  return result;
}

// What the kernels for Hopper have.
std::vector<Shape> wgmma_shapes() {
  std::vector<Shape> result;
  for (const int64_t N : {1, 16, 17, 49, 64, 65, 129, 197}) result.push_back({1, N, 2, 64});
  for (const int64_t D : {56, 72, 80}) result.push_back({2, 49, 2, D});
  const std::pair<int64_t, int64_t> lengths[] = {{1, 77}, {65, 1}, {33, 2}, {100, 77}, {16, 130}};
  for (const auto& [N, M] : lengths) result.push_back(cross(2, N, M, 1, 64));
  result.push_back(cross(1, 70, 77, 1, 72));
  // too long to lie in shared memory as a whole
  const std::pair<int64_t, int64_t> longer[] = {{450, 64}, {400, 56}, {321, 72}};
  for (const auto& [N, D] : longer) result.push_back({1, N, 1, D});
  result.push_back(cross(1, 600, 77, 1, 64));
  result.push_back(cross(1, 33, 530, 1, 64));
  result.push_back(cross(1, 200, 330, 1, 80));
  for (const double spread : {0.01, 3.0}) result.push_back({1, 97, 2, 64, 0, spread});
  for (const double sharpness : {-1.0, 0.0, 3.0}) result.push_back({1, 50, 2, 72, 0, 1, sharpness});
  result.push_back({1, 19, 2, 64, 0, 0.25, 8, 4});
  return result;
}

// While it lives, attention is by the kernels of that name: AUTOPROG_ATTENTION.
class Kernels {
 public:
  explicit Kernels(const char* name) {
    setenv(kVariable, name, 1);
    context = ap_context_create(1);
    unsetenv(kVariable);
  }
  ~Kernels() {
    ap_context_destroy(context);
    context = usual_;
  }
  Kernels(const Kernels&) = delete;
  Kernels& operator=(const Kernels&) = delete;

 private:
  static constexpr const char* kVariable = "AUTOPROG_ATTENTION";
  ap_context* const usual_ = context;
};

std::string text(double x) {
  std::string result = std::to_string(x);
  while (result.back() == '0') result.pop_back();
  if (result.back() == '.') result.pop_back();
  return result;
}

// Nothing to do is no failure.
void nothing(int32_t type) {
  Array x(type, {1.0}), log_sum_exp(AP_FLOAT32, {1.0});
  run(ap_cross_attention_forward(context, type, 0, 5, 3, 2, 8, 1, x, x, x, log_sum_exp));
  run(ap_cross_attention_backward(context, type, 0, 5, 3, 2, 8, 1, x, x, x, log_sum_exp, x, x, x));
  run(ap_attention_forward(context, type, 0, 5, 2, 8, 1, x, x, log_sum_exp));
  run(ap_attention_backward(context, type, 0, 5, 2, 8, 1, x, x, log_sum_exp, x, x));
  expect_equal("x", x, {1});
}

}  // namespace

int main(int argc, char** argv) {
  Suite suite;
  const auto named = [](int32_t type, const Shape& s, const std::string& kernels) {
    std::string of = name(type) + (s.cross() ? " cross" + sizes({s.B, s.N, s.M, s.H, s.D}, s.offset)
                                             : sizes({s.B, s.N, s.H, s.D}, s.offset));
    if (s.spread != 1) of += " spread " + text(s.spread);
    if (s.sharpness != 1) of += " sharpness " + text(s.sharpness);
    if (s.apart != 0) of += " apart " + text(s.apart);
    return kernels == "mma" ? of : " by " + kernels + of;
  };
  const auto add_forward = [&](int32_t type, const Shape& s, const char* kernels) {
    suite.add("forward" + named(type, s, kernels), [=] {
      const Kernels use(kernels);
      check_forward(type, s);
    });
  };
  const auto add = [&](int32_t type, const Shape& s, const char* kernels) {
    add_forward(type, s, kernels);
    suite.add("backward" + named(type, s, kernels), [=] {
      const Kernels use(kernels);
      check_backward(type, s);
    });
  };
  for (const int32_t type : kTypes) {
    for (const Shape& s : shapes(type)) add(type, s, "mma");
    for (const double spread : {0.01, 3.0}) add(type, {1, 97, 2, 64, 0, spread}, "mma");
    for (const double sharpness : {-1.0, 0.0, 3.0}) add(type, {1, 50, 2, 40, 0, 1, sharpness}, "mma");
    add(type, {1, 19, 2, 8, 0, 0.25, std::sqrt(8.0), 4}, "mma");
    suite.add("NaN spreads no further than it must" + name(type), [=] { not_a_number(type, {1, 33, 2, 16}); });
    suite.add("NaN spreads no further than it must, cross" + name(type),
              [=] { not_a_number(type, cross(1, 33, 21, 2, 16)); });
  }
  for (const Shape& s : wgmma_shapes()) {
    add(AP_BFLOAT16, s, "wgmma");
    add_forward(AP_BFLOAT16, s, "wgmma-pairs");
  }
  // both, as which is faster
  for (const int64_t N : {65, 128, 197}) add(AP_BFLOAT16, {1, N, 1, 64}, "either");
  add(AP_BFLOAT16, cross(1, 128, 77, 1, 72), "either");
  for (const char* kernels : {"wgmma", "wgmma-pairs"}) {
    suite.add(std::string("NaN spreads no further than it must, by ") + kernels, [=] {
      const Kernels use(kernels);
      not_a_number(AP_BFLOAT16, {1, 33, 2, 64});
    });
  }
  // heads that lie in shared memory as a whole, and tiles, where the device has room for them
  const auto add_little = [&](int32_t type, const Shape& s) {
    const auto with = [=](auto check) {
      return [=] {
        with_little_shared([&] {
          const Kernels use("mma");
          check(type, s);
        });
      };
    };
    suite.add("forward, little shared memory" + named(type, s, "mma"), with(check_forward));
    suite.add("backward, little shared memory" + named(type, s, "mma"), with(check_backward));
  };
  for (const Shape& s : {Shape{1, 300, 1, 64}, Shape{1, 250, 1, 80}, Shape{1, 150, 1, 128}, Shape{2, 130, 1, 160}}) {
    add_little(AP_BFLOAT16, s);
  }
  for (const int64_t D : {128, 160}) add_little(AP_FLOAT32, {1, 40, 2, D});
  // so many heads that one block has all the queries of each
  suite.add("forward of many heads, by wgmma", [] {
    const Kernels use("wgmma");
    check_forward(AP_BFLOAT16, cross(19, 129, 5, 7, 56));
  });
  suite.add("backward of many heads, by wgmma", [] {
    const Kernels use("wgmma");
    check_backward(AP_BFLOAT16, cross(19, 65, 5, 7, 56));
    check_backward(AP_BFLOAT16, cross(19, 5, 65, 7, 56));
  });
  suite.add("forward of many heads", [] { check_forward(AP_BFLOAT16, {19, 129, 7, 8}); });
  suite.add("backward of many heads", [] { check_backward(AP_BFLOAT16, {19, 97, 7, 8}); });
  suite.add("forward of many heads, cross", [] { check_forward(AP_BFLOAT16, cross(19, 129, 21, 7, 8)); });
  suite.add("backward of many heads, cross", [] { check_backward(AP_BFLOAT16, cross(19, 97, 33, 7, 8)); });
  for (const int32_t type : kTypes) suite.add("no samples" + name(type), [=] { nothing(type); });
  for (const int32_t which : {0, 1, 2}) {
    suite.add(std::string("finite differences of ") + "qkv"[which], [=] { finite_differences(which, {1, 5, 2, 8}); });
    suite.add(std::string("finite differences of cross ") + "qkv"[which],
              [=] { finite_differences(which, cross(1, 5, 7, 2, 8)); });
  }
  return suite.run(argc, argv);
}
