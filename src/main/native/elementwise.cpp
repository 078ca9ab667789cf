#include "convert.hpp"
#include "reduce.hpp"
#include "simd.hpp"

using namespace autoprog;

int ap_fill(ap_context* context, int64_t n, float value, float* x) {
  return guarded(context, [&] {
    parallel(context, parts_for(context, n), n, kLanes,
             [&](int64_t, int64_t begin, int64_t end) { std::fill(x + begin, x + end, value); });
  });
}

int ap_add(ap_context* context, int32_t type, int64_t n, const void* a, const void* b, void* out) {
  return guarded(context, type, [&](auto as) {
    parallel(context, parts_for(context, n), n, kLanes, [&](int64_t, int64_t begin, int64_t end) {
      each_vector(begin, end, [&](int64_t i, auto lanes) {
        lanes.store(as(out) + i, lanes.load(as(a) + i) + lanes.load(as(b) + i));
      });
    });
  });
}

int ap_convert(ap_context* context, int64_t n, int32_t from_type, const void* from, int32_t to_type, void* to) {
  return guarded(context, [&] {
    parallel(context, parts_for(context, n), n, kLanes,
             [&](int64_t, int64_t begin, int64_t end) { convert(from_type, from, to_type, to, begin, end); });
  });
}

int ap_sum_rows(ap_context* context, int32_t type, int64_t rows, int64_t columns, int64_t stride, const void* x,
                float* sum) {
  return guarded(context, type, [&](auto as) {
    sum_over_rows<1>(context, rows, columns, {sum}, [&](int64_t row, int64_t column, auto lanes) {
      return std::array<Vec, 1>{lanes.load(as(x) + row * stride + column)};
    });
  });
}
