#include "context.cuh"
#include "growth.cuh"

using namespace autoprog;

int ap_copy_segments(ap_context* context, int64_t count, const int64_t* from_offsets, const int64_t* to_offsets,
                     const int64_t* lengths, const float* from, float* to) {
  return guarded(context, [&] {
    for (int64_t first = 0; first < count; first += kMostSegments) {
      SegmentBatch batch{};
      batch.count = static_cast<int>(std::min<int64_t>(kMostSegments, count - first));
      for (int s = 0; s < batch.count; s++) {
        batch.from[s] = from_offsets[first + s];
        batch.to[s] = to_offsets[first + s];
        batch.length[s] = lengths[first + s];
        batch.first_block[s + 1] = batch.first_block[s] + blocks_for(lengths[first + s], kSegmentBlock);
      }
      launch(copy_segments, batch.first_block[batch.count], kFlatThreads, 0, context->stream, batch, from, to);
    }
  });
}
