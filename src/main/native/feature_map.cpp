#include <cstring>

#include "context.hpp"
#include "simd.hpp"

using namespace autoprog;

namespace {

template <class T>
void copy(const T* from, int64_t n, T* to) {
  std::memcpy(to, from, static_cast<size_t>(n) * sizeof(T));
}

}  // namespace

int ap_upsample_forward(ap_context* context, int32_t type, int64_t B, int64_t H, int64_t W, int64_t C, const void* x,
                        void* y) {
  return guarded(context, type, [&](auto as) {
    const int64_t row = 2 * W * C;
    parallel(context, parts_for(context, 4 * B * H * W * C), B * H, 1, [&](int64_t, int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i++) {
        auto* to = as(y) + 2 * i * row;
        for (int64_t pixel = 0; pixel < 2 * W; pixel++) copy(as(x) + (i * W + pixel / 2) * C, C, to + pixel * C);
        copy(to, row, to + row);
      }
    });
  });
}

int ap_upsample_backward(ap_context* context, int32_t type, int64_t B, int64_t H, int64_t W, int64_t C, const void* dy,
                         void* dx) {
  return guarded(context, type, [&](auto as) {
    const int64_t row = 2 * W * C;
    parallel(context, parts_for(context, 4 * B * H * W * C), B * H * W, 1, [&](int64_t, int64_t begin, int64_t end) {
      for (int64_t pixel = begin; pixel < end; pixel++) {
        const auto* above = as(dy) + pixel / W * 2 * row + pixel % W * 2 * C;
        const auto* below = above + row;
        each_vector(0, C, [&](int64_t c, auto lanes) {
          lanes.store(as(dx) + pixel * C + c, (lanes.load(above + c) + lanes.load(above + C + c)) +
                                                  (lanes.load(below + c) + lanes.load(below + C + c)));
        });
      }
    });
  });
}

int ap_concatenate(ap_context* context, int32_t type, int64_t rows, int64_t first, int64_t second, const void* a,
                   const void* b, void* out) {
  return guarded(context, type, [&](auto as) {
    const int64_t columns = first + second;
    parallel(context, parts_for(context, rows * columns), rows, 1, [&](int64_t, int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; row++) {
        copy(as(a) + row * first, first, as(out) + row * columns);
        copy(as(b) + row * second, second, as(out) + row * columns + first);
      }
    });
  });
}

int ap_split(ap_context* context, int32_t type, int64_t rows, int64_t first, int64_t second, const void* x, void* a,
             void* b) {
  return guarded(context, type, [&](auto as) {
    const int64_t columns = first + second;
    parallel(context, parts_for(context, rows * columns), rows, 1, [&](int64_t, int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; row++) {
        if (a != nullptr) copy(as(x) + row * columns, first, as(a) + row * first);
        if (b != nullptr) copy(as(x) + row * columns + first, second, as(b) + row * second);
      }
    });
  });
}
