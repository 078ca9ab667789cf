#include "layer_norm.hpp"

#include "context.hpp"
#include "reduce.hpp"

using namespace autoprog;

int ap_layer_norm_forward(ap_context* context, int32_t type, int64_t rows, int64_t C, float epsilon, const void* x,
                          const float* gain, const float* bias, void* y, float* mean, float* rstd) {
  return guarded(context, type, [&](auto as) {
    parallel(context, parts_for(context, rows * C), rows, kRowsTogether, [&](int64_t, int64_t begin, int64_t end) {
      normalise_rows(begin, end, C, epsilon, as(x), gain, bias, as(y), mean, rstd);
    });
  });
}

int ap_layer_norm_backward(ap_context* context, int32_t type, int64_t rows, int64_t C, const void* x, const float* gain,
                           const float* mean, const float* rstd, const void* dy, const void* base, void* dx) {
  return guarded(context, type, [&](auto as) {
    parallel(context, parts_for(context, rows * C), rows, kRowsTogether, [&](int64_t, int64_t begin, int64_t end) {
      normalise_rows_backward(begin, end, C, mean, rstd, as(x), gain, as(dy), as(base), as(dx));
    });
  });
}

int ap_layer_norm_backward_parameters(ap_context* context, int32_t type, int64_t rows, int64_t C, const void* x,
                                      const float* mean, const float* rstd, const void* dy, float* dgain,
                                      float* dbias) {
  return guarded(context, type, [&](auto as) {
    sum_over_rows<2>(context, rows, C, {dgain, dbias}, [&](int64_t row, int64_t column, auto lanes) {
      const Vec gradient = lanes.load(as(dy) + row * C + column);
      const Vec normalised = (lanes.load(as(x) + row * C + column) - mean[row]) * rstd[row];
      return std::array<Vec, 2>{gradient * normalised, gradient};
    });
  });
}
