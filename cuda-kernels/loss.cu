#include "context.cuh"
#include "loss.cuh"

using namespace autoprog;

int ap_cross_entropy_forward(ap_context* context, int64_t B, int64_t classes, const float* logits,
                             const int32_t* labels, const int32_t* partners, const float* lambda, float smoothing,
                             float* losses, float* log_sum_exp) {
  return guarded(context, [&] {
    constexpr int kWidth = kVector<float>;
    with_width<kWidth>(classes % kWidth == 0 && loadable<kWidth>(logits), [&](auto wide) {
      launch(cross_entropy_forward<wide()>, row_blocks(B), kRowBlock, 0, context->stream, B, classes, logits, labels,
             partners, lambda, smoothing, losses, log_sum_exp);
    });
  });
}

int ap_cross_entropy_backward(ap_context* context, int64_t B, int64_t classes, const float* logits,
                              const int32_t* labels, const int32_t* partners, const float* lambda, float smoothing,
                              const float* log_sum_exp, float scale, float* dlogits) {
  return guarded(context, [&] {
    constexpr int kWidth = kVector<float>;
    with_width<kWidth>(classes % kWidth == 0 && loadable<kWidth>(logits, dlogits), [&](auto wide) {
      launch(cross_entropy_backward<wide()>, row_blocks(B), kRowBlock, 0, context->stream, B, classes, logits, labels,
             partners, lambda, smoothing, log_sum_exp, scale, dlogits);
    });
  });
}
