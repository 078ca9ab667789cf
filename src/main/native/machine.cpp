#include <immintrin.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <limits>

#include "autoprog_cpu.h"
#include "context.hpp"
#include "simd.hpp"

using namespace autoprog;

namespace {

constexpr int64_t kRounds = 1 << 20;

double seconds_now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// The least time that body() takes, of as many runs as fit in so many seconds after one to warm up.
template <class Body>
double least_seconds(double seconds, Body body) {
  double least = std::numeric_limits<double>::infinity();
  body();
  const double begin = seconds_now();
  for (double now = begin; now < begin + seconds;) {
    body();
    const double then = now;
    now = seconds_now();
    least = std::min(least, now - then);
  }
  return least;
}

// One result per thread, each on a cache line of its own; kept so that the work is not optimised away.
struct alignas(64) Result {
  float value;
};

// Operations per second of `work`, which does `operations` and returns something that depends on all of them.
template <class Work>
double operations_per_second(ap_context* context, double repeat_seconds, double operations, Work work) {
  std::array<Result, 1024> results;
  const int team = std::min<int>(context->threads, results.size());
  const double seconds = least_seconds(repeat_seconds, [&] {
    parallel(context, team, team, 1, [&](int64_t part, int64_t, int64_t) { results[part].value = work(); });
  });
  volatile float sink = 0;
  for (int part = 0; part < team; part++) sink = sink + results[part].value;
  return team * operations / seconds;
}

// Enough chains to hide the latency of two units, few enough for 16 registers.
constexpr int64_t kChains = 12;

float multiply_adds() {
  Vec chains[kChains];
  for (int64_t c = 0; c < kChains; c++) chains[c] = splat(0.5f + 0.01f * static_cast<float>(c));
  const Vec factor = splat(0.75f), term = splat(0.125f);
  for (int64_t round = 0; round < kRounds; round++) {
#pragma GCC unroll 16
    for (int64_t c = 0; c < kChains; c++) chains[c] = chains[c] * factor + term;
  }
  Vec total{};
  for (int64_t c = 0; c < kChains; c++) total += chains[c];
  return sum(total);
}

[[gnu::target("avx512f,avx512bf16")]] float bf16_dot_products() {
  __m512 chains[kChains];
  for (int64_t c = 0; c < kChains; c++) chains[c] = _mm512_set1_ps(static_cast<float>(c));
  const __m512bh a = _mm512_cvtne2ps_pbh(_mm512_set1_ps(0.5f), _mm512_set1_ps(0.25f));
  const __m512bh b = _mm512_cvtne2ps_pbh(_mm512_set1_ps(0.75f), _mm512_set1_ps(0.125f));
  for (int64_t round = 0; round < kRounds; round++) {
#pragma GCC unroll 16
    for (int64_t c = 0; c < kChains; c++) chains[c] = _mm512_dpbf16_ps(chains[c], a, b);
  }
  __m512 total = _mm512_setzero_ps();
  for (int64_t c = 0; c < kChains; c++) total = _mm512_add_ps(total, chains[c]);
  return total[0];
}

// A store past the caches; p is aligned to the vector.
inline void store_past_caches(float* p, Vec v) {
#if defined(__AVX512F__)
  _mm512_stream_ps(p, reinterpret_cast<__m512>(v));
#elif defined(__AVX2__)
  _mm256_stream_ps(p, reinterpret_cast<__m256>(v));
#else
  _mm_stream_ps(p, reinterpret_cast<__m128>(v));
#endif
}

template <class Store>
double triad_seconds(ap_context* context, double seconds, int64_t n, float* a, const float* b, const float* c,
                     Store put) {
  return least_seconds(seconds, [&] {
    parallel(context, context->threads, n, kLanes, [&](int64_t, int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i += kLanes) put(a + i, load(b + i) + 3.0f * load(c + i));
      _mm_sfence();
    });
  });
}

// Elements of each of the triad's arrays: two third-level caches, and 64 MiB at least.
int64_t triad_elements() {
  constexpr int64_t kLeastBytes = 64 << 20;
  const int64_t bytes = std::max<int64_t>(kLeastBytes, 2 * sysconf(_SC_LEVEL3_CACHE_SIZE));
  return round_up(bytes / static_cast<int64_t>(sizeof(float)), kLanes);
}

}  // namespace

double ap_measure_multiply_adds(ap_context* context, double seconds) {
  return operations_per_second(context, seconds, 2.0 * kLanes * kChains * kRounds, multiply_adds);
}

double ap_measure_bf16_dot_products(ap_context* context, double seconds) {
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("avx512bf16")) return 0;
  return operations_per_second(context, seconds, 2.0 * 32 * kChains * kRounds, bf16_dot_products);
}

int ap_measure_triad(ap_context* context, double seconds, double* bytes_per_second) {
  return guarded(context, [&] {
    const int64_t n = triad_elements();
    Scratch memory;
    float* a = memory.floats(3 * n);
    float* b = a + n;
    float* c = b + n;
    parallel(context, context->threads, n, kLanes, [&](int64_t, int64_t begin, int64_t end) {
      std::fill(a + begin, a + end, 0.0f);
      std::fill(b + begin, b + end, 1.0f);
      std::fill(c + begin, c + end, 2.0f);
    });
    const double cached = triad_seconds(context, seconds, n, a, b, c, [](float* p, Vec v) { store(p, v); });
    const double streamed = triad_seconds(context, seconds, n, a, b, c, store_past_caches);
    *bytes_per_second = 3.0 * static_cast<double>(n) * sizeof(float) / std::min(cached, streamed);
  });
}
