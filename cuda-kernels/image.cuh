// From stored pixels to patches.
#pragma once
#include "device.cuh"

namespace autoprog {

// body(b, y, x) for this thread's pixel of the squares of R x R of its image, the first of Width neighbours in a line;
// `blocks` blocks work on one image.
template <int Width = 1, class Body>
__device__ inline void own_pixel(unsigned blocks, int64_t R, Body body) {
  const int64_t b = blockIdx.x / blocks;
  const int64_t pixel = (static_cast<int64_t>(blockIdx.x % blocks) * blockDim.x + threadIdx.x) * Width;
  if (pixel < R * R) body(b, pixel / R, pixel % R);
}

// Where a linear sample lies on an axis: between cells `cell` and `next`, `fraction` of the way.
struct Sample {
  int64_t cell, next;
  float fraction;
};

// Pixel i of `side` in a window of the axis. What lies outside the axis reads its border; NaN gives NaN.
__device__ inline Sample sample(float start, float length, int64_t side, int64_t i, int64_t axis) {
  const double wanted =
      start + (static_cast<double>(i) + 0.5) * static_cast<double>(length) / static_cast<double>(side) - 0.5;
  const double at = wanted > 0 ? fmin(wanted, static_cast<double>(axis - 1)) : 0;
  const auto cell = static_cast<int64_t>(at);
  const double fraction = isnan(wanted) ? wanted : at - static_cast<double>(cell);
  return {cell, min(cell + 1, axis - 1), static_cast<float>(fraction)};
}

// out (B,channels,R,R) = (bilinear sample of pixels (B,channels,height,width) / 255 - mean) / std, in windows (B,5)
static __global__ void image_transform(unsigned blocks, int64_t channels, int64_t height, int64_t width, int64_t R,
                                       const uint8_t* pixels, const float* windows, const float* mean, const float* std,
                                       float* out) {
  own_pixel(blocks, R, [&](int64_t b, int64_t y, int64_t x) {
    const float* window = windows + b * 5;  // top, left, height, width, flip
    const Sample down = sample(window[0], window[2], R, y, height);
    const Sample across = sample(window[1], window[3], R, window[4] == 1.0f ? R - 1 - x : x, width);
    for (int64_t c = 0; c < channels; c++) {
      const uint8_t* above = pixels + ((b * channels + c) * height + down.cell) * width;
      const uint8_t* below = pixels + ((b * channels + c) * height + down.next) * width;
      const auto blended = [&](int64_t column) {
        const float a = above[column], d = below[column];
        return a + down.fraction * (d - a);
      };
      const float left = blended(across.cell), right = blended(across.next);
      const float factor = 1.0f / (255.0f * std[c]), offset = -mean[c] / std[c];
      out[((b * channels + c) * R + y) * R + x] = (left + across.fraction * (right - left)) * factor + offset;
    }
  });
}

// Whether a pixel lies in a rectangle (top, left, height, width).
__device__ inline bool inside(const int32_t* r, int64_t y, int64_t x) {
  return r[0] <= y && y < int64_t{r[0]} + r[2] && r[1] <= x && x < int64_t{r[1]} + r[3];
}

// images (B,channels,R,R): zero in rectangles (B,4)
static __global__ void image_erase(unsigned blocks, int64_t channels, int64_t R, const int32_t* rectangles,
                                   float* images) {
  own_pixel(blocks, R, [&](int64_t b, int64_t y, int64_t x) {
    if (!inside(rectangles + b * 4, y, x)) return;
    for (int64_t c = 0; c < channels; c++) images[((b * channels + c) * R + y) * R + x] = 0.0f;
  });
}

// lambda * own + (1 - lambda) * other; a weight of 0 leaves nothing of a value, not even of NaN
__device__ inline float mixed(float lambda, float own, float other) {
  if (lambda == 1.0f) return own;
  return lambda == 0.0f ? other : lambda * own + (1.0f - lambda) * other;
}

// images[b], in box b of boxes (B,4), mixed with images[B - 1 - b], and the other way round. A thread has a pixel of
// both.
static __global__ void image_mix(unsigned blocks, int64_t B, int64_t channels, int64_t R, const int32_t* boxes,
                                 const float* lambda, float* images) {
  own_pixel(blocks, R, [&](int64_t b, int64_t y, int64_t x) {
    const int64_t partner = B - 1 - b;
    const bool changes = inside(boxes + b * 4, y, x), partner_changes = inside(boxes + partner * 4, y, x);
    if (!changes && !partner_changes) return;
    for (int64_t c = 0; c < channels; c++) {
      float* own = images + ((b * channels + c) * R + y) * R + x;
      float* other = images + ((partner * channels + c) * R + y) * R + x;
      const float own_before = *own, other_before = *other;
      if (changes) *own = mixed(lambda[b], own_before, other_before);
      if (partner_changes) *other = mixed(lambda[partner], other_before, own_before);
    }
  });
}

// Where a pixel of an image of R x R lies among patches: in which of (B, G*G), G = R / patch, and where in that.
struct Place {
  int64_t patch;
  int pixel;
};

__device__ inline Place place_in_patches(int64_t R, int patch, int64_t b, int64_t y, int64_t x) {
  const int grid = static_cast<int>(R) / patch, line = static_cast<int>(y), column = static_cast<int>(x);
  const int down = line / patch, across = column / patch;
  return {(b * grid + down) * grid + across, (line - down * patch) * patch + column - across * patch};
}

// patches (B, G*G, channels*patch*patch) of images (B,channels,R,R), G = R / patch
template <class T, int Width>
__global__ void patchify(unsigned blocks, int channels, int64_t R, int patch, const float* images, T* patches) {
  own_pixel<Width>(blocks, R, [&](int64_t b, int64_t y, int64_t x) {
    constexpr Lanes<Width> lanes{};
    const Place place = place_in_patches(R, patch, b, y, x);
    const float* from = images + (b * channels * R + y) * R + x;
    T* to = patches + place.patch * channels * patch * patch + place.pixel;
    for (int c = 0; c < channels; c++) lanes.store(to + c * patch * patch, lanes.load(from + c * R * R));
  });
}

// images (B,channels,R,R) = tokens (B, G*G, patch*patch*channels), each in its place
static __global__ void unpatchify(unsigned blocks, int channels, int64_t R, int patch, const float* tokens,
                                  float* images) {
  own_pixel(blocks, R, [&](int64_t b, int64_t y, int64_t x) {
    const Place place = place_in_patches(R, patch, b, y, x);
    const float* from = tokens + (place.patch * patch * patch + place.pixel) * channels;
    for (int c = 0; c < channels; c++) images[((b * channels + c) * R + y) * R + x] = from[c];
  });
}

// dtokens (B, G*G, patch*patch*channels) = dimages (B,channels,R,R), each in its place
static __global__ void unpatchify_backward(unsigned blocks, int channels, int64_t R, int patch, const float* dimages,
                                           float* dtokens) {
  own_pixel(blocks, R, [&](int64_t b, int64_t y, int64_t x) {
    const Place place = place_in_patches(R, patch, b, y, x);
    float* to = dtokens + (place.patch * patch * patch + place.pixel) * channels;
    for (int c = 0; c < channels; c++) to[c] = dimages[((b * channels + c) * R + y) * R + x];
  });
}

}  // namespace autoprog
