// CPU versions of the functions of mma.cuh. Emulation: mma.cpp.
#pragma once
#include "simt.hpp"

void mma_m16n8k16(float (&d)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1, simt::Location l = {});
void ldmatrix_x4(uint32_t (&r)[4], const void* row, simt::Location l = {});
void ldmatrix_x4_trans(uint32_t (&r)[4], const void* row, simt::Location l = {});
inline void cp_async16(void* to, const void* from, bool valid = true) {
  simt::cp_async(to, from, 16, valid ? 16 : 0);
}
inline void cp_async_commit() {
  simt::cp_async_commit();
}
template <int Keep>
void cp_async_wait() {
  simt::cp_async_wait(Keep);
}
template <class T>
T* computed(T* p) {
  return p;
}
inline float exp2_approximate(float x) {
  return std::exp2(x);
}
inline float reciprocal_approximate(float x) {
  return 1.0f / x;
}
