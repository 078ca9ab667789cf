#include "context.hpp"
#include "simd.hpp"

using namespace autoprog;

namespace {

// run(sample, begin, end) over the elements of all samples, cut where a thread's share or a sample ends.
template <class Run>
void each_sample(ap_context* context, int64_t B, int64_t n, Run run) {
  parallel(team_for(context, B * n), B * n, kLanes, [&](int64_t, int64_t begin, int64_t end) {
    for (int64_t from = begin; from < end;) {
      const int64_t sample = from / n;
      const int64_t to = std::min(end, (sample + 1) * n);
      run(sample, from, to);
      from = to;
    }
  });
}

}  // namespace

int ap_residual_forward(ap_context* context, int64_t B, int64_t n, const float* x, const float* branch,
                        const float* scale, float* y) {
  return guarded(context, [&] {
    each_sample(context, B, n, [&](int64_t sample, int64_t begin, int64_t end) {
      const float factor = scale == nullptr ? 1.0f : scale[sample];
      each_vector(begin, end, [&](int64_t i, auto lanes) {
        lanes.store(y + i, lanes.load(x + i) + factor * lanes.load(branch + i));
      });
    });
  });
}

int ap_residual_backward(ap_context* context, int64_t B, int64_t n, const float* dy, const float* scale,
                         float* dbranch) {
  return guarded(context, [&] {
    each_sample(context, B, n, [&](int64_t sample, int64_t begin, int64_t end) {
      each_vector(begin, end,
                  [&](int64_t i, auto lanes) { lanes.store(dbranch + i, scale[sample] * lanes.load(dy + i)); });
    });
  });
}
