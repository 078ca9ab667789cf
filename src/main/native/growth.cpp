#include <cstring>

#include "context.hpp"

using namespace autoprog;

int ap_copy_segments(ap_context* context, int64_t count, const int64_t* from_offsets, const int64_t* to_offsets,
                     const int64_t* lengths, const float* from, float* to) {
  return guarded(context, [&] {
    for (int64_t s = 0; s < count; s++) {
      parallel(context, parts_for(context, lengths[s]), lengths[s], 16, [&](int64_t, int64_t begin, int64_t end) {
        std::memcpy(to + to_offsets[s] + begin, from + from_offsets[s] + begin,
                    static_cast<size_t>(end - begin) * sizeof(float));
      });
    }
  });
}
