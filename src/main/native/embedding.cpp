#include <cmath>
#include <cstring>
#include <limits>

#include "context.hpp"
#include "simd.hpp"

using namespace autoprog;

int ap_embedding_forward(ap_context* context, int32_t type, int64_t count, int64_t rows, int64_t width,
                         const int32_t* indices, const void* table, void* y) {
  return guarded(context, type, [&](auto as) {
    parallel(context, parts_for(context, count * width), count, 1, [&](int64_t, int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i++) {
        auto* to = as(y) + i * width;
        if (indices[i] >= 0 && indices[i] < rows) {
          std::memcpy(to, as(table) + indices[i] * width, static_cast<size_t>(width) * sizeof *to);
        } else {
          const Vec none = splat(std::numeric_limits<float>::quiet_NaN());
          each_vector(0, width, [&](int64_t c, auto lanes) { lanes.store(to + c, none); });
        }
      }
    });
  });
}

int ap_embedding_backward(ap_context* context, int32_t type, int64_t count, int64_t rows, int64_t width,
                          const int32_t* indices, const void* dy, float* dtable) {
  return guarded(context, type, [&](auto as) {
    // cut in columns: indices may be equal
    parallel(context, parts_for(context, count * width), width, kLanes, [&](int64_t, int64_t begin, int64_t end) {
      for (int64_t i = 0; i < count; i++) {
        if (indices[i] < 0 || indices[i] >= rows) continue;
        float* sum = dtable + indices[i] * width;
        each_vector(begin, end, [&](int64_t c, auto lanes) {
          lanes.store(sum + c, lanes.load(sum + c) + lanes.load(as(dy) + i * width + c));
        });
      }
    });
  });
}

int ap_timestep_embedding(ap_context* context, int64_t count, int64_t width, float max_period, const float* t,
                          int32_t y_type, void* y) {
  return guarded(context, y_type, [&](auto as) {
    constexpr int64_t kWorthOfAnAngle = 32;  // an angle takes about as long as so many floats of a copy
    const int64_t half = width / 2;
    parallel(context, parts_for(context, kWorthOfAnAngle * count * half), half, kLanes,
             [&](int64_t, int64_t begin, int64_t end) {
               each_vector(begin, end, [&](int64_t j, auto lanes) {
                 double frequencies[kLanes];
                 for (int64_t k = 0; k < kLanes; k++) {
                   frequencies[k] = std::pow(static_cast<double>(max_period), -static_cast<double>(j + k) / half);
                 }
                 for (int64_t i = 0; i < count; i++) {
                   Vec cosines{}, sines{};
                   for (int64_t k = 0; k < std::min(kLanes, end - j); k++) {
                     cosines[k] = static_cast<float>(std::cos(t[i] * frequencies[k]));
                     sines[k] = static_cast<float>(std::sin(t[i] * frequencies[k]));
                   }
                   lanes.store(as(y) + i * width + j, cosines);
                   lanes.store(as(y) + i * width + half + j, sines);
                 }
               });
             });
    for (int64_t i = 0; 2 * half < width && i < count; i++) {
      PartVector{1}.store(as(y) + i * width + width - 1, Vec{});
    }
  });
}
