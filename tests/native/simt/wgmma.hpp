// CPU versions of the functions of wgmma.cuh. Emulation: wgmma.cpp.
#pragma once
#include "simt.hpp"

namespace simt {
// A thread's operands of one product; `fragment` is its part of a left operand in registers.
struct Wgmma {
  int n;
  bool a_transposed, b_transposed;
  float* d;
  const uint32_t* fragment;
  uint64_t a, b;
  bool add;
};
void wgmma_issue(Wgmma operands, Location l);
void wgmma_wait_groups(int keep, Location l);
}  // namespace simt

uint64_t wgmma_descriptor(const void* p, uint32_t summed_bytes, uint32_t other_bytes);
inline void fence_async_proxy() {}
inline void wgmma_fence() {}
void wgmma_commit(simt::Location l = {});
template <int Keep>
void wgmma_wait(simt::Location l = {}) {
  simt::wgmma_wait_groups(Keep, l);
}
template <int J>
void wgmma_settle(float (&)[J][4]) {}
template <int ATransposed, int BTransposed, int J>
void wgmma(float (&d)[J][4], uint64_t a, uint64_t b, bool add, simt::Location l = {}) {
  simt::wgmma_issue({8 * J, ATransposed != 0, BTransposed != 0, d[0], nullptr, a, b, add}, l);
}
template <int BTransposed, int J>
void wgmma(float (&d)[J][4], const uint32_t (&a)[4], uint64_t b, bool add, simt::Location l = {}) {
  simt::wgmma_issue({8 * J, false, BTransposed != 0, d[0], a, 0, b, add}, l);
}
