// From elements of one type to elements of the other.
#pragma once
#include "context.hpp"

namespace autoprog {

// to (begin ... end) = from (begin ... end)
inline void convert(int32_t from_type, const void* from, int32_t to_type, void* to, int64_t begin, int64_t end) {
  with_elements(from_type, [&](auto as_from) {
    with_elements(to_type, [&](auto as_to) {
      each_vector(begin, end,
                  [&](int64_t i, auto lanes) { lanes.store(as_to(to) + i, lanes.load(as_from(from) + i)); });
    });
  });
}

}  // namespace autoprog
