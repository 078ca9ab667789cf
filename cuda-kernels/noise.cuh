// Normal noise.
#pragma once
#include "device.cuh"

namespace autoprog {

struct PhiloxBlock {
  uint32_t words[4];
};

// Block `block` of a stream (lower, upper): Philox 4x32-10.
__device__ inline PhiloxBlock philox(uint64_t key, uint64_t block, uint32_t lower, uint32_t upper) {
  constexpr int kRounds = 10;
  uint32_t c[4] = {static_cast<uint32_t>(block), static_cast<uint32_t>(block >> 32), lower, upper};
  auto k0 = static_cast<uint32_t>(key), k1 = static_cast<uint32_t>(key >> 32);
#pragma unroll
  for (int round = 0; round < kRounds; round++) {
    const uint64_t p = uint64_t{0xD2511F53} * c[0], q = uint64_t{0xCD9E8D57} * c[2];
    c[0] = static_cast<uint32_t>(q >> 32) ^ c[1] ^ k0;
    c[1] = static_cast<uint32_t>(q);
    c[2] = static_cast<uint32_t>(p >> 32) ^ c[3] ^ k1;
    c[3] = static_cast<uint32_t>(p);
    k0 += 0x9E3779B9;
    k1 += 0xBB67AE85;
  }
  return {{c[0], c[1], c[2], c[3]}};
}

// sqrt(-2 ln u) for u = (v + 1/2) / 2^32. Close to 1, u has few digits: 1 - u is what counts there.
__device__ inline float normal_radius(uint32_t v) {
  constexpr float kUnit = 1.0f / 4294967296.0f;
  const float u = (static_cast<float>(v) + 0.5f) * kUnit, rest = (static_cast<float>(~v) + 0.5f) * kUnit;
  return sqrtf(-2.0f * (rest < 0.25f ? log1pf(-rest) : logf(u)));
}

// x (B,n) = draws from N(0, 1), row b's with the counter's upper half streams[b] (2). A thread has a block of four
// draws, or one of them.
template <int Width>
__global__ void gaussian(uint64_t seed, int64_t B, int64_t n, const int32_t* streams, float* x) {
  own_token<Width>(1, B, n, [&](int64_t, int64_t row, int64_t first, auto lanes) {
    const auto lower = static_cast<uint32_t>(streams[2 * row]), upper = static_cast<uint32_t>(streams[2 * row + 1]);
    const PhiloxBlock block = philox(seed, static_cast<uint64_t>(first / 4), lower, upper);
    float draws[4];
#pragma unroll
    for (int half = 0; half < 2; half++) {
      const float r = normal_radius(block.words[2 * half]);
      const auto half_turns = static_cast<float>(static_cast<int32_t>(block.words[2 * half + 1])) * 0x1p-31f;
      float sine, cosine;
      sincospif(half_turns, &sine, &cosine);
      draws[2 * half] = r * cosine;
      draws[2 * half + 1] = r * sine;
    }
    const int at = static_cast<int>(first % 4);
    const float one = at == 0 ? draws[0] : at == 1 ? draws[1] : at == 2 ? draws[2] : draws[3];
    lanes.store(x + row * n + first, lanes.make([&](int k) { return Width == 4 ? draws[k] : one; }));
  });
}

}  // namespace autoprog
