#include "context.hpp"
#include "reduce.hpp"
#include "simd.hpp"

using namespace autoprog;

int ap_fill(ap_context* context, int64_t n, float value, float* x) {
  return guarded(context, [&] {
    parallel(team_for(context, n), n, kLanes,
             [&](int64_t, int64_t begin, int64_t end) { std::fill(x + begin, x + end, value); });
  });
}

int ap_add(ap_context* context, int64_t n, const float* a, const float* b, float* out) {
  return guarded(context, [&] {
    parallel(team_for(context, n), n, kLanes, [&](int64_t, int64_t begin, int64_t end) {
      each_vector(begin, end,
                  [&](int64_t i, auto lanes) { lanes.store(out + i, lanes.load(a + i) + lanes.load(b + i)); });
    });
  });
}

int ap_sum_rows(ap_context* context, int64_t rows, int64_t columns, int64_t stride, const float* x, float* sum) {
  return guarded(context, [&] {
    sum_over_rows<1>(context, rows, columns, {sum}, [&](int64_t row, int64_t column, auto lanes) {
      return std::array<Vec, 1>{lanes.load(x + row * stride + column)};
    });
  });
}
