// CPU versions of the functions of mma.cuh. Emulation: mma.cpp, hopper.cpp.
#pragma once
#include "simt.hpp"

namespace simt {
void wgmma_issue(int n, bool a_transposed, bool b_transposed, float* d, uint64_t a, uint64_t b, bool add, Location l);
void wgmma_wait_groups(int keep, Location l);
}  // namespace simt

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
inline float exp2_approximate(float x) {
  return std::exp2(x);
}

uint64_t wgmma_descriptor_128b(const void* p, uint32_t leading_bytes, uint32_t stride_bytes);
inline void wgmma_fence() {}
inline void fence_async_proxy() {}
void wgmma_commit(simt::Location l = {});
template <int Keep>
void wgmma_wait(simt::Location l = {}) {
  simt::wgmma_wait_groups(Keep, l);
}
template <int ATransposed, int BTransposed>
void wgmma_m64n64k16(float (&d)[32], uint64_t a, uint64_t b, bool add, simt::Location l = {}) {
  simt::wgmma_issue(64, ATransposed, BTransposed, d, a, b, add, l);
}

void mbarrier_init(uint64_t* barrier, int count);
inline void mbarrier_fence_init() {}
void mbarrier_arrive(uint64_t* barrier);
void mbarrier_arrive_expect(uint64_t* barrier, uint32_t bytes);
void mbarrier_wait(uint64_t* barrier, unsigned parity, simt::Location l = {});
void tma_load_2d(void* to, const CUtensorMap* map, int column, int row, uint64_t* barrier);
// What cuTensorMapEncodeTiled makes of a row-major matrix of bfloat16, with the 128-byte swizzle.
CUtensorMap make_tensor_map_2d(const __nv_bfloat16* base, uint64_t rows, uint64_t columns, uint32_t box_rows,
                               uint32_t box_columns);
