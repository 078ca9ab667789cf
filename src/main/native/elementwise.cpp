#include "convert.hpp"
#include "math.hpp"
#include "reduce.hpp"
#include "simd.hpp"

using namespace autoprog;

int ap_fill(ap_context* context, int32_t type, int64_t n, float value, void* x) {
  return guarded(context, type, [&](auto as) {
    parallel(context, parts_for(context, n), n, kLanes, [&](int64_t, int64_t begin, int64_t end) {
      each_vector(begin, end, [&](int64_t i, auto lanes) { lanes.store(as(x) + i, splat(value)); });
    });
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

int ap_mix_rows(ap_context* context, int32_t type, int64_t B, int64_t n, const float* a, const void* x, const float* b,
                const void* y, void* out) {
  return guarded(context, type, [&](auto as) {
    each_sample(context, B, n, [&](int64_t sample, int64_t begin, int64_t end) {
      each_vector(begin, end, [&](int64_t i, auto lanes) {
        lanes.store(as(out) + i, a[sample] * lanes.load(as(x) + i) + b[sample] * lanes.load(as(y) + i));
      });
    });
  });
}

int ap_linear_combination(ap_context* context, int64_t n, float a, const float* x, float b, const float* y, float c,
                          const float* z, float* out) {
  return guarded(context, [&] {
    parallel(context, parts_for(context, n), n, kLanes, [&](int64_t, int64_t begin, int64_t end) {
      each_vector(begin, end, [&](int64_t i, auto lanes) {
        const Vec two = rounded(a * lanes.load(x + i)) + b * lanes.load(y + i);  // fused in one way only
        lanes.store(out + i, z == nullptr ? two : two + c * lanes.load(z + i));
      });
    });
  });
}

int ap_add_exponential(ap_context* context, int64_t n, const float* x, float a, const float* v, float b, const float* z,
                       float* out) {
  return guarded(context, [&] {
    parallel(context, parts_for(context, n), n, kLanes, [&](int64_t, int64_t begin, int64_t end) {
      each_vector(begin, end, [&](int64_t i, auto lanes) {
        const Vec exponent = a * lanes.load(v + i) + b;
        const Vec factor = exp(exponent > 80.0f ? splat(80.0f) : exponent);
        lanes.store(out + i, lanes.load(x + i) + factor * lanes.load(z + i));
      });
    });
  });
}

int ap_clamp(ap_context* context, int64_t n, float low, float high, const float* x, float* out) {
  return guarded(context, [&] {
    parallel(context, parts_for(context, n), n, kLanes, [&](int64_t, int64_t begin, int64_t end) {
      each_vector(begin, end, [&](int64_t i, auto lanes) {
        const Vec value = lanes.load(x + i);
        const Vec above = value < low ? splat(low) : value;
        lanes.store(out + i, above > high ? splat(high) : above);
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
