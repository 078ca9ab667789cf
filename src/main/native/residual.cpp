#include "context.hpp"
#include "simd.hpp"

using namespace autoprog;

int ap_residual_forward(ap_context* context, int32_t type, int64_t B, int64_t n, const void* x, const void* branch,
                        const float* scale, void* y) {
  return guarded(context, type, [&](auto as) {
    each_sample(context, B, n, [&](int64_t sample, int64_t begin, int64_t end) {
      const float factor = scale == nullptr ? 1.0f : scale[sample];
      each_vector(begin, end, [&](int64_t i, auto lanes) {
        lanes.store(as(y) + i, lanes.load(as(x) + i) + factor * lanes.load(as(branch) + i));
      });
    });
  });
}

int ap_residual_backward(ap_context* context, int32_t type, int64_t B, int64_t n, const void* dy, const float* scale,
                         void* dbranch) {
  return guarded(context, type, [&](auto as) {
    each_sample(context, B, n, [&](int64_t sample, int64_t begin, int64_t end) {
      each_vector(begin, end,
                  [&](int64_t i, auto lanes) { lanes.store(as(dbranch) + i, scale[sample] * lanes.load(as(dy) + i)); });
    });
  });
}
