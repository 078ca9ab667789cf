#include "elementwise.cuh"

using namespace autoprog;

int ap_fill(ap_context* context, int32_t type, int64_t n, float value, void* x) {
  return guarded(context, type, [&](auto as) {
    using T = typename decltype(as)::Type;
    constexpr int kWidth = kVector<T>;
    with_width<kWidth>(loadable<kWidth>(as(x)), [&](auto wide) {
      launch(fill<T, wide()>, flat_blocks<wide()>(n), kFlatThreads, 0, context->stream, n, value, as(x));
    });
  });
}

int ap_add(ap_context* context, int32_t type, int64_t n, const void* a, const void* b, void* out) {
  return guarded(context, type, [&](auto as) {
    using T = typename decltype(as)::Type;
    constexpr int kWidth = kVector<T>;
    with_width<kWidth>(loadable<kWidth>(as(a), as(b), as(out)), [&](auto wide) {
      launch(add<T, wide()>, flat_blocks<wide()>(n), kFlatThreads, 0, context->stream, n, as(a), as(b), as(out));
    });
  });
}

int ap_mix_rows(ap_context* context, int32_t type, int64_t B, int64_t n, const float* a, const void* x, const float* b,
                const void* y, void* out) {
  return guarded(context, type, [&](auto as) {
    using T = typename decltype(as)::Type;
    constexpr int kWidth = kVector<T>;
    with_width<kWidth>(n % kWidth == 0 && loadable<kWidth>(as(x), as(y), as(out)), [&](auto wide) {
      const unsigned blocks = flat_blocks<wide()>(n);
      launch(mix_rows<T, wide()>, blocks_for(B * blocks, 1), kFlatThreads, 0, context->stream, blocks, n, a, as(x), b,
             as(y), as(out));
    });
  });
}

int ap_linear_combination(ap_context* context, int64_t n, float a, const float* x, float b, const float* y, float c,
                          const float* z, float* out) {
  return guarded(context, [&] {
    constexpr int kWidth = kVector<float>;
    with_width<kWidth>(loadable<kWidth>(x, y, z, out), [&](auto wide) {
      launch(linear_combination<wide()>, flat_blocks<wide()>(n), kFlatThreads, 0, context->stream, n, a, x, b, y, c, z,
             out);
    });
  });
}

int ap_add_exponential(ap_context* context, int64_t n, const float* x, float a, const float* v, float b, const float* z,
                       float* out) {
  return guarded(context, [&] {
    constexpr int kWidth = kVector<float>;
    with_width<kWidth>(loadable<kWidth>(x, v, z, out), [&](auto wide) {
      launch(add_exponential<wide()>, flat_blocks<wide()>(n), kFlatThreads, 0, context->stream, n, x, a, v, b, z, out);
    });
  });
}

int ap_clamp(ap_context* context, int64_t n, float low, float high, const float* x, float* out) {
  return guarded(context, [&] {
    constexpr int kWidth = kVector<float>;
    with_width<kWidth>(loadable<kWidth>(x, out), [&](auto wide) {
      launch(clamp<wide()>, flat_blocks<wide()>(n), kFlatThreads, 0, context->stream, n, low, high, x, out);
    });
  });
}

int ap_convert(ap_context* context, int64_t n, int32_t from_type, const void* from, int32_t to_type, void* to) {
  return guarded(context, from_type, [&](auto as_from) {
    with_elements(to_type, [&](auto as_to) {
      using From = typename decltype(as_from)::Type;
      using To = typename decltype(as_to)::Type;
      constexpr int kWidth = std::max(kVector<From>, kVector<To>);
      with_width<kWidth>(loadable<kWidth>(as_from(from), as_to(to)), [&](auto wide) {
        launch(convert<From, To, wide()>, flat_blocks<wide()>(n), kFlatThreads, 0, context->stream, n, as_from(from),
               as_to(to));
      });
    });
  });
}

int ap_sum_rows(ap_context* context, int32_t type, int64_t rows, int64_t columns, int64_t stride, const void* x,
                float* sum) {
  return guarded(context, type, [&](auto as) {
    using T = typename decltype(as)::Type;
    constexpr int kWidth = kVector<T>;
    with_width<kWidth>(columns % kWidth == 0 && stride % kWidth == 0 && loadable<kWidth>(as(x)), [&](auto wide) {
      sum_over_rows<1, wide()>(context, rows, columns, Added<1>{{sum}}, StridedRows<T, wide()>{stride, as(x)});
    });
  });
}
