// noise.cuh against its definition.
#include "check.hpp"

using namespace check;

namespace {

// Four words, as the published algorithm has them.
void philox(uint32_t (&c)[4], uint32_t k0, uint32_t k1) {
  for (int round = 0; round < 10; round++) {
    const uint64_t p = uint64_t{0xD2511F53} * c[0], q = uint64_t{0xCD9E8D57} * c[2];
    const uint32_t next[4] = {static_cast<uint32_t>(q >> 32) ^ c[1] ^ k0, static_cast<uint32_t>(q),
                              static_cast<uint32_t>(p >> 32) ^ c[3] ^ k1, static_cast<uint32_t>(p)};
    std::copy(next, next + 4, c);
    k0 += 0x9E3779B9;
    k1 += 0xBB67AE85;
  }
}

struct Draw {
  double value, radius;
};

Draw draw(uint64_t seed, uint32_t lower, uint32_t upper, int64_t i) {
  uint32_t c[4] = {static_cast<uint32_t>(i / 4), static_cast<uint32_t>(i / 4 >> 32), lower, upper};
  philox(c, static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32));
  const double v = c[i % 4 / 2 * 2], w = c[i % 4 / 2 * 2 + 1];
  const double radius = std::sqrt(-2 * std::log((v + 0.5) / 4294967296.0)), angle = 2 * M_PI * w / 4294967296.0;
  return {radius * (i % 2 == 0 ? std::cos(angle) : std::sin(angle)), radius};
}

void gaussian(int64_t seed, int64_t B, int64_t n, int64_t offset) {
  auto streams = integers(2 * B, -2147483647, 2147483647);
  streams[0] = -1;
  Array device_streams(kInt32, streams), x(AP_FLOAT32, B * n, offset);
  run(ap_gaussian(context, seed, B, n, device_streams, x));
  const auto word = [&](int64_t at) {
    return static_cast<uint32_t>(static_cast<int64_t>(streams[static_cast<size_t>(at)]));
  };
  const std::vector<double> found = x.values();
  for (int64_t i = 0; i < B * n; i++) {
    const Draw expected = draw(static_cast<uint64_t>(seed), word(i / n * 2), word(i / n * 2 + 1), i % n);
    const double value = found[static_cast<size_t>(i)];
    if (!(std::fabs(value - expected.value) <= 1e-6 * expected.radius)) {
      fail("x[" + std::to_string(i) + "] is " + std::to_string(value) + ", expected " + std::to_string(expected.value));
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  struct Shape {
    int64_t B, n, offset;
  };
  Suite suite;
  for (const int64_t seed : {int64_t{0}, int64_t{-5}, int64_t{1} << 40}) {
    for (const Shape& s : {Shape{1, 1, 0}, Shape{3, 7, 0}, Shape{2, 64, 0}, Shape{5, 100, 1}, Shape{3, 1153, 0},
                           Shape{65, 12, 0}, Shape{2, 4096, 0}, Shape{1, 66, 3}}) {
      suite.add("gaussian of " + std::to_string(seed) + sizes({s.B, s.n}, s.offset),
                [=] { gaussian(seed, s.B, s.n, s.offset); });
    }
  }
  return suite.run(argc, argv);
}
