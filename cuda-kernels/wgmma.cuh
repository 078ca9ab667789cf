// Products of matrices by a warpgroup, four warps together, of Hopper (sm_90a): thin names for the PTX instructions,
// as in mma.cuh. A matrix in shared memory lies in blocks of 8 rows of 8 bfloat16, 128 bytes each, without a swizzle.
#pragma once
#include "mma.cuh"

// Whether code is compiled that such kernels can have: for sm_90a, and in the emulation.
#if !defined(__CUDACC__) || defined(__CUDA_ARCH_FEAT_SM90_ALL)
#define AP_WGMMA 1
#endif

constexpr int kWarpgroup = 128;

#ifndef __CUDACC__
#include "simt/wgmma.hpp"
#else

// A matrix in shared memory, of such blocks: bytes from one to the next where 8 more rows or columns are summed over,
// and where they are not.
__device__ inline uint64_t wgmma_descriptor(const void* p, uint32_t summed_bytes, uint32_t other_bytes) {
  const auto field = [](uint64_t bytes, int bit) { return (bytes & 0x3ffff) >> 4 << bit; };
  return field(shared_address(p), 0) | field(summed_bytes, 16) | field(other_bytes, 32);
}

// Makes this thread's writes to shared memory visible to wgmma.
__device__ inline void fence_async_proxy() {
  asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
}

#ifdef AP_WGMMA

#define AP_S1(j) "+f"(d[j][0]), "+f"(d[j][1]), "+f"(d[j][2]), "+f"(d[j][3])

// Before the first product of a group: what this thread wrote to registers that the group reads or adds to.
__device__ inline void wgmma_fence() {
  asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
}
__device__ inline void wgmma_commit() {
  asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
}
// Waits until at most Keep groups are at work. Until then nobody touches what they read and add to.
template <int Keep>
__device__ inline void wgmma_wait() {
  asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(Keep) : "memory");
}
// Behind a wait: sums that are complete. The compiler, to which they are there as soon as a product is issued, must not
// read or change them before.
template <int J>
__device__ __forceinline__ void wgmma_settle(float (&d)[J][4]) {
#pragma unroll
  for (int j = 0; j < J; j++) asm volatile("" : AP_S1(j)::"memory");
}

#define AP_R8 "%0,%1,%2,%3,%4,%5,%6,%7"
#define AP_R16 AP_R8 ",%8,%9,%10,%11,%12,%13,%14,%15"
#define AP_R24 AP_R16 ",%16,%17,%18,%19,%20,%21,%22,%23"
#define AP_R32 AP_R24 ",%24,%25,%26,%27,%28,%29,%30,%31"
#define AP_R40 AP_R32 ",%32,%33,%34,%35,%36,%37,%38,%39"
#define AP_S2 AP_S1(0), AP_S1(1)
#define AP_S4 AP_S2, AP_S1(2), AP_S1(3)
#define AP_S6 AP_S4, AP_S1(4), AP_S1(5)
#define AP_S8 AP_S6, AP_S1(6), AP_S1(7)
#define AP_S10 AP_S8, AP_S1(8), AP_S1(9)

// d (64, 8 J; float32) = a (64, 16; bfloat16) * b (16, 8 J; bfloat16), added to d if `add`; the fragment of d is that
// of mma.m16n8k16, a warp having 16 rows. Transposed: the matrix lies with its rows, or b's columns, side by side in a
// block's rows. a is in shared memory, or in registers as the left operand of mma.m16n8k16.
#define AP_WGMMA_OF(N, J, D, A, B, ADD, TA, TB)                                                         \
  template <int ATransposed, int BTransposed>                                                           \
  __device__ __forceinline__ void wgmma(float(&d)[J][4], uint64_t a, uint64_t b, bool add) {            \
    asm volatile("{\n.reg .pred p;\nsetp.ne.b32 p, %" #ADD ", 0;\nwgmma.mma_async.sync.aligned.m64n" #N \
                 "k16.f32.bf16.bf16 {" D "}, %" #A ", %" #B ", p, 1, 1, %" #TA ", %" #TB ";\n}"         \
                 : AP_S##J                                                                              \
                 : "l"(a), "l"(b), "r"(static_cast<int>(add)), "n"(ATransposed), "n"(BTransposed));     \
  }
AP_WGMMA_OF(16, 2, AP_R8, 8, 9, 10, 11, 12)
AP_WGMMA_OF(32, 4, AP_R16, 16, 17, 18, 19, 20)
AP_WGMMA_OF(64, 8, AP_R32, 32, 33, 34, 35, 36)

#define AP_WGMMA_REGISTERS(N, J, D, A0, A1, A2, A3, B, ADD, T)                                                        \
  template <int BTransposed>                                                                                          \
  __device__ __forceinline__ void wgmma(float(&d)[J][4], const uint32_t(&a)[4], uint64_t b, bool add) {               \
    asm volatile("{\n.reg .pred p;\nsetp.ne.b32 p, %" #ADD ", 0;\nwgmma.mma_async.sync.aligned.m64n" #N               \
                 "k16.f32.bf16.bf16 {" D "}, {%" #A0 ",%" #A1 ",%" #A2 ",%" #A3 "}, %" #B ", p, 1, 1, %" #T ";\n}"    \
                 : AP_S##J                                                                                            \
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b), "r"(static_cast<int>(add)), "n"(BTransposed)); \
  }
AP_WGMMA_REGISTERS(64, 8, AP_R32, 32, 33, 34, 35, 36, 37, 38)
AP_WGMMA_REGISTERS(80, 10, AP_R40, 40, 41, 42, 43, 44, 45, 46)

#undef AP_WGMMA_REGISTERS
#undef AP_WGMMA_OF
#undef AP_S10
#undef AP_S8
#undef AP_S6
#undef AP_S4
#undef AP_S2
#undef AP_S1
#undef AP_R40
#undef AP_R32
#undef AP_R24
#undef AP_R16
#undef AP_R8
#endif
#endif
