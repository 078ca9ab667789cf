// CUDA's built-in functions, as far as kernels use them.
#pragma once
#include "simt.hpp"

namespace simt {

template <class T>
struct Shuffled {
  T value, result;
  int source;
};

template <class T, class Select>
T shuffle(uint32_t mask, T value, Select select, const char* what, Location location) {
  Shuffled<T> operands{value, value, select(thread_index() % 32)};
  collective(
      mask, operands,
      [](Shuffled<T>** lanes) SIMT_NO_TSAN {
        for (int i = 0; i < 32; i++) {
          if (lanes[i] == nullptr) continue;
          const Shuffled<T>* source = lanes[lanes[i]->source];
          if (source == nullptr) fail("shuffle: lane %d reads lane %d, outside the mask", i, lanes[i]->source);
          lanes[i]->result = source->value;
        }
      },
      what, location);
  return operands.result;
}

struct Vote {
  bool yes;
  unsigned result;
};

}  // namespace simt

inline void __syncthreads(simt::Location l = {}) {
  simt::barrier(0, 0, 0, "__syncthreads", l);
}
inline int __syncthreads_count(int yes, simt::Location l = {}) {
  return static_cast<int>(simt::barrier(0, 0, yes != 0, "__syncthreads_count", l));
}
inline int __syncthreads_or(int yes, simt::Location l = {}) {
  return __syncthreads_count(yes, l) != 0;
}
inline int __syncthreads_and(int yes, simt::Location l = {}) {
  return __syncthreads_count(yes, l) == static_cast<int>(blockDim.x * blockDim.y * blockDim.z);
}
inline void __syncwarp(unsigned mask = 0xffffffffu, simt::Location l = {}) {
  int nothing = 0;
  simt::collective(mask, nothing, [](int**) {}, "__syncwarp", l, true);
}

template <class T>
T __shfl_sync(unsigned mask, T value, int source, int width = 32, simt::Location l = {}) {
  return simt::shuffle(
      mask, value, [=](int lane) { return (lane & ~(width - 1)) | (source & (width - 1)); }, "__shfl_sync", l);
}
template <class T>
T __shfl_xor_sync(unsigned mask, T value, int bits, int width = 32, simt::Location l = {}) {
  const auto select = [=](int lane) { return (lane ^ bits) / width > lane / width ? lane : lane ^ bits; };
  return simt::shuffle(mask, value, select, "__shfl_xor_sync", l);
}
template <class T>
T __shfl_down_sync(unsigned mask, T value, unsigned delta, int width = 32, simt::Location l = {}) {
  const auto select = [=](int lane) {
    const int source = lane + static_cast<int>(delta);
    return source / width != lane / width ? lane : source;
  };
  return simt::shuffle(mask, value, select, "__shfl_down_sync", l);
}
template <class T>
T __shfl_up_sync(unsigned mask, T value, unsigned delta, int width = 32, simt::Location l = {}) {
  const auto select = [=](int lane) {
    const int source = lane - static_cast<int>(delta);
    return source < (lane & ~(width - 1)) ? lane : source;
  };
  return simt::shuffle(mask, value, select, "__shfl_up_sync", l);
}

inline unsigned __ballot_sync(unsigned mask, int yes, simt::Location l = {}) {
  simt::Vote operands{yes != 0, 0};
  simt::collective(
      mask, operands,
      [](simt::Vote** lanes) SIMT_NO_TSAN {
        unsigned result = 0;
        for (int i = 0; i < 32; i++) {
          if (lanes[i] != nullptr && lanes[i]->yes) result |= 1u << i;
        }
        for (int i = 0; i < 32; i++) {
          if (lanes[i] != nullptr) lanes[i]->result = result;
        }
      },
      "__ballot_sync", l);
  return operands.result;
}
inline int __any_sync(unsigned mask, int yes, simt::Location l = {}) {
  return __ballot_sync(mask, yes, l) != 0;
}
inline int __all_sync(unsigned mask, int yes, simt::Location l = {}) {
  return __ballot_sync(mask, yes, l) == mask;
}

template <class T>
T __ldg(const T* p) {
  if (reinterpret_cast<uintptr_t>(p) % alignof(T) != 0) simt::fail("__ldg: misaligned");
  return *p;
}

inline float rsqrtf(float x) {
  return 1.0f / std::sqrt(x);
}
inline void sincospif(float x, float* sine, float* cosine) {
  *sine = static_cast<float>(std::sin(M_PI * x));
  *cosine = static_cast<float>(std::cos(M_PI * x));
}
inline float __expf(float x) {
  return std::exp(x);
}
inline float __logf(float x) {
  return std::log(x);
}
inline float __fdividef(float a, float b) {
  return a / b;
}
inline float __frcp_rn(float a) {
  return 1.0f / a;
}
inline float __fmul_rn(float a, float b) {
  return a * b;
}
inline int __float_as_int(float x) {
  int bits;
  std::memcpy(&bits, &x, sizeof bits);
  return bits;
}
inline float __int_as_float(int bits) {
  float x;
  std::memcpy(&x, &bits, sizeof x);
  return x;
}
inline int __popc(unsigned x) {
  return __builtin_popcount(x);
}
inline int __ffs(int x) {
  return __builtin_ffs(x);
}
using std::isfinite;
using std::isinf;
using std::isnan;
using std::max;
using std::min;
