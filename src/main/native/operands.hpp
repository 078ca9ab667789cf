// What goes into a matrix product, in a type that this processor multiplies.
#pragma once
#include "context.hpp"
#include "convert.hpp"

namespace autoprog {

// Whether the library was compiled for processors that multiply bfloat16. Elsewhere, such products are float32 ones of
// converted operands.
#if defined(__AVX512BF16__)
constexpr bool kMultipliesBFloat16 = true;
#else
constexpr bool kMultipliesBFloat16 = false;
#endif

inline int64_t bytes(int32_t type) {
  return type == AP_BFLOAT16 ? 2 : 4;
}
inline const void* at(const void* p, int32_t type, int64_t element) {
  return p == nullptr ? nullptr : static_cast<const char*>(p) + element * bytes(type);
}
inline void* at(void* p, int32_t type, int64_t element) {
  return const_cast<void*>(at(static_cast<const void*>(p), type, element));
}

struct Matrix {
  const void* at;
  int64_t elements;
};

// Two operands: as they are, or as float32 copies in the context's scratch memory.
struct OperandPair {
  int32_t type;
  const void *left, *right;

  OperandPair(ap_context* context, int32_t given, Matrix l, Matrix r) : type(given), left(l.at), right(r.at) {
    if (type == AP_FLOAT32 || kMultipliesBFloat16) return;
    float* wide = context->scratch.floats(l.elements + r.elements);
    type = AP_FLOAT32;
    left = widened(context, l, wide);
    right = widened(context, r, wide + l.elements);
  }

 private:
  static const float* widened(ap_context* context, Matrix m, float* to) {
    parallel(context, parts_for(context, m.elements), m.elements, kLanes,
             [&](int64_t, int64_t begin, int64_t end) { convert(AP_BFLOAT16, m.at, AP_FLOAT32, to, begin, end); });
    return to;
  }
};

}  // namespace autoprog
