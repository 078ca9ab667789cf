// attention.cuh against its definition in float64.
#include <algorithm>

#include "check.hpp"

using namespace check;

namespace {

struct Shape {
  int64_t B, N, H, D;
  int64_t offset = 0;    // of the first element from an aligned address
  double spread = 1;     // of queries and keys: large ones saturate the softmax
  double sharpness = 1;  // the scale is that over the square root of D
  double apart = 0;      // queries are shifted by that down, keys up: all scores are far below zero

  int64_t elements() const { return B * N * H * D; }
  double scale() const { return static_cast<float>(sharpness / std::sqrt(static_cast<double>(D))); }
  int64_t packed(int64_t b, int64_t n, int64_t which, int64_t h) const {
    return (((b * N + n) * 3 + which) * H + h) * D;
  }
  int64_t row(int64_t b, int64_t n, int64_t h) const { return ((b * N + n) * H + h) * D; }
};

using Values = std::vector<double>;

struct Forward {
  Values out, log_sum_exp;
};

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
Forward forward(const Shape& s, const Values& qkv, bool roundings) {
  const auto round = [&](double x) { return roundings ? rounded(AP_BFLOAT16, x) : x; };
  Forward result{Values(s.elements()), Values(s.B * s.H * s.N)};
  Values scores(s.N);
  each_query(s, [&](int64_t b, int64_t h, int64_t n) {
    for (int64_t j = 0; j < s.N; j++) {
      scores[j] = s.scale() * dot(&qkv[s.packed(b, n, 0, h)], &qkv[s.packed(b, j, 1, h)], s.D);
    }
    const double largest = *std::max_element(scores.begin(), scores.end());
    double sum = 0;
    double* out = &result.out[s.row(b, n, h)];
    for (int64_t j = 0; j < s.N; j++) {
      const double weight = std::exp(scores[j] - largest);
      sum += weight;
      add(round(weight), &qkv[s.packed(b, j, 2, h)], out, s.D);
    }
    for (int64_t d = 0; d < s.D; d++) out[d] = round(out[d] / sum);
    result.log_sum_exp[(b * s.H + h) * s.N + n] = largest + std::log(sum);
  });
  return result;
}

// dqkv likewise, from what forward gave.
Values backward(const Shape& s, const Values& qkv, const Forward& given, const Values& dout, bool roundings) {
  const auto round = [&](double x) { return roundings ? rounded(AP_BFLOAT16, x) : x; };
  Values dqkv(3 * s.elements());
  each_query(s, [&](int64_t b, int64_t h, int64_t n) {
    const double *q = &qkv[s.packed(b, n, 0, h)], *gradient = &dout[s.row(b, n, h)];
    const double along = dot(gradient, &given.out[s.row(b, n, h)], s.D);
    for (int64_t j = 0; j < s.N; j++) {
      const double *k = &qkv[s.packed(b, j, 1, h)], *v = &qkv[s.packed(b, j, 2, h)];
      const double weight = std::exp(s.scale() * dot(q, k, s.D) - given.log_sum_exp[(b * s.H + h) * s.N + n]);
      const double dscore = round(weight * (dot(gradient, v, s.D) - along));
      add(s.scale() * dscore, k, &dqkv[s.packed(b, n, 0, h)], s.D);
      add(s.scale() * dscore, q, &dqkv[s.packed(b, j, 1, h)], s.D);
      add(round(weight), gradient, &dqkv[s.packed(b, j, 2, h)], s.D);
    }
  });
  for (double& value : dqkv) value = round(value);
  return dqkv;
}

Values tokens(const Shape& s) {
  Values qkv = normal(3 * s.elements());
  each_query(s, [&](int64_t b, int64_t h, int64_t n) {
    for (int64_t i = 0; i < 2; i++) {
      for (int64_t d = 0; d < s.D; d++) {
        double& x = qkv[s.packed(b, n, i, h) + d];
        x = s.spread * x + (i == 0 ? -s.apart : s.apart);
      }
    }
  });
  return rounded(AP_BFLOAT16, qkv);
}

// Of bfloat16, twice the error that the same formula has with those roundings.
double bound(int32_t type, const Values& rounded_result, const Values& expected) {
  return type == AP_FLOAT32 ? kFloat32Bound : std::max(2 * relative_error(rounded_result, expected), kFloat32Bound);
}

void check_forward(int32_t type, const Shape& s) {
  const Values qkv = tokens(s);
  Array device_qkv(type, qkv, s.offset), out(type, s.elements(), s.offset);
  Array log_sum_exp(AP_FLOAT32, s.B * s.H * s.N, s.offset);
  run(ap_attention_forward(context, type, s.B, s.N, s.H, s.D, static_cast<float>(s.scale()), device_qkv, out,
                           log_sum_exp));
  const Forward expected = forward(s, qkv, false);
  expect_close("out", out, expected.out, bound(type, forward(s, qkv, true).out, expected.out));
  expect_close("log_sum_exp", log_sum_exp, expected.log_sum_exp, kFloat32Bound);
}

// Part `which` of each token of a packed tensor.
Values part(const Shape& s, const Values& packed, int64_t which) {
  Values result;
  const int64_t width = s.H * s.D;
  for (int64_t n = 0; n < s.B * s.N; n++) {
    const auto begin = packed.begin() + (3 * n + which) * width;
    result.insert(result.end(), begin, begin + width);
  }
  return result;
}

void check_backward(int32_t type, const Shape& s) {
  const Values qkv = tokens(s), dout = normal(s.elements());
  const Forward exact = forward(s, qkv, false);
  const Forward given{rounded(type, exact.out), rounded(AP_FLOAT32, exact.log_sum_exp)};
  Array device_qkv(type, qkv, s.offset), out(type, given.out, s.offset), device_dout(type, dout, s.offset);
  Array log_sum_exp(AP_FLOAT32, given.log_sum_exp, s.offset), dqkv(type, 3 * s.elements(), s.offset);
  run(ap_attention_backward(context, type, s.B, s.N, s.H, s.D, static_cast<float>(s.scale()), device_qkv, out,
                            log_sum_exp, device_dout, dqkv));
  const Values expected = backward(s, qkv, exact, dout, false), with_roundings = backward(s, qkv, given, dout, true);
  const Values found = dqkv.values();
  for (int64_t which = 0; which < 3; which++) {
    const Values wanted = part(s, expected, which), allowed = part(s, with_roundings, which);
    const double error = relative_error(part(s, found, which), wanted), limit = bound(type, allowed, wanted);
    // of a single key, dq and dk are 0: nothing to be relative to
    const bool none = std::all_of(wanted.begin(), wanted.end(), [](double x) { return std::abs(x) < 1e-12; });
    if (none ? error <= 0.1 : error <= limit) continue;
    char message[200];
    std::snprintf(message, sizeof message, "d%c: relative error %.3g, allowed %.3g", "qkv"[which], error, limit);
    fail(message);
  }
}

// The gradient along a direction is what the forward pass shows when it goes a little way in it.
void finite_differences(int32_t which) {
  const Shape s{1, 5, 2, 8};
  const Values qkv = tokens(s), dout = normal(s.elements());
  Values direction(3 * s.elements());
  each_query(s, [&](int64_t b, int64_t h, int64_t n) {
    const Values step = normal(s.D);
    std::copy(step.begin(), step.end(), &direction[s.packed(b, n, which, h)]);
  });
  const auto loss = [&](double way) {
    Values moved = qkv;
    add(way, direction.data(), moved.data(), 3 * s.elements());
    Array device_qkv(AP_FLOAT32, moved), out(AP_FLOAT32, s.elements()), log_sum_exp(AP_FLOAT32, s.H * s.N);
    run(ap_attention_forward(context, AP_FLOAT32, s.B, s.N, s.H, s.D, static_cast<float>(s.scale()), device_qkv, out,
                             log_sum_exp));
    return dot(out.values().data(), dout.data(), s.elements());
  };
  Array device_qkv(AP_FLOAT32, qkv), out(AP_FLOAT32, s.elements()), log_sum_exp(AP_FLOAT32, s.H * s.N);
  Array device_dout(AP_FLOAT32, dout), dqkv(AP_FLOAT32, 3 * s.elements());
  run(ap_attention_forward(context, AP_FLOAT32, s.B, s.N, s.H, s.D, static_cast<float>(s.scale()), device_qkv, out,
                           log_sum_exp));
  run(ap_attention_backward(context, AP_FLOAT32, s.B, s.N, s.H, s.D, static_cast<float>(s.scale()), device_qkv, out,
                            log_sum_exp, device_dout, dqkv));
  const double step = 1e-2, seen = (loss(step) - loss(-step)) / (2 * step);
  const double said = dot(dqkv.values().data(), direction.data(), 3 * s.elements());
  if (!(std::abs(seen - said) <= 1e-3 * std::max(1.0, std::abs(said)))) {
    fail("the gradient says " + std::to_string(said) + ", finite differences " + std::to_string(seen));
  }
}

// A query that is NaN spoils its own row alone; a value that is, its column of the head.
void not_a_number(int32_t type) {
  const Shape s{1, 33, 2, 16};
  Values qkv = tokens(s);
  qkv[s.packed(0, 7, 0, 1) + 3] = std::nan("");
  qkv[s.packed(0, 32, 2, 0) + 5] = std::nan("");
  Array device_qkv(type, qkv), out(type, s.elements()), log_sum_exp(AP_FLOAT32, s.H * s.N);
  run(ap_attention_forward(context, type, s.B, s.N, s.H, s.D, static_cast<float>(s.scale()), device_qkv, out,
                           log_sum_exp));
  const Values result = out.values(), sums = log_sum_exp.values();
  each_query(s, [&](int64_t b, int64_t h, int64_t n) {
    for (int64_t d = 0; d < s.D; d++) {
      const bool expected = h == 1 ? n == 7 : d == 5;
      if (std::isnan(result[s.row(b, n, h) + d]) != expected) {
        fail("out of head " + std::to_string(h) + ", token " + std::to_string(n) + ", column " + std::to_string(d));
      }
    }
    if (std::isnan(sums[h * s.N + n]) != (h == 1 && n == 7)) fail("log_sum_exp of token " + std::to_string(n));
  });
}

std::vector<Shape> shapes(int32_t type) {
  std::vector<Shape> result;
  for (const int64_t N : {1, 2, 15, 16, 17, 49, 63, 64, 65}) result.push_back({2, N, 3, 64});
  for (const int64_t N : {197, 257}) result.push_back({1, N, 1, 64});
  for (const int64_t D : {8, 32, 40, 72, 80, 96, 128, 160}) result.push_back({1, 49, 2, D});
  for (const int64_t D : {16, 64, 104}) result.push_back({2, 37, 2, D, 1});
  if (type == AP_FLOAT32) return result;
  // too long to lie in shared memory as a whole
  const std::pair<int64_t, int64_t> longer[] = {{721, 8}, {450, 48}, {400, 64}, {321, 72}, {257, 96}, {197, 128}};
  for (const auto& [N, D] : longer) result.push_back({1, N, 1, D});
  result.push_back({1, 197, 1, 160, 3});
  return result;
}

std::string text(double x) {
  std::string result = std::to_string(x);
  while (result.back() == '0') result.pop_back();
  if (result.back() == '.') result.pop_back();
  return result;
}

// Nothing to do is no failure.
void nothing(int32_t type) {
  Array x(type, {1.0}), log_sum_exp(AP_FLOAT32, {1.0});
  run(ap_attention_forward(context, type, 0, 5, 2, 8, 1, x, x, log_sum_exp));
  run(ap_attention_backward(context, type, 0, 5, 2, 8, 1, x, x, log_sum_exp, x, x));
  expect_equal("x", x, {1});
}

}  // namespace

int main(int argc, char** argv) {
  Suite suite;
  const auto add = [&](int32_t type, const Shape& s) {
    std::string of = name(type) + sizes({s.B, s.N, s.H, s.D}, s.offset);
    if (s.spread != 1) of += " spread " + text(s.spread);
    if (s.sharpness != 1) of += " sharpness " + text(s.sharpness);
    if (s.apart != 0) of += " apart " + text(s.apart);
    suite.add("forward" + of, [=] { check_forward(type, s); });
    suite.add("backward" + of, [=] { check_backward(type, s); });
  };
  for (const int32_t type : kTypes) {
    for (const Shape& s : shapes(type)) add(type, s);
    for (const double spread : {0.01, 3.0}) add(type, {1, 97, 2, 64, 0, spread});
    for (const double sharpness : {-1.0, 0.0, 3.0}) add(type, {1, 50, 2, 40, 0, 1, sharpness});
    add(type, {1, 19, 2, 8, 0, 0.25, std::sqrt(8.0), 4});
    suite.add("NaN spreads no further than it must" + name(type), [=] { not_a_number(type); });
  }
  // so many heads that one block has all the queries of each
  suite.add("forward of many heads", [] { check_forward(AP_BFLOAT16, {19, 129, 7, 8}); });
  suite.add("backward of many heads", [] { check_backward(AP_BFLOAT16, {19, 97, 7, 8}); });
  for (const int32_t type : kTypes) suite.add("no samples" + name(type), [=] { nothing(type); });
  for (const int32_t which : {0, 1, 2}) {
    suite.add(std::string("finite differences of ") + "qkv"[which], [=] { finite_differences(which); });
  }
  return suite.run(argc, argv);
}
