// image.cuh against its definition in float64.
#include <algorithm>

#include "check.hpp"

using namespace check;

namespace {

struct Shape {
  int64_t B, channels, height, width, R;
};
constexpr Shape kShapes[] = {{1, 1, 1, 1, 1}, {2, 3, 5, 7, 4}, {3, 1, 28, 28, 17}, {2, 3, 33, 20, 24}};

std::vector<double> windows(const Shape& s) {
  std::vector<double> all;
  for (int64_t b = 0; b < s.B; b++) {
    const auto h = static_cast<double>(s.height), w = static_cast<double>(s.width);
    // the whole image; a part of it, mirrored; and what hangs over its border
    const double cases[3][5] = {{0, 0, h, w, 0}, {0.25 * h, 0.125 * w, 0.5 * h, 0.625 * w, 1}, {-2, -1.5, h + 3, w, 0}};
    all.insert(all.end(), cases[b % 3], cases[b % 3] + 5);
  }
  return all;
}

// pixels (axis) between its cells
double interpolated(const std::vector<double>& pixels, double at) {
  const double last = static_cast<double>(pixels.size()) - 1, clamped = std::clamp(at, 0.0, last);
  const auto cell = static_cast<size_t>(clamped);
  const double next = pixels[std::min(cell + 1, pixels.size() - 1)];
  return pixels[cell] + (clamped - static_cast<double>(cell)) * (next - pixels[cell]);
}

void transform(const Shape& s) {
  const auto pixels = integers(s.B * s.channels * s.height * s.width, 0, 255), boxes = windows(s);
  const std::vector<double> means{0.5, 0.25, 0.375}, stds{0.25, 0.5, 0.125};
  Array device_pixels(kUint8, pixels, 1), device_windows(AP_FLOAT32, boxes), mean(AP_FLOAT32, means);
  Array std(AP_FLOAT32, stds), out(AP_FLOAT32, s.B * s.channels * s.R * s.R, 1);
  run(ap_image_transform(context, s.B, s.channels, s.height, s.width, s.R, device_pixels, device_windows, mean, std,
                         out));
  const auto expected = made(s.B * s.channels * s.R * s.R, [&](size_t i) {
    const int64_t x = i % s.R, y = i / s.R % s.R, c = i / s.R / s.R % s.channels, b = i / s.R / s.R / s.channels;
    const double* w = boxes.data() + b * 5;
    const double down = w[0] + (y + 0.5) * w[2] / s.R - 0.5;
    const double across = w[1] + ((w[4] == 1 ? s.R - 1 - x : x) + 0.5) * w[3] / s.R - 0.5;
    std::vector<double> column;
    for (int64_t row = 0; row < s.height; row++) {
      const double* from = pixels.data() + ((b * s.channels + c) * s.height + row) * s.width;
      column.push_back(interpolated({from, from + s.width}, across));
    }
    return (interpolated(column, down) / 255 - means[c]) / stds[c];
  });
  expect_close("out", out, expected, kFloat32Bound);
}

// A window of NaN gives NaN in its image alone.
void window_not_a_number() {
  Array pixels(kUint8, integers(2 * 16, 0, 255)), window(AP_FLOAT32, {0, kNaN, 4, 4, 0, 0, 0, 4, 4, 0});
  Array mean(AP_FLOAT32, {0.5}), std(AP_FLOAT32, {0.5}), out(AP_FLOAT32, 2 * 9);
  run(ap_image_transform(context, 2, 1, 4, 4, 3, pixels, window, mean, std, out));
  const auto values = out.values();
  for (size_t i = 0; i < 18; i++) {
    if (std::isnan(values[i]) != (i < 9)) fail("out[" + std::to_string(i) + "] is " + std::to_string(values[i]));
  }
}

// Rectangles inside, over each border, around all, outside and empty.
std::vector<double> rectangles(int64_t B, int64_t R) {
  const auto side = static_cast<double>(R);
  const double cases[7][4] = {{1, 2, side / 2, side / 3},
                              {-1, -2, 3, 4},
                              {side - 2, side - 1, 5, 5},
                              {-3, -3, 2e9, 2e9},
                              {side, 0, 2, 2},
                              {0, 0, 0, side},
                              {2147483647, 0, 2147483647, 3}};
  std::vector<double> all;
  for (int64_t b = 0; b < B; b++) all.insert(all.end(), cases[b % 7], cases[b % 7] + 4);
  for (double& value : all) value = std::floor(value);
  return all;
}

bool inside(const std::vector<double>& rectangles, int64_t b, int64_t y, int64_t x) {
  const double* r = rectangles.data() + b * 4;
  return r[0] <= y && y < r[0] + r[2] && r[1] <= x && x < r[1] + r[3];
}

void erase(int64_t B, int64_t channels, int64_t R) {
  auto images = normal(B * channels * R * R);
  const auto boxes = rectangles(B, R);
  Array device_images(AP_FLOAT32, images, 1), device_boxes(kInt32, boxes);
  run(ap_image_erase(context, B, channels, R, device_boxes, device_images));
  for (size_t i = 0; i < images.size(); i++) {
    const int64_t x = i % R, y = i / R % R, b = i / R / R / channels;
    if (inside(boxes, b, y, x)) images[i] = 0;
  }
  expect_equal("images", device_images, images);
}

void mix(int64_t B, int64_t channels, int64_t R) {
  const auto images = normal(B * channels * R * R), boxes = rectangles(B, R);
  const auto lambda = made(B, [](size_t b) { return b % 5 == 4 ? 1.0 : 0.25 * static_cast<double>(b % 4); });
  Array device_images(AP_FLOAT32, images, 1), device_boxes(kInt32, boxes), device_lambda(AP_FLOAT32, lambda);
  run(ap_image_mix(context, B, channels, R, device_boxes, device_lambda, device_images));
  const auto expected = made(B * channels * R * R, [&](size_t i) {
    const int64_t size = channels * R * R, b = i / size, partner = B - 1 - b;
    if (b == partner || !inside(boxes, b, i / R % R, i % R)) return images[i];
    return lambda[b] * images[i] + (1 - lambda[b]) * images[partner * size + i % size];
  });
  expect_close("images", device_images, expected, kFloat32Bound);
}

// A weight of 1 or 0 leaves nothing of the other image, not even NaN.
void mix_not_a_number() {
  Array images(AP_FLOAT32, {kNaN, 1, 2, 3, 4, kNaN, 5, 6}), boxes(kInt32, {0, 0, 2, 2, 0, 0, 2, 2});
  Array lambda(AP_FLOAT32, {1, 0.0});
  run(ap_image_mix(context, 2, 1, 2, boxes, lambda, images));
  expect_equal("images", images, {kNaN, 1, 2, 3, kNaN, 1, 2, 3});
}

struct Patches {
  int64_t B, channels, R, patch, offset;
};
constexpr Patches kPatches[] = {{1, 1, 1, 1, 0},  {2, 3, 15, 5, 0},  {2, 3, 16, 4, 0}, {1, 3, 32, 16, 0},
                                {1, 2, 24, 8, 1}, {3, 4, 48, 16, 0}, {2, 3, 12, 1, 0}};

void patchify(int32_t type, const Patches& s) {
  const auto images = normal(s.B * s.channels * s.R * s.R);
  Array device_images(AP_FLOAT32, images, s.offset), patches(type, s.B * s.channels * s.R * s.R, s.offset);
  run(ap_patchify(context, type, s.B, s.channels, s.R, s.patch, device_images, patches));
  const int64_t grid = s.R / s.patch;
  const auto expected = made(s.B * s.channels * s.R * s.R, [&](size_t i) {
    const int64_t x = i % s.patch, y = i / s.patch % s.patch, c = i / (s.patch * s.patch) % s.channels;
    const int64_t at = i / (s.patch * s.patch * s.channels), across = at % grid, down = at / grid % grid;
    const int64_t b = at / (grid * grid);
    return images[((b * s.channels + c) * s.R + down * s.patch + y) * s.R + across * s.patch + x];
  });
  expect_equal("patches", patches, expected);
}

void unpatchify(const Patches& s) {
  const int64_t size = s.B * s.channels * s.R * s.R, grid = s.R / s.patch;
  const auto tokens = normal(size);
  Array device_tokens(AP_FLOAT32, tokens, s.offset), images(AP_FLOAT32, size, s.offset), back(AP_FLOAT32, size);
  run(ap_unpatchify(context, s.B, s.channels, s.R, s.patch, device_tokens, images));
  const auto expected = made(size, [&](size_t i) {
    const int64_t x = i % s.R, y = i / s.R % s.R, c = i / (s.R * s.R) % s.channels, b = i / (s.R * s.R * s.channels);
    const int64_t token = (b * grid + y / s.patch) * grid + x / s.patch;
    return tokens[((token * s.patch + y % s.patch) * s.patch + x % s.patch) * s.channels + c];
  });
  expect_equal("images", images, expected);
  run(ap_unpatchify_backward(context, s.B, s.channels, s.R, s.patch, images, back));
  expect_equal("dtokens", back, tokens);
}

}  // namespace

int main(int argc, char** argv) {
  Suite suite;
  for (const Shape& s : kShapes) {
    suite.add("transform" + sizes({s.B, s.channels, s.height, s.width, s.R}), [=] { transform(s); });
  }
  suite.add("transform in a window of NaN", window_not_a_number);
  for (const int64_t B : {1, 2, 7, 8}) {
    suite.add("erase" + sizes({B, 3, 17}), [=] { erase(B, 3, 17); });
    suite.add("mix" + sizes({B, 3, 17}), [=] { mix(B, 3, 17); });
  }
  suite.add("mix with NaN", mix_not_a_number);
  for (const Patches& s : kPatches) {
    suite.add("unpatchify" + sizes({s.B, s.channels, s.R, s.patch}, s.offset), [=] { unpatchify(s); });
  }
  for (const int32_t type : kTypes) {
    for (const Patches& s : kPatches) {
      suite.add("patchify" + name(type) + sizes({s.B, s.channels, s.R, s.patch}, s.offset), [=] { patchify(type, s); });
    }
  }
  return suite.run(argc, argv);
}
