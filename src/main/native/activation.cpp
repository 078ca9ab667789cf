#include "context.hpp"
#include "math.hpp"

using namespace autoprog;

namespace {
// Elements of GELU take about as long as three of a copy.
int parts_for_gelu(const ap_context* context, int64_t n) {
  return parts_for(context, 3 * n);
}
}  // namespace

int ap_gelu_forward(ap_context* context, int32_t type, int64_t n, const void* x, void* y) {
  return guarded(context, type, [&](auto as) {
    parallel(context, parts_for_gelu(context, n), n, kLanes, [&](int64_t, int64_t begin, int64_t end) {
      each_vector(begin, end, [&](int64_t i, auto lanes) {
        const Vec v = lanes.load(as(x) + i);
        lanes.store(as(y) + i, v * normal(v).distribution);
      });
    });
  });
}

int ap_gelu_backward(ap_context* context, int32_t type, int64_t n, const void* x, const void* dy, void* dx) {
  return guarded(context, type, [&](auto as) {
    parallel(context, parts_for_gelu(context, n), n, kLanes, [&](int64_t, int64_t begin, int64_t end) {
      each_vector(begin, end, [&](int64_t i, auto lanes) {
        const Vec v = lanes.load(as(x) + i);
        const Normal at = normal(v);
        lanes.store(as(dx) + i, lanes.load(as(dy) + i) * (at.distribution + v * at.density));
      });
    });
  });
}
