#include "elementwise.cuh"

using namespace autoprog;

int ap_fill(ap_context* context, int64_t n, float value, float* x) {
  return guarded(context, [&] {
    constexpr int kWidth = kVector<float>;
    with_width<kWidth>(loadable<kWidth>(x), [&](auto wide) {
      launch(fill<wide()>, flat_blocks<wide()>(n), kFlatThreads, 0, context->stream, n, value, x);
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
