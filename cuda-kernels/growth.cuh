// Copies between flat buffers by a map of segments.
#pragma once
#include "device.cuh"

namespace autoprog {

constexpr int kMostSegments = 64;    // that one launch copies; they travel as its arguments
constexpr int kSegmentBlock = 4096;  // elements of a segment that one block copies

struct SegmentBatch {
  int count;
  int64_t from[kMostSegments], to[kMostSegments], length[kMostSegments];
  unsigned first_block[kMostSegments + 1];
};

// to[to_offset + i] = from[from_offset + i], for i < length, in each segment
static __global__ void copy_segments(SegmentBatch segments, const float* from, float* to) {
  constexpr int kWidth = kVector<float>;
  int s = 0;
  while (blockIdx.x >= segments.first_block[s + 1]) s++;
  const int64_t begin = static_cast<int64_t>(blockIdx.x - segments.first_block[s]) * kSegmentBlock;
  const int64_t n = min(static_cast<int64_t>(kSegmentBlock), segments.length[s] - begin);
  const float* source = from + segments.from[s] + begin;
  float* target = to + segments.to[s] + begin;
  const auto copy = [&](int64_t i, auto lanes) { lanes.store(target + i, lanes.load(source + i)); };
  const auto misaligned = [](const float* p) { return reinterpret_cast<uintptr_t>(p) % sizeof(float4) != 0; };
  const int64_t whole = misaligned(source) || misaligned(target) ? 0 : n / kWidth * kWidth;
  each_group<kWidth>(threadIdx.x, blockDim.x, whole, copy);
  each_group<1>(whole + threadIdx.x, blockDim.x, n, copy);
}

}  // namespace autoprog
