#include "context.cuh"
#include "optimizer.cuh"

using namespace autoprog;

namespace {

// body(Averages) with the number of averages as a constant.
template <class Body>
void with_averages(int32_t averages, Body body) {
  switch (averages) {
    case 0:
      return body(std::integral_constant<int, 0>{});
    case 1:
      return body(std::integral_constant<int, 1>{});
    case 2:
      return body(std::integral_constant<int, 2>{});
    case 3:
      return body(std::integral_constant<int, 3>{});
    default:
      return body(std::integral_constant<int, kMostAverages>{});
  }
}

}  // namespace

int ap_sum_of_squares(ap_context* context, int64_t n, const float* x, float* sum) {
  return guarded(context, [&] {
    constexpr int kWidth = kVector<float>;
    const unsigned blocks = sum_blocks<kWidth>(n);
    double* partial = context->scratch.take<double>(blocks);
    with_width<kWidth>(loadable<kWidth>(x), [&](auto wide) {
      launch(sum_of_squares<wide()>, blocks, kSumThreads, 0, context->stream, n, x, partial);
    });
    launch(add_partial_sums<float>, 1, kSumThreads, 0, context->stream, static_cast<int>(blocks), partial, sum);
  });
}

int ap_adam_w(ap_context* context, int64_t n, float beta1, float beta2, float epsilon, float weight_decay,
              float max_norm, const float* rates, float* w, const float* g, float* m, float* v,
              const float* squared_norm, int32_t averages, const int64_t* emas, void* rounded) {
  return guarded(context, [&] {
    constexpr int kWidth = kVector<float>;
    AdamW a{weight_decay, epsilon, beta1, beta2, max_norm, {}, static_cast<BFloat16*>(rounded)};
    bool wide = loadable<kWidth>(w, g, m, v, a.rounded);
    for (int32_t e = 0; e < averages; e++) {
      a.averages[e] = reinterpret_cast<float*>(emas[e]);
      wide = wide && loadable<kWidth>(a.averages[e]);
    }
    with_averages(averages, [&](auto count) {
      with_width<kWidth>(wide, [&](auto width) {
        launch(adam_w<count(), width()>, flat_blocks<width()>(n), kFlatThreads, 0, context->stream, n, a, rates, w, g,
               m, v, squared_norm);
      });
    });
  });
}
