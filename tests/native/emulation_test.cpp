// The emulation itself: its tensor cores, asynchronous copies and barriers, and that it sees what is done wrong.
#include "check.hpp"
#include "device.cuh"
#include "wgmma.cuh"

using namespace autoprog;
using namespace check;

namespace {

constexpr int kTile = 64;

// c (64,64) = a (64,K) * b (64,K)^T, both bfloat16: a warp has 16 rows of c. K a multiple of 64.
void mma_product(int K, const BFloat16* a, const BFloat16* b, float* c) {
  constexpr int kRow = kTile + 8;
  Smem smem;
  BFloat16 *tile_a = smem.take<BFloat16>(kTile * kRow), *tile_b = smem.take<BFloat16>(kTile * kRow);
  const int lane = static_cast<int>(threadIdx.x) % 32, first = static_cast<int>(threadIdx.x) / 32 * 16;
  float sums[8][4] = {};
  for (int k = 0; k < K; k += kTile) {
    __syncthreads();
    for (int i = static_cast<int>(threadIdx.x); i < kTile * 8; i += 128) {
      const int row = i / 8, column = i % 8 * 8;
      cp_async16(tile_a + row * kRow + column, a + row * K + k + column);
      cp_async16(tile_b + row * kRow + column, b + row * K + k + column);
    }
    cp_async_commit();
    cp_async_wait<0>();
    __syncthreads();
    for (int step = 0; step < kTile; step += 16) {
      uint32_t left[4], right[4];
      ldmatrix_x4(left, tile_a + (first + lane % 16) * kRow + step + lane / 16 * 8);
      for (int j = 0; j < 8; j += 2) {
        ldmatrix_x4(right, tile_b + (j * 8 + lane % 8 + lane / 16 * 8) * kRow + step + lane / 8 % 2 * 8);
        mma_m16n8k16(sums[j], left, right[0], right[1]);
        mma_m16n8k16(sums[j + 1], left, right[2], right[3]);
      }
    }
  }
  for (int j = 0; j < 8; j++) {
    for (int i = 0; i < 4; i++) {
      c[(first + lane / 4 + i / 2 * 8) * kTile + j * 8 + lane % 4 * 2 + i % 2] = sums[j][i];
    }
  }
}

// An operand of wgmma: rows of 64 elements in blocks of 8 by 8.
void fill_blocks(BFloat16* tile, const BFloat16* from, int row) {
  for (int i = static_cast<int>(threadIdx.x); i < kTile * 8; i += kWarpgroup) {
    const int r = i % 8 + i / 64 * 8, c = i / 8 % 8 * 8;
    std::memcpy(tile + i * 8, from + r * row + c, 16);
  }
}

// The same by a warpgroup, a being read by it or coming from registers; Transposed: b is (K,64).
template <bool Transposed, bool FromRegisters>
void wgmma_product(int K, const BFloat16* a, const BFloat16* b, float* c) {
  constexpr int kRows = kTile * 16;  // bytes of 8 rows
  Smem smem;
  BFloat16 *tile_a = smem.take<BFloat16>(kTile * kTile, 128), *tile_b = smem.take<BFloat16>(kTile * kTile, 128);
  const int t = static_cast<int>(threadIdx.x);
  float d[8][4];
  uint32_t fragments[4][4];
  for (int k = 0; k < K; k += kTile) {
    __syncthreads();
    fill_blocks(tile_a, a + k, K);
    fill_blocks(tile_b, Transposed ? b + k * kTile : b + k, Transposed ? kTile : K);
    fence_async_proxy();
    __syncthreads();
    for (int s = 0; s < 4 && FromRegisters; s++) {
      for (int i = 0; i < 4; i++) {
        const int row = t / 32 * 16 + t % 32 / 4 + i % 2 * 8, column = k + s * 16 + t % 4 * 2 + i / 2 * 8;
        std::memcpy(&fragments[s][i], a + row * K + column, 4);
      }
    }
    wgmma_fence();
    for (int s = 0; s < 4; s++) {
      const bool add = k > 0 || s > 0;
      const uint64_t right = Transposed ? wgmma_descriptor(tile_b + s * 16 * kTile, kRows, 128)
                                        : wgmma_descriptor(tile_b + s * 128, 128, kRows);
      if constexpr (FromRegisters) {
        wgmma<Transposed>(d, fragments[s], right, add);
      } else {
        wgmma<0, Transposed>(d, wgmma_descriptor(tile_a + s * 128, 128, kRows), right, add);
      }
    }
    wgmma_commit();
    wgmma_wait<0>();
  }
  for (int i = 0; i < 32; i++) {
    c[(t / 32 * 16 + t % 32 / 4 + i / 2 % 2 * 8) * kTile + i / 4 * 8 + t % 4 * 2 + i % 2] = d[i / 4][i % 4];
  }
}

const BFloat16* bfloat16(const Array& array) {
  return static_cast<const BFloat16*>(static_cast<void*>(array));
}

// run(a, b, c) must give the product of rows (64,K) and columns (64,K), or (K,64) if transposed.
template <class Run>
void product(int K, bool transposed, Run run) {
  const auto a = normal(kTile * K), b = normal(kTile * K);
  Array device_a(AP_BFLOAT16, a), device_b(AP_BFLOAT16, b), c(AP_FLOAT32, kTile * kTile);
  run(bfloat16(device_a), bfloat16(device_b), static_cast<float*>(c));
  const auto expected = made(kTile * kTile, [&](size_t i) {
    const size_t row = i / kTile, column = i % kTile;
    double sum = 0;
    for (int k = 0; k < K; k++) {
      sum += a[row * K + k] * (transposed ? b[k * kTile + column] : b[column * K + k]);
    }
    return sum;
  });
  expect_close("c", c, expected, kFloat32Bound);
}

// ---- what is done wrong ------------------------------------------------------------------------------------------

void diverging_barrier(float*) {
  if (threadIdx.x < 32) __syncthreads();
}
void two_barriers(float*) {
  if (threadIdx.x < 32) {
    __syncthreads();
  } else {
    __syncthreads();
  }
}
void diverging_shuffle(float* x) {
  if (threadIdx.x % 2 == 0) *x = __shfl_xor_sync(kAllLanes, 1.0f, 2);
}
void shuffle_from_outside(float* x) {
  if (threadIdx.x % 32 < 16) *x = __shfl_xor_sync(0xffffu, 1.0f, 16);
}
void not_in_own_mask(float* x) {
  *x = __shfl_sync(1u, 1.0f, 0);
}
void too_much_shared(float* x) {
  Smem smem;
  *x = *smem.take<float>(65);
}
void misaligned_copy(float* x) {
  Smem smem;
  cp_async16(smem.take<float>(8) + 1, x);
}
void barrier_without_arrival(float*) {
  if (threadIdx.x < 64) simt::barrier(1, 128, 0, "a barrier of 128 threads", {});
}

void expect_failure(void (*kernel)(float*), int threads, const char* text) {
  Array x(AP_FLOAT32, 16);
  try {
    launch(kernel, 1, threads, 256, nullptr, static_cast<float*>(x));
  } catch (const std::runtime_error& e) {
    if (std::string(e.what()).find(text) == std::string::npos) fail(std::string("another message: ") + e.what());
    return;
  }
  fail("not seen");
}

// out (64) = the neighbours' thread numbers, across a border of warps
template <bool Barrier>
void neighbours(float* out) {
  Smem smem;
  float* numbers = smem.take<float>(64);
  numbers[threadIdx.x] = static_cast<float>(threadIdx.x);
  if (Barrier) __syncthreads();
  out[threadIdx.x] = numbers[(threadIdx.x + 32) % 64];
}

#ifndef __SANITIZE_THREAD__  // it ends the program itself
// What another warp writes is not there without a barrier: the first warp reads the NaN that memory begins with.
void missing_barrier() {
  for (const char* order : {"warp_first", "warp_last"}) {
    use_order(order);
    Array right(AP_FLOAT32, 64), wrong(AP_FLOAT32, 64);
    launch(neighbours<true>, 1, 64, 256, nullptr, static_cast<float*>(right));
    expect_equal("right", right, made(64, [](size_t i) { return static_cast<double>((i + 32) % 64); }));
    launch(neighbours<false>, 1, 64, 256, nullptr, static_cast<float*>(wrong));
    bool seen = false;
    for (const double value : wrong.values()) seen |= std::isnan(value);
    if (!seen) fail("not seen");
  }
  digest = 0;
}

#endif

// A copy that is not waited for is not there.
void copy_without_wait(float* x) {
  Smem smem;
  float* tile = smem.take<float>(4);
  cp_async16(tile, x);
  cp_async_commit();
  const float early = tile[0];
  cp_async_wait<0>();
  x[4] = early;
  x[5] = tile[0];
}
void early_read() {
  Array x(AP_FLOAT32, {1, 2, 3, 4, 0, 0});
  launch(copy_without_wait, 1, 1, 16, nullptr, static_cast<float*>(x));
  expect_equal("x", x, {1, 2, 3, 4, kNaN, 1});
}

}  // namespace

int main(int argc, char** argv) {
  Suite suite;
  for (const int K : {64, 192}) {
    suite.add("mma" + sizes({K}), [=] {
      product(K, false, [&](const BFloat16* a, const BFloat16* b, float* c) {
        launch(mma_product, 1, 128, 2 * kTile * (kTile + 8) * 2, nullptr, K, a, b, c);
      });
    });
    const auto warpgroup = [&](const char* name, auto kernel, bool transposed) {
      suite.add(name + sizes({K}), [=] {
        product(K, transposed, [&](const BFloat16* a, const BFloat16* b, float* c) {
          launch(kernel, 1, kWarpgroup, 2 * kTile * kTile * 2, nullptr, K, a, b, c);
        });
      });
    };
    warpgroup("wgmma", wgmma_product<false, false>, false);
    warpgroup("wgmma transposed", wgmma_product<true, false>, true);
    warpgroup("wgmma from registers", wgmma_product<false, true>, false);
    warpgroup("wgmma from registers, transposed", wgmma_product<true, true>, true);
  }
  suite.add("a barrier that some threads miss", [] { expect_failure(diverging_barrier, 64, "exited"); });
  suite.add("two barriers at once", [] { expect_failure(two_barriers, 64, "waits at another barrier"); });
  suite.add("a shuffle that some lanes miss", [] { expect_failure(diverging_shuffle, 32, "has exited the kernel"); });
  suite.add("a shuffle from outside", [] { expect_failure(shuffle_from_outside, 32, "outside the mask"); });
  suite.add("a mask without oneself", [] { expect_failure(not_in_own_mask, 32, "not in its own mask"); });
  suite.add("more shared memory than asked for", [] { expect_failure(too_much_shared, 32, "takes 260 bytes"); });
  suite.add("a misaligned asynchronous copy", [] { expect_failure(misaligned_copy, 1, "misaligned"); });
  suite.add("a barrier that nobody arrives at", [] { expect_failure(barrier_without_arrival, 128, "deadlock"); });
  suite.add("a block of 1025 threads", [] { expect_failure(two_barriers, 1025, "1025 threads"); });
#ifndef __SANITIZE_THREAD__
  suite.add("a missing barrier", missing_barrier);
#endif
  suite.add("a copy that is not waited for", early_read);
  return suite.run(argc, argv);
}
