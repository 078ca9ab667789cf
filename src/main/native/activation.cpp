#include "activation.hpp"

#include "context.hpp"

using namespace autoprog;

namespace {

// An activation's element takes about as long as so many of a copy.
constexpr int64_t kWorthOfAnActivation = 3;

}  // namespace

int ap_gelu_forward(ap_context* context, int32_t type, int32_t gelu, int64_t n, const void* x, void* y, void* slope) {
  return guarded(context, type, [&](auto as) {
    with_gelu(gelu, [&](auto activation) {
      parallel(context, parts_for(context, kWorthOfAnActivation * n), n, kLanes,
               [&](int64_t, int64_t begin, int64_t end) { activate(activation, begin, end, as(x), as(y), as(slope)); });
    });
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

int ap_silu_forward(ap_context* context, int32_t type, int64_t n, const void* x, void* y) {
  return guarded(context, type, [&](auto as) {
    parallel(context, parts_for(context, kWorthOfAnActivation * n), n, kLanes,
             [&](int64_t, int64_t begin, int64_t end) {
               activate(Silu{}, begin, end, as(x), as(y), decltype(as(y))(nullptr));
             });
  });
}

int ap_silu_backward(ap_context* context, int32_t type, int64_t n, const void* x, const void* dy, void* dx) {
  return guarded(context, type, [&](auto as) {
    parallel(context, parts_for(context, kWorthOfAnActivation * n), n, kLanes,
             [&](int64_t, int64_t begin, int64_t end) {
               each_vector(begin, end, [&](int64_t i, auto lanes) {
                 lanes.store(as(dx) + i, lanes.load(as(dy) + i) * Silu{}(lanes.load(as(x) + i)).slope);
               });
             });
  });
}

int ap_geglu_forward(ap_context* context, int32_t type, int64_t rows, int64_t C, const void* x, void* y) {
  return guarded(context, type, [&](auto as) {
    parallel(context, parts_for(context, kWorthOfAnActivation * rows * C), rows, 1,
             [&](int64_t, int64_t begin, int64_t end) {
               for (int64_t row = begin; row < end; row++) {
                 const auto *a = as(x) + 2 * row * C, *b = a + C;
                 each_vector(0, C, [&](int64_t c, auto lanes) {
                   lanes.store(as(y) + row * C + c, lanes.load(a + c) * ErfGelu{}(lanes.load(b + c)).value);
                 });
               }
             });
  });
}

int ap_geglu_backward(ap_context* context, int32_t type, int64_t rows, int64_t C, const void* x, const void* dy,
                      void* dx) {
  return guarded(context, type, [&](auto as) {
    parallel(context, parts_for(context, kWorthOfAnActivation * rows * C), rows, 1,
             [&](int64_t, int64_t begin, int64_t end) {
               for (int64_t row = begin; row < end; row++) {
                 const auto* from = as(x) + 2 * row * C;
                 auto* to = as(dx) + 2 * row * C;
                 each_vector(0, C, [&](int64_t c, auto lanes) {
                   const Vec gradient = lanes.load(as(dy) + row * C + c), a = lanes.load(from + c);
                   const Activated b = ErfGelu{}(lanes.load(from + C + c));
                   lanes.store(to + c, gradient * b.value);
                   lanes.store(to + C + c, gradient * a * b.slope);
                 });
               }
             });
  });
}
