#include "context.cuh"
#include "noise.cuh"

using namespace autoprog;

int ap_gaussian(ap_context* context, int64_t seed, int64_t B, int64_t n, const int32_t* streams, float* x) {
  return guarded(context, [&] {
    with_width<4>(n % 4 == 0 && loadable<4>(x), [&](auto wide) {
      launch(gaussian<wide()>, flat_blocks<wide()>(B * n), kFlatThreads, 0, context->stream,
             static_cast<uint64_t>(seed), B, n, streams, x);
    });
  });
}
