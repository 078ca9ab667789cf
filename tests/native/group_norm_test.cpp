// group_norm.cuh against its definition in float64.
#include "check.hpp"

using namespace check;

namespace {

constexpr double kEpsilon = 1e-5;

struct Shape {
  int64_t B, N, C, G;
  int64_t offset = 0;  // of the first element from an aligned address

  int64_t elements() const { return B * N * C; }
  size_t group(size_t i) const {
    const auto at = static_cast<int64_t>(i);
    return static_cast<size_t>(at / (N * C) * G + at % C / (C / G));
  }
  size_t channel(size_t i) const { return i % static_cast<size_t>(C); }
  double count() const { return static_cast<double>(N * (C / G)); }
};
constexpr Shape kShapes[] = {{1, 1, 1, 1},
                             {2, 1, 6, 2},
                             {3, 9, 8, 8, 1},
                             {2, 65, 30, 3},
                             {1, 197, 65, 1},
                             {2, 63, 96, 12},
                             {2, 63, 96, 12, 3},
                             {1, 40, 32, 1},
                             {5, 20, 64, 4, 0},
                             {1, 130, 1030, 2},
                             // groups of 10 channels, which vectors straddle, in slabs with a rest; one pixel, and
                             // several groups in a vector; each channel its own group; tiles of channels that end in
                             // a group; and slabs of which a thread has more than it loads at once
                             {2, 53, 320, 32},
                             {3, 1, 64, 32},
                             {2, 37, 24, 24},
                             {1, 5, 2056, 8},
                             {1, 523, 257, 1}};

struct Statistics {
  std::vector<double> mean, rstd;
};

// Rounded to float32, as the backward kernels get them, if asked for.
Statistics statistics(const Shape& s, const std::vector<double>& x, bool rounded) {
  const auto groups = static_cast<size_t>(s.B * s.G);
  Statistics result{std::vector<double>(groups), std::vector<double>(groups)};
  for (size_t i = 0; i < x.size(); i++) result.mean[s.group(i)] += x[i] / s.count();
  for (size_t i = 0; i < x.size(); i++) {
    const double difference = x[i] - result.mean[s.group(i)];
    result.rstd[s.group(i)] += difference * difference / s.count();
  }
  for (double& variance : result.rstd) variance = 1 / std::sqrt(variance + kEpsilon);
  for (size_t g = 0; rounded && g < groups; g++) {
    result.mean[g] = static_cast<float>(result.mean[g]);
    result.rstd[g] = static_cast<float>(result.rstd[g]);
  }
  return result;
}

double logistic(double z) {
  return 1 / (1 + std::exp(-z));
}

void forward(int32_t type, const Shape& s, bool silu, const std::vector<double>& x) {
  const auto gain = normal(s.C, 0.5, 1), bias = normal(s.C);
  Array device_x(type, x, s.offset), device_gain(AP_FLOAT32, gain, s.offset), device_bias(AP_FLOAT32, bias, s.offset);
  Array y(type, s.elements(), s.offset), mean(AP_FLOAT32, s.B * s.G), rstd(AP_FLOAT32, s.B * s.G);
  run(ap_group_norm_forward(context, type, s.B, s.N, s.C, s.G, static_cast<float>(kEpsilon), silu, device_x,
                            device_gain, device_bias, y, mean, rstd));
  const Statistics expected = statistics(s, x, false);
  expect_close("y", y,
               made(s.elements(),
                    [&](size_t i) {
                      const double normalised = (x[i] - expected.mean[s.group(i)]) * expected.rstd[s.group(i)];
                      const double z = normalised * gain[s.channel(i)] + bias[s.channel(i)];
                      return silu ? z * logistic(z) : z;
                    }),
               bound(type));
  expect_close("mean", mean, expected.mean, kFloat32Bound);
  expect_close("rstd", rstd, expected.rstd, kFloat32Bound);
}

// Where float32 cannot hold the mean as it is, though each number.
void forward_far_from_zero(const Shape& s) {
  auto x = integers(s.elements(), -1024, 1024);
  for (double& value : x) value = 4096 + value / 256;
  forward(AP_FLOAT32, s, false, x);
}

// What a backward kernel gets, and the gradient by z.
struct Given {
  std::vector<double> x, gain, bias, dy, dz, normalised;
  Statistics saved;

  Given(const Shape& s, bool silu)
      : x(normal(s.elements(), 2, 1)),
        gain(normal(s.C, 0.5, 1)),
        bias(normal(s.C)),
        dy(normal(s.elements())),
        saved(statistics(s, x, true)) {
    for (size_t i = 0; i < x.size(); i++) {
      normalised.push_back((x[i] - saved.mean[s.group(i)]) * saved.rstd[s.group(i)]);
      const double z = normalised[i] * gain[s.channel(i)] + bias[s.channel(i)], sigma = logistic(z);
      dz.push_back(silu ? dy[i] * sigma * (1 + z * (1 - sigma)) : dy[i]);
    }
  }
};

enum class Base { none, apart, in_place };

void backward(int32_t type, const Shape& s, bool silu, Base kind) {
  const Given given(s, silu);
  const auto base = normal(s.elements());
  Array x(type, given.x, s.offset), gain(AP_FLOAT32, given.gain, s.offset), bias(AP_FLOAT32, given.bias, s.offset);
  Array dy(type, given.dy, s.offset), device_base(type, base, s.offset), poisoned(type, s.elements(), s.offset);
  Array mean(AP_FLOAT32, given.saved.mean), rstd(AP_FLOAT32, given.saved.rstd);
  Array& dx = kind == Base::in_place ? device_base : poisoned;
  run(ap_group_norm_backward(context, type, s.B, s.N, s.C, s.G, silu, x, gain, bias, mean, rstd, dy,
                             kind == Base::none ? nullptr : static_cast<void*>(device_base), dx));
  std::vector<double> mean_gradient(given.saved.mean.size()), mean_along(given.saved.mean.size());
  const auto gradient = [&](size_t i) { return given.dz[i] * given.gain[s.channel(i)]; };
  for (size_t i = 0; i < base.size(); i++) {
    mean_gradient[s.group(i)] += gradient(i) / s.count();
    mean_along[s.group(i)] += gradient(i) * given.normalised[i] / s.count();
  }
  expect_close("dx", dx,
               made(s.elements(),
                    [&](size_t i) {
                      const size_t g = s.group(i);
                      const double off = gradient(i) - mean_gradient[g] - given.normalised[i] * mean_along[g];
                      return (kind == Base::none ? 0 : base[i]) + given.saved.rstd[g] * off;
                    }),
               bound(type));
}

void backward_parameters(int32_t type, const Shape& s, bool silu) {
  const Given given(s, silu);
  auto gain_gradient = normal(s.C), bias_gradient = normal(s.C);
  Array x(type, given.x, s.offset), gain(AP_FLOAT32, given.gain, s.offset), bias(AP_FLOAT32, given.bias, s.offset);
  Array dy(type, given.dy, s.offset), mean(AP_FLOAT32, given.saved.mean), rstd(AP_FLOAT32, given.saved.rstd);
  Array dgain(AP_FLOAT32, gain_gradient, s.offset), dbias(AP_FLOAT32, bias_gradient, s.offset);
  run(ap_group_norm_backward_parameters(context, type, s.B, s.N, s.C, s.G, silu, x, gain, bias, mean, rstd, dy, dgain,
                                        dbias));
  for (size_t i = 0; i < given.dz.size(); i++) {
    gain_gradient[s.channel(i)] += given.dz[i] * given.normalised[i];
    bias_gradient[s.channel(i)] += given.dz[i];
  }
  expect_close("dgain", dgain, gain_gradient, kFloat32Bound);
  expect_close("dbias", dbias, bias_gradient, kFloat32Bound);
}

// A group of equal values has variance 0: z is the bias. Far from 0, SiLU is 0 or z, and no NaN.
void constant_groups(int32_t type) {
  const std::vector<double> x(3 * 4, 3.0), gain(4, 1.0);
  Array device_x(type, x), device_gain(AP_FLOAT32, gain), bias(AP_FLOAT32, {-1000, 1000, 0, -104});
  Array y(type, 3 * 4), mean(AP_FLOAT32, 2), rstd(AP_FLOAT32, 2);
  run(ap_group_norm_forward(context, type, 1, 3, 4, 2, static_cast<float>(kEpsilon), 1, device_x, device_gain, bias, y,
                            mean, rstd));
  expect_close("y", y, {0, 1000, 0, 0, 0, 1000, 0, 0, 0, 1000, 0, 0}, bound(type));
  expect_equal("mean", mean, {3, 3});
}

// NaN stays in its group.
void not_a_number(int32_t type) {
  const Shape s{2, 5, 16, 2};
  auto x = normal(s.elements());
  x[s.C * s.N + 9] = kNaN;  // the second sample's second group
  Array device_x(type, x), gain(AP_FLOAT32, std::vector<double>(16, 1.0)), bias(AP_FLOAT32, normal(16));
  Array y(type, s.elements()), mean(AP_FLOAT32, 4), rstd(AP_FLOAT32, 4);
  run(ap_group_norm_forward(context, type, s.B, s.N, s.C, s.G, static_cast<float>(kEpsilon), 1, device_x, gain, bias, y,
                            mean, rstd));
  const auto result = y.values();
  for (size_t i = 0; i < result.size(); i++) {
    if (std::isnan(result[i]) != (s.group(i) == 3))
      fail("y[" + std::to_string(i) + "] is " + std::to_string(result[i]));
  }
}

// A gain that is infinite makes each element of its channel infinite, by the element's side of the mean.
void infinite_gain(int32_t type) {
  const Shape s{2, 5, 16, 2};
  const auto x = normal(s.elements());
  std::vector<double> gain(16, 1.0);
  gain[3] = kInfinity;
  Array device_x(type, x), device_gain(AP_FLOAT32, gain), bias(AP_FLOAT32, normal(16));
  Array y(type, s.elements()), mean(AP_FLOAT32, 4), rstd(AP_FLOAT32, 4);
  run(ap_group_norm_forward(context, type, s.B, s.N, s.C, s.G, static_cast<float>(kEpsilon), 0, device_x, device_gain,
                            bias, y, mean, rstd));
  const auto result = y.values(), means = mean.values(), values = device_x.values();
  for (size_t i = 0; i < result.size(); i++) {
    const double side = values[i] > means[s.group(i)] ? kInfinity : -kInfinity;
    if (i % 16 == 3 ? result[i] != side : !std::isfinite(result[i]))
      fail("y[" + std::to_string(i) + "] is " + std::to_string(result[i]));
  }
}

}  // namespace

int main(int argc, char** argv) {
  Suite suite;
  for (const Shape& s : kShapes) {
    suite.add("forward far from zero" + sizes({s.B, s.N, s.C, s.G}, s.offset), [=] { forward_far_from_zero(s); });
  }
  for (const int32_t type : kTypes) {
    for (const Shape& s : kShapes) {
      for (const bool silu : {false, true}) {
        const std::string of = (silu ? " with silu" : "") + name(type) + sizes({s.B, s.N, s.C, s.G}, s.offset);
        suite.add("forward" + of, [=] { forward(type, s, silu, normal(s.elements(), 2, 1)); });
        suite.add("backward" + of, [=] { backward(type, s, silu, Base::none); });
        suite.add("backward with base" + of, [=] { backward(type, s, silu, Base::apart); });
        suite.add("backward in place" + of, [=] { backward(type, s, silu, Base::in_place); });
        suite.add("backward parameters" + of, [=] { backward_parameters(type, s, silu); });
      }
    }
    suite.add("constant groups" + name(type), [=] { constant_groups(type); });
    suite.add("NaN stays in its group" + name(type), [=] { not_a_number(type); });
    suite.add("an infinite gain" + name(type), [=] { infinite_gain(type); });
  }
  return suite.run(argc, argv);
}
