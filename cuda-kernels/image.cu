#include "context.cuh"
#include "image.cuh"

using namespace autoprog;

int ap_image_transform(ap_context* context, int64_t B, int64_t channels, int64_t height, int64_t width, int64_t R,
                       const uint8_t* pixels, const float* windows, const float* mean, const float* std, float* out) {
  return guarded(context, [&] {
    const unsigned blocks = flat_blocks<1>(R * R);
    launch(image_transform, blocks_for(B * blocks, 1), kFlatThreads, 0, context->stream, blocks, channels, height,
           width, R, pixels, windows, mean, std, out);
  });
}

int ap_image_erase(ap_context* context, int64_t B, int64_t channels, int64_t R, const int32_t* rectangles,
                   float* images) {
  return guarded(context, [&] {
    const unsigned blocks = flat_blocks<1>(R * R);
    launch(image_erase, blocks_for(B * blocks, 1), kFlatThreads, 0, context->stream, blocks, channels, R, rectangles,
           images);
  });
}

int ap_image_mix(ap_context* context, int64_t B, int64_t channels, int64_t R, const int32_t* boxes, const float* lambda,
                 float* images) {
  return guarded(context, [&] {
    const unsigned blocks = flat_blocks<1>(R * R);
    launch(image_mix, blocks_for(B / 2 * blocks, 1), kFlatThreads, 0, context->stream, blocks, B, channels, R, boxes,
           lambda, images);
  });
}

int ap_patchify(ap_context* context, int32_t type, int64_t B, int64_t channels, int64_t R, int64_t patch,
                const float* images, void* patches) {
  return guarded(context, type, [&](auto as) {
    using T = typename decltype(as)::Type;
    constexpr int kWidth = kVector<float>;
    with_width<kWidth>(patch % kWidth == 0 && R % kWidth == 0 && loadable<kWidth>(images, as(patches)), [&](auto wide) {
      const unsigned blocks = flat_blocks<wide()>(R * R);
      launch(patchify<T, wide()>, blocks_for(B * blocks, 1), kFlatThreads, 0, context->stream, blocks,
             static_cast<int>(channels), R, static_cast<int>(patch), images, as(patches));
    });
  });
}

int ap_unpatchify(ap_context* context, int64_t B, int64_t channels, int64_t R, int64_t patch, const float* tokens,
                  float* images) {
  return guarded(context, [&] {
    const unsigned blocks = flat_blocks<1>(R * R);
    launch(unpatchify, blocks_for(B * blocks, 1), kFlatThreads, 0, context->stream, blocks, static_cast<int>(channels),
           R, static_cast<int>(patch), tokens, images);
  });
}

int ap_unpatchify_backward(ap_context* context, int64_t B, int64_t channels, int64_t R, int64_t patch,
                           const float* dimages, float* dtokens) {
  return guarded(context, [&] {
    const unsigned blocks = flat_blocks<1>(R * R);
    launch(unpatchify_backward, blocks_for(B * blocks, 1), kFlatThreads, 0, context->stream, blocks,
           static_cast<int>(channels), R, static_cast<int>(patch), dimages, dtokens);
  });
}
