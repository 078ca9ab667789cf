// modulation.cuh against its definition in float64.
#include "check.hpp"

using namespace check;

namespace {

constexpr double kEpsilon = 1e-6;

struct Shape {
  int64_t B, N, C, chunks, offset;

  int64_t tokens() const { return B * N * C; }
  int64_t all_chunks() const { return B * chunks * C; }
  // Where chunk `index` has what acts on element i of the tokens.
  size_t at(size_t i, int64_t index) const {
    const int64_t sample = static_cast<int64_t>(i) / (N * C);
    return static_cast<size_t>((sample * chunks + index) * C + static_cast<int64_t>(i) % C);
  }
};
constexpr Shape kShapes[] = {{1, 1, 1, 3, 0},    {2, 3, 5, 4, 0},    {3, 9, 64, 3, 0},   {3, 9, 64, 6, 1},
                             {2, 65, 8, 3, 0},   {5, 2, 197, 3, 0},  {1, 70, 264, 3, 0}, {7, 1, 33, 3, 2},
                             {2, 3, 192, 6, 0},  {2, 37, 384, 6, 0}, {3, 2, 768, 3, 0},  {2, 3, 1152, 6, 0},
                             {1, 2, 1160, 3, 0}, {1, 3, 2048, 3, 0}, {1, 2, 4104, 3, 0}, {2, 130, 5, 3, 0}};
constexpr int64_t kShift = 2, kScale = 1, kGate = 1;

struct Statistics {
  std::vector<double> mean, rstd;  // rounded to float32
};

Statistics statistics(const Shape& s, const std::vector<double>& x) {
  Statistics result;
  for (int64_t row = 0; row < s.B * s.N; row++) {
    double mean = 0, variance = 0;
    for (int64_t c = 0; c < s.C; c++) mean += x[row * s.C + c] / static_cast<double>(s.C);
    for (int64_t c = 0; c < s.C; c++) {
      variance += (x[row * s.C + c] - mean) * (x[row * s.C + c] - mean) / static_cast<double>(s.C);
    }
    result.mean.push_back(static_cast<float>(mean));
    result.rstd.push_back(static_cast<float>(1 / std::sqrt(variance + kEpsilon)));
  }
  return result;
}

void norm_forward(int32_t type, const Shape& s) {
  const auto x = normal(s.tokens(), 2, 1), m = normal(s.all_chunks(), 0.5);
  Array device_x(type, x, s.offset), device_m(type, m, s.offset), y(type, s.tokens(), s.offset);
  Array mean(AP_FLOAT32, s.B * s.N), rstd(AP_FLOAT32, s.B * s.N);
  run(ap_modulated_norm_forward(context, type, s.B, s.N, s.C, s.chunks, kShift, kScale, static_cast<float>(kEpsilon),
                                device_x, device_m, y, mean, rstd));
  const Statistics expected = statistics(s, x);
  const auto result = [&](size_t i) {
    const double normalised = (x[i] - expected.mean[i / s.C]) * expected.rstd[i / s.C];
    return normalised * (1 + m[s.at(i, kScale)]) + m[s.at(i, kShift)];
  };
  expect_close("y", y, made(s.tokens(), result), bound(type));
  expect_close("mean", mean, expected.mean, kFloat32Bound);
  expect_close("rstd", rstd, expected.rstd, kFloat32Bound);
}

enum class Base { none, apart, in_place };
enum class Wanted { both, tokens, chunks };

// before (B,chunks,C) with the sums over tokens of terms (B,N,C) in one chunk
std::vector<double> with_sums(const Shape& s, int64_t chunk, const std::vector<double>& terms,
                              std::vector<double> before) {
  for (size_t i = 0; i < terms.size(); i++) before[s.at(i, chunk)] = 0;
  for (size_t i = 0; i < terms.size(); i++) before[s.at(i, chunk)] += terms[i];
  return before;
}

void norm_backward(int32_t type, const Shape& s, Base kind, Wanted wanted) {
  const auto x = normal(s.tokens(), 2, 1), m = normal(s.all_chunks(), 0.5), dy = normal(s.tokens());
  const auto base = normal(s.tokens()), before = normal(s.all_chunks());
  const Statistics given = statistics(s, x);
  Array device_x(type, x, s.offset), device_m(type, m, s.offset), device_dy(type, dy, s.offset);
  Array device_base(type, base, s.offset), poisoned(type, s.tokens(), s.offset), dm(type, before, s.offset);
  Array mean(AP_FLOAT32, given.mean), rstd(AP_FLOAT32, given.rstd);
  Array& dx = kind == Base::in_place ? device_base : poisoned;
  run(ap_modulated_norm_backward(context, type, s.B, s.N, s.C, s.chunks, kShift, kScale, device_x, device_m, mean, rstd,
                                 device_dy, kind == Base::none ? nullptr : static_cast<void*>(device_base),
                                 wanted == Wanted::chunks ? nullptr : static_cast<void*>(dx),
                                 wanted == Wanted::tokens ? nullptr : static_cast<void*>(dm)));
  std::vector<double> result(x.size()), along(x.size());
  for (size_t row = 0; row < given.mean.size(); row++) {
    double mean_gradient = 0, mean_along = 0;
    const size_t first = row * static_cast<size_t>(s.C), last = first + static_cast<size_t>(s.C);
    const auto normalised = [&](size_t i) { return (x[i] - given.mean[row]) * given.rstd[row]; };
    const auto gradient = [&](size_t i) { return dy[i] * (1 + m[s.at(i, kScale)]); };
    for (size_t i = first; i < last; i++) {
      mean_gradient += gradient(i) / static_cast<double>(s.C);
      mean_along += gradient(i) * normalised(i) / static_cast<double>(s.C);
      along[i] = dy[i] * normalised(i);
    }
    for (size_t i = first; i < last; i++) {
      result[i] = given.rstd[row] * (gradient(i) - mean_gradient - normalised(i) * mean_along);
      if (kind != Base::none) result[i] += base[i];
    }
  }
  if (wanted != Wanted::chunks) expect_close("dx", dx, result, bound(type));
  const auto sums = with_sums(s, kScale, along, with_sums(s, kShift, dy, before));
  expect_close("dmodulation", dm, wanted == Wanted::tokens ? before : sums, bound(type));
}

void gate_forward(int32_t type, const Shape& s, bool in_place) {
  const auto x = normal(s.tokens()), branch = normal(s.tokens()), m = normal(s.all_chunks());
  Array device_x(type, x, s.offset), device_branch(type, branch, s.offset), device_m(type, m, s.offset);
  Array poisoned(type, s.tokens(), s.offset);
  Array& y = in_place ? device_x : poisoned;
  run(ap_gate_forward(context, type, s.B, s.N, s.C, s.chunks, kGate, device_x, device_branch, device_m, y));
  const auto sum = [&](size_t i) { return x[i] + m[s.at(i, kGate)] * branch[i]; };
  expect_close("y", y, made(s.tokens(), sum), bound(type));
}

void gate_backward(int32_t type, const Shape& s, Wanted wanted) {
  const auto dy = normal(s.tokens()), branch = normal(s.tokens()), m = normal(s.all_chunks());
  const auto before = normal(s.all_chunks());
  Array device_dy(type, dy, s.offset), device_branch(type, branch, s.offset), device_m(type, m, s.offset);
  Array dbranch(type, s.tokens(), s.offset), dm(type, before, s.offset);
  run(ap_gate_backward(context, type, s.B, s.N, s.C, s.chunks, kGate, device_dy, device_branch, device_m,
                       wanted == Wanted::chunks ? nullptr : static_cast<void*>(dbranch),
                       wanted == Wanted::tokens ? nullptr : static_cast<void*>(dm)));
  const auto scaled = [&](size_t i) { return m[s.at(i, kGate)] * dy[i]; };
  if (wanted != Wanted::chunks) expect_close("dbranch", dbranch, made(s.tokens(), scaled), bound(type));
  const auto products = made(s.tokens(), [&](size_t i) { return dy[i] * branch[i]; });
  const auto sums = with_sums(s, kGate, products, before);
  expect_close("dmodulation", dm, wanted == Wanted::tokens ? before : sums, bound(type));
}

void tokens(int32_t type, Shape s, bool in_place) {
  s.chunks = 1;
  const auto x = normal(s.tokens(), 1, 0.5), t = normal(s.all_chunks());
  Array device_x(type, x, s.offset), device_t(type, t, s.offset), poisoned(type, s.tokens(), s.offset);
  Array dt(type, s.all_chunks(), s.offset);
  run(ap_sum_over_tokens(context, type, s.B, s.N, s.C, device_x, dt));
  expect_close("dt", dt, with_sums(s, 0, x, t), bound(type));
  Array& y = in_place ? device_x : poisoned;
  run(ap_add_to_tokens(context, type, s.B, s.N, s.C, device_x, device_t, y));
  expect_close("y", y, made(s.tokens(), [&](size_t i) { return x[i] + t[s.at(i, 0)]; }), bound(type));
}

// NaN stays in its token, and in the sums of its sample.
void not_a_number(int32_t type) {
  const Shape s{2, 3, 8, 3, 0};
  auto dy = normal(s.tokens());
  dy[3 * 8 + 5] = kNaN;
  const auto branch = normal(s.tokens()), m = normal(s.all_chunks());
  Array device_dy(type, dy), device_branch(type, branch), device_m(type, m), dbranch(type, s.tokens());
  Array dm(type, s.all_chunks());
  run(ap_gate_backward(context, type, 2, 3, 8, 3, kGate, device_dy, device_branch, device_m, dbranch, dm));
  const auto gradients = dbranch.values(), sums = dm.values();
  for (size_t i = 0; i < gradients.size(); i++) {
    if (std::isnan(gradients[i]) != (i == 3 * 8 + 5)) fail("dbranch[" + std::to_string(i) + "]");
  }
  for (size_t i = 0; i < 8; i++) {
    if (std::isnan(sums[8 * kGate + i])) fail("NaN is in the wrong sample");
    if (std::isnan(sums[8 * (3 + kGate) + i]) != (i == 5)) fail("NaN is lost or has spread");
  }
}

}  // namespace

int main(int argc, char** argv) {
  Suite suite;
  for (const int32_t type : kTypes) {
    for (const Shape& s : kShapes) {
      const std::string of = name(type) + sizes({s.B, s.N, s.C, s.chunks}, s.offset);
      suite.add("norm forward" + of, [=] { norm_forward(type, s); });
      suite.add("norm backward" + of, [=] { norm_backward(type, s, Base::none, Wanted::both); });
      suite.add("norm backward with base" + of, [=] { norm_backward(type, s, Base::apart, Wanted::both); });
      suite.add("norm backward in place" + of, [=] { norm_backward(type, s, Base::in_place, Wanted::both); });
      suite.add("norm backward to the tokens" + of, [=] { norm_backward(type, s, Base::apart, Wanted::tokens); });
      suite.add("norm backward to the chunks" + of, [=] { norm_backward(type, s, Base::none, Wanted::chunks); });
      suite.add("gate forward" + of, [=] { gate_forward(type, s, false); });
      suite.add("gate forward in place" + of, [=] { gate_forward(type, s, true); });
      suite.add("gate backward" + of, [=] { gate_backward(type, s, Wanted::both); });
      suite.add("gate backward to the branch" + of, [=] { gate_backward(type, s, Wanted::tokens); });
      suite.add("gate backward to the chunk" + of, [=] { gate_backward(type, s, Wanted::chunks); });
      suite.add("tokens" + of, [=] { tokens(type, s, false); });
      suite.add("tokens in place" + of, [=] { tokens(type, s, true); });
    }
    suite.add("NaN" + name(type), [=] { not_a_number(type); });
  }
  // more samples than a grid has blocks across
  suite.add("many samples", [] { tokens(AP_FLOAT32, {65537, 1, 1, 1, 0}, false); });
  return suite.run(argc, argv);
}
