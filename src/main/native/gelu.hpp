// The exact GELU.
#pragma once
#include "math.hpp"

namespace autoprog {

// y = x * Phi(x) and, where slope is not null, its derivative, which may take the place of x.
template <class X, class Y>
void gelu(int64_t begin, int64_t end, const X* x, Y* y, Y* slope) {
  each_vector(begin, end, [&](int64_t i, auto lanes) {
    const Vec v = lanes.load(x + i);
    const Normal at = normal(v);
    lanes.store(y + i, v * at.distribution);
    if (slope != nullptr) lanes.store(slope + i, at.distribution + v * at.density);
  });
}

}  // namespace autoprog
