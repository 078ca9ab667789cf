#include "context.hpp"
#include "gelu.hpp"

using namespace autoprog;

int ap_gelu_forward(ap_context* context, int32_t type, int64_t n, const void* x, void* y, void* slope) {
  return guarded(context, type, [&](auto as) {
    // an element takes about as long as three of a copy
    parallel(context, parts_for(context, 3 * n), n, kLanes,
             [&](int64_t, int64_t begin, int64_t end) { gelu(begin, end, as(x), as(y), as(slope)); });
  });
}

int ap_gelu_backward(ap_context* context, int32_t type, int64_t n, const void* slope, const void* dy, void* dx) {
  return guarded(context, type, [&](auto as) {
    parallel(context, parts_for(context, n), n, kLanes, [&](int64_t, int64_t begin, int64_t end) {
      each_vector(begin, end, [&](int64_t i, auto lanes) {
        lanes.store(as(dx) + i, lanes.load(as(dy) + i) * lanes.load(as(slope) + i));
      });
    });
  });
}
