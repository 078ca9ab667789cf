#include <algorithm>
#include <cmath>
#include <cstring>

#include "context.hpp"
#include "simd.hpp"

using namespace autoprog;

namespace {

// Where a linear sample lies on an axis: between cells `cell` and `next`, `fraction` of the way.
struct Sample {
  int32_t cell, next;
  float fraction;
};

// Pixel i of `side` in a window of the axis. What lies outside the axis reads its border; NaN gives NaN.
Sample sample(float start, float length, int64_t side, int64_t i, int64_t axis) {
  const double wanted =
      start + (static_cast<double>(i) + 0.5) * static_cast<double>(length) / static_cast<double>(side) - 0.5;
  const double last = static_cast<double>(axis - 1);
  const double at = wanted > 0 ? std::min(wanted, last) : 0;
  const auto cell = static_cast<int32_t>(at);
  const double fraction = std::isnan(wanted) ? wanted : at - cell;
  return {cell, std::min(cell + 1, static_cast<int32_t>(axis - 1)), static_cast<float>(fraction)};
}

// The rows and columns of a rectangle (top, left, height, width) that lie in an image of side R.
struct Box {
  int64_t top, left, bottom, right;

  Box(const int32_t* r, int64_t R) {
    top = std::clamp<int64_t>(r[0], 0, R), bottom = std::clamp<int64_t>(int64_t{r[0]} + r[2], top, R);
    left = std::clamp<int64_t>(r[1], 0, R), right = std::clamp<int64_t>(int64_t{r[1]} + r[3], left, R);
  }
};

// own (n) = lambda * own + (1 - lambda) * other (n); a weight of 0 leaves nothing of a value, not even of NaN
void mix(int64_t n, float lambda, const float* other, float* own) {
  if (lambda == 0.0f) {
    std::copy_n(other, n, own);
  } else if (lambda != 1.0f) {
    each_vector(0, n, [&](int64_t i, auto lanes) {
      lanes.store(own + i, lambda * lanes.load(own + i) + (1.0f - lambda) * lanes.load(other + i));
    });
  }
}

struct Window {
  float top, left, height, width;
  bool flip;
};

// What one thread needs for an image: where its columns read, and one blended row of the stored image.
struct Row {
  Sample* columns;
  float* blended;
};

// out (R) = factor * row (sampled in the columns) + offset, where row is the stored image between two of its
// rows.
void transform_row(const Sample& down, int64_t width, int64_t R, const uint8_t* plane, float factor, float offset,
                   int64_t first, int64_t last, const Row& row, float* out) {
  const uint8_t* above = plane + down.cell * width;
  const uint8_t* below = plane + down.next * width;
  for (int64_t x = first; x <= last; x++) {
    const float a = above[x], b = below[x];
    row.blended[x] = a + down.fraction * (b - a);
  }
  for (int64_t j = 0; j < R; j++) {
    const Sample& across = row.columns[j];
    const float a = row.blended[across.cell], b = row.blended[across.next];
    out[j] = (a + across.fraction * (b - a)) * factor + offset;
  }
}

}  // namespace

int ap_image_transform(ap_context* context, int64_t B, int64_t channels, int64_t height, int64_t width, int64_t R,
                       const uint8_t* pixels, const float* windows, const float* mean, const float* std, float* out) {
  return guarded(context, [&] {
    static_assert(sizeof(Sample) == 3 * sizeof(float));
    const int64_t size = round_up(3 * R + width, 16);
    const int parts = static_cast<int>(std::min<int64_t>(parts_for(context, 4 * B * channels * R * R), B));
    float* scratch = context->scratch.floats(context->threads * size);
    parallel_by_member(context, parts, B, 1, [&](int, int member, int64_t begin, int64_t end) {
      float* mine = scratch + member * size;
      const Row row{reinterpret_cast<Sample*>(mine), mine + 3 * R};
      for (int64_t b = begin; b < end; b++) {
        const float* w = windows + b * 5;
        const Window window{w[0], w[1], w[2], w[3], w[4] == 1.0f};
        for (int64_t j = 0; j < R; j++) {
          row.columns[window.flip ? R - 1 - j : j] = sample(window.left, window.width, R, j, width);
        }
        const auto [low, high] = std::minmax(row.columns[0].cell, row.columns[R - 1].cell);
        const int64_t last = std::min<int64_t>(high + 1, width - 1);
        for (int64_t c = 0; c < channels; c++) {
          const float factor = 1.0f / (255.0f * std[c]), offset = -mean[c] / std[c];
          const uint8_t* plane = pixels + (b * channels + c) * height * width;
          for (int64_t i = 0; i < R; i++) {
            transform_row(sample(window.top, window.height, R, i, height), width, R, plane, factor, offset, low, last,
                          row, out + ((b * channels + c) * R + i) * R);
          }
        }
      }
    });
  });
}

int ap_image_erase(ap_context* context, int64_t B, int64_t channels, int64_t R, const int32_t* rectangles,
                   float* images) {
  return guarded(context, [&] {
    parallel(context, parts_for(context, B * channels * R * R), B, 1, [&](int64_t, int64_t begin, int64_t end) {
      for (int64_t b = begin; b < end; b++) {
        const Box box(rectangles + b * 4, R);
        for (int64_t c = 0; c < channels; c++) {
          float* plane = images + (b * channels + c) * R * R;
          for (int64_t y = box.top; y < box.bottom; y++) {
            std::fill(plane + y * R + box.left, plane + y * R + box.right, 0.0f);
          }
        }
      }
    });
  });
}

int ap_image_mix(ap_context* context, int64_t B, int64_t channels, int64_t R, const int32_t* boxes, const float* lambda,
                 float* images) {
  return guarded(context, [&] {
    const int64_t size = round_up(R, 16), pairs = B / 2;
    if (pairs == 0) return;
    const int parts = static_cast<int>(std::min<int64_t>(parts_for(context, B * channels * R * R), pairs));
    float* scratch = context->scratch.floats(context->threads * size);
    parallel_by_member(context, parts, pairs, 1, [&](int, int member, int64_t begin, int64_t end) {
      float* before = scratch + member * size;
      for (int64_t b = begin; b < end; b++) {
        const int64_t partner = B - 1 - b;
        const Box box(boxes + b * 4, R), partner_box(boxes + partner * 4, R);
        for (int64_t row = 0; row < channels * R; row++) {
          const int64_t y = row % R;
          float* own = images + (b * channels * R + row) * R;
          float* other = images + (partner * channels * R + row) * R;
          const bool mixed = box.top <= y && y < box.bottom;
          const bool partner_mixed = partner_box.top <= y && y < partner_box.bottom;
          if (partner_mixed) std::copy_n(own, R, before);
          if (mixed) mix(box.right - box.left, lambda[b], other + box.left, own + box.left);
          if (partner_mixed) {
            mix(partner_box.right - partner_box.left, lambda[partner], before + partner_box.left,
                other + partner_box.left);
          }
        }
      }
    });
  });
}

int ap_patchify(ap_context* context, int32_t type, int64_t B, int64_t channels, int64_t R, int64_t patch,
                const float* images, void* patches) {
  return guarded(context, type, [&](auto as) {
    const int64_t grid = R / patch;
    parallel(context, parts_for(context, B * channels * R * R), B * grid, 1, [&](int64_t, int64_t begin, int64_t end) {
      for (int64_t band = begin; band < end; band++) {
        const float* image = images + band / grid * channels * R * R + band % grid * patch * R;
        auto* to = as(patches) + band * grid * channels * patch * patch;
        for (int64_t x = 0; x < grid; x++) {
          for (int64_t row = 0; row < channels * patch; row++, to += patch) {
            const float* from = image + (row / patch * R + row % patch) * R + x * patch;
            each_vector(0, patch, [&](int64_t i, auto lanes) { lanes.store(to + i, lanes.load(from + i)); });
          }
        }
      }
    });
  });
}

namespace {

// body(i of the tokens, i of the images) for every element of tokens (B, G*G, patch*patch*channels), those in one row
// of one image's tokens at a time
template <class Body>
void each_place(ap_context* context, int64_t B, int64_t channels, int64_t R, int64_t patch, Body body) {
  const int64_t grid = R / patch;
  parallel(context, parts_for(context, B * channels * R * R), B * grid, 1, [&](int64_t, int64_t begin, int64_t end) {
    for (int64_t band = begin; band < end; band++) {
      const int64_t image = band / grid * channels * R * R + band % grid * patch * R;
      int64_t token = band * grid * patch * patch * channels;
      for (int64_t across = 0; across < grid; across++) {
        for (int64_t y = 0; y < patch; y++) {
          for (int64_t x = 0; x < patch; x++, token += channels) {
            const int64_t pixel = image + y * R + across * patch + x;
            for (int64_t c = 0; c < channels; c++) body(token + c, pixel + c * R * R);
          }
        }
      }
    }
  });
}

}  // namespace

int ap_unpatchify(ap_context* context, int64_t B, int64_t channels, int64_t R, int64_t patch, const float* tokens,
                  float* images) {
  return guarded(context, [&] {
    each_place(context, B, channels, R, patch, [=](int64_t token, int64_t pixel) { images[pixel] = tokens[token]; });
  });
}

int ap_unpatchify_backward(ap_context* context, int64_t B, int64_t channels, int64_t R, int64_t patch,
                           const float* dimages, float* dtokens) {
  return guarded(context, [&] {
    each_place(context, B, channels, R, patch, [=](int64_t token, int64_t pixel) { dtokens[token] = dimages[pixel]; });
  });
}
