// What every kernel includes: CUDA under nvcc, else the emulation of tests/native/simt; and the few things that all
// kernels share.
#pragma once
#include <cmath>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

#ifdef __CUDACC__
#include <cuda_bf16.h>
#include <cuda_runtime.h>
#else
#include "simt/simt.hpp"
#endif

namespace autoprog {

using BFloat16 = __nv_bfloat16;

constexpr int kWarp = 32;
constexpr unsigned kAllLanes = 0xffffffffu;

#ifdef __CUDACC__
// Lets blocks of a kernel have all the shared memory of the device. The limit is one of the process, so that no call
// may lower it for another thread's.
void allow_all_shared(const void* kernel);
#endif

// kernel(arguments...) on a grid of blocks, which may be empty, each with `shared_bytes` of dynamic shared memory.
template <class... P, class... A>
void launch(void (*kernel)(P...), dim3 grid, dim3 block, size_t shared_bytes, cudaStream_t stream, A... arguments) {
  if (grid.x == 0) return;  // nothing to do
#ifdef __CUDACC__
  constexpr size_t kWithoutAsking = 48 * 1024;
  if (shared_bytes > kWithoutAsking) allow_all_shared(reinterpret_cast<const void*>(kernel));
  kernel<<<grid, block, shared_bytes, stream>>>(P(arguments)...);
#else
  simt::launch(kernel, grid, block, shared_bytes, stream, arguments...);
#endif
}

// Dynamic shared memory, taken array by array; all threads take the same ones. The emulation gives each red zones, and
// checks the sum against what was launched with.
class Smem {
 public:
#ifdef __CUDACC__
  template <class T>
  __device__ T* take(int count, unsigned alignment = 16) {
    extern __shared__ __align__(1024) unsigned char dynamic_shared_memory[];
    used_ = (used_ + alignment - 1) / alignment * alignment;
    T* p = reinterpret_cast<T*>(dynamic_shared_memory + used_);
    used_ += count * static_cast<unsigned>(sizeof(T));
    return p;
  }

 private:
  unsigned used_ = 0;
#else
  template <class T>
  T* take(int count, unsigned alignment = 16) {
    return reinterpret_cast<T*>(simt::shared_take(count * sizeof(T), alignment, used_, physical_));
  }

 private:
  size_t used_ = 0, physical_ = 0;
#endif
};

// The sum over the warp's lanes, in each of them, always in the same order.
template <class T>
__device__ inline T warp_sum(T x) {
#pragma unroll
  for (int distance = kWarp / 2; distance > 0; distance /= 2) x += __shfl_xor_sync(kAllLanes, x, distance);
  return x;
}

// ---- elements ----------------------------------------------------------------------------------------------------

__device__ inline float to_float(float x) {
  return x;
}
__device__ inline float to_float(BFloat16 x) {
  return __bfloat162float(x);
}
template <class T>
__device__ inline T from_float(float x);
template <>
__device__ inline float from_float<float>(float x) {
  return x;
}
// Rounds to nearest, ties to even; a NaN stays one.
template <>
__device__ inline BFloat16 from_float<BFloat16>(float x) {
  return __float2bfloat16_rn(x);
}

// Elements of a 16-byte vector, the widest that one instruction loads.
template <class T>
constexpr int kVector = 16 / static_cast<int>(sizeof(T));

// Width neighbours, as float32.
template <int Width>
struct Floats {
  float at[Width];

  __device__ float& operator[](int k) { return at[k]; }
  __device__ float operator[](int k) const { return at[k]; }
};

// Width neighbours as they lie in memory; aligned to 16 bytes, or to their size if that is less.
template <class T, int Width>
struct alignas(Width * sizeof(T) < 16 ? Width * sizeof(T) : 16) Elements {
  T at[Width];
};

// p as the address of a V, which its alignment must allow: the emulation sees to it, as a GPU does.
template <class V, class T>
__device__ inline V* vector_at(T* p) {
#ifndef __CUDACC__
  if (reinterpret_cast<uintptr_t>(p) % alignof(V) != 0) simt::fail("a vector at a misaligned address");
#endif
  return reinterpret_cast<V*>(p);
}

// How a loop body reads, makes and writes Width neighbours, by vector instructions if there are several: their address
// must then be a multiple of 16 bytes, or of their size.
template <int Width>
struct Lanes {
  static constexpr int kWidth = Width;

  // body(k) for each of them
  template <class Body>
  __device__ void each(Body body) const {
#pragma unroll
    for (int k = 0; k < Width; k++) body(k);
  }
  template <class Body>
  __device__ Floats<Width> make(Body body) const {
    Floats<Width> result;
#pragma unroll
    for (int k = 0; k < Width; k++) result[k] = body(k);
    return result;
  }

  template <class T>
  __device__ Floats<Width> load(const T* p) const {
    const auto elements = *vector_at<const Elements<T, Width>>(p);
    if constexpr (std::is_same_v<T, BFloat16> && Width % 2 == 0) {
      // A bfloat16 is the upper half of a float32: of two in a word, each takes one instruction.
      uint32_t pairs[Width / 2];
      memcpy(pairs, elements.at, sizeof pairs);
      return make([&](int k) {
        const uint32_t pair = pairs[k / 2];
        return __int_as_float(static_cast<int>(k % 2 == 0 ? pair << 16 : pair & 0xffff0000u));
      });
    } else {
      return make([&](int k) { return to_float(elements.at[k]); });
    }
  }
  template <class T>
  __device__ void store(T* p, const Floats<Width>& x) const {
    Elements<T, Width> elements;
    each([&](int k) { elements.at[k] = from_float<T>(x[k]); });
    *vector_at<Elements<T, Width>>(p) = elements;
  }
};

// body(i, lanes) for the groups of Width neighbours of [0, n) that worker `first` of `workers` has; Width divides n.
template <int Width, class Body>
__device__ inline void each_group(int64_t first, int64_t workers, int64_t n, Body body) {
  for (int64_t i = first * Width; i < n; i += workers * Width) body(i, Lanes<Width>{});
}

// body(i, lanes) for this thread's Width neighbours of [0, n); one by one where n ends among them.
template <int Width, class Body>
__device__ inline void own_group(int64_t n, Body body) {
  int64_t i = (static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x) * Width;
  if (i + Width <= n) {
    body(i, Lanes<Width>{});
  } else {
    for (; i < n; i++) body(i, Lanes<1>{});
  }
}

// body(sample, i, lanes) for this thread's neighbours of the n elements of its sample; i counts from the first sample
// on. `blocks` blocks work on one sample.
template <int Width, class Body>
__device__ inline void own_group_of_sample(unsigned blocks, int64_t n, Body body) {
  const unsigned sample = blockIdx.x / blocks, block = blockIdx.x % blocks;
  const int64_t i = (static_cast<int64_t>(block) * blockDim.x + threadIdx.x) * Width;
  if (i < n) body(sample, sample * n + i, Lanes<Width>{});
}

// The warps of a block that has a row in each; its threads are (kWarp, kRowWarps).
constexpr int kRowWarps = 4;

// The row that this warp has; it may be beyond the last.
__device__ inline int64_t own_row() {
  return static_cast<int64_t>(blockIdx.x) * kRowWarps + threadIdx.y;
}

// body(b, n, c, lanes) for this thread's Width neighbours, from column c on, of the tokens of C columns of B N
template <int Width, class Body>
__device__ inline void own_token(int64_t B, int64_t N, int64_t C, Body body) {
  const int64_t group = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x, of_token = C / Width;
  const int64_t token = group / of_token;
  if (token < B * N) body(token / N, token % N, (group - token * of_token) * Width, Lanes<Width>{});
}

}  // namespace autoprog
