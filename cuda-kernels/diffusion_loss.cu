#include "diffusion_loss.cuh"

using namespace autoprog;

namespace {

// Nats of a sum over P, as bits of a mean.
double bits_per_dimension(int64_t P) {
  return 1 / (std::log(2.0) * static_cast<double>(P));
}

}  // namespace

int ap_mean_squared_error_forward(ap_context* context, int32_t type, int64_t B, int64_t P, int64_t stride,
                                  const void* prediction, const float* target, float* losses) {
  return guarded(context, type, [&](auto as) {
    using T = typename decltype(as)::Type;
    launch(mean_squared_error_forward<T>, blocks_for(B, 1), kSumThreads, 0, context->stream, P, stride, as(prediction),
           target, losses);
  });
}

int ap_mean_squared_error_backward(ap_context* context, int32_t type, int64_t B, int64_t P, int64_t stride,
                                   const void* prediction, const float* target, float scale, float* dprediction) {
  return guarded(context, type, [&](auto as) {
    using T = typename decltype(as)::Type;
    const unsigned blocks = flat_blocks<1>(P);
    launch(mean_squared_error_backward<T>, blocks_for(B * blocks, 1), kFlatThreads, 0, context->stream, blocks, P,
           stride, as(prediction), target, static_cast<float>(2.0 * scale / static_cast<double>(P)), dprediction);
  });
}

int ap_variational_bound_forward(ap_context* context, int32_t type, int64_t B, int64_t P, const void* prediction,
                                 const float* clean, const float* noisy, const float* coefficients, float* losses) {
  return guarded(context, type, [&](auto as) {
    using T = typename decltype(as)::Type;
    launch(variational_bound_forward<T>, blocks_for(B, 1), kSumThreads, 0, context->stream, P, as(prediction), clean,
           noisy, coefficients, bits_per_dimension(P), losses);
  });
}

int ap_variational_bound_backward(ap_context* context, int32_t type, int64_t B, int64_t P, const void* prediction,
                                  const float* clean, const float* noisy, const float* coefficients, float scale,
                                  float* dprediction) {
  return guarded(context, type, [&](auto as) {
    using T = typename decltype(as)::Type;
    const unsigned blocks = flat_blocks<1>(P);
    launch(variational_bound_backward<T>, blocks_for(B * blocks, 1), kFlatThreads, 0, context->stream, blocks, P,
           as(prediction), clean, noisy, coefficients, scale * bits_per_dimension(P), dprediction);
  });
}
