// wgmma, mbarrier and TMA on the CPU. Layouts: PTX ISA, "Asynchronous warpgroup level matrix instructions". Compiled
// without -fsanitize=thread.
#include <stdexcept>

#include "mma.hpp"
#include "sanitizers.hpp"

namespace simt {
namespace {

// The fragment of D of wgmma.m64nNk16: warp w has rows 16 w to 16 w + 15, as mma.m16n8 repeated along n.
struct WgmmaOperands {
  float* d;
  uint64_t a, b;
  bool add;
};

// Element (mn, k) of an operand with the 128-byte swizzle: rows of 64 k or, transposed, rows of 64 mn.
const unsigned char* wgmma_address(uint64_t descriptor, int mn, int k, bool transposed) {
  const auto field = [descriptor](int bit) { return static_cast<uint32_t>(descriptor >> bit & 0x3fff) << 4; };
  const uint32_t start = field(0), leading = field(16), stride = field(32);
  uint32_t offset = transposed ? start + mn / 64 * leading + k / 8 * stride + k % 8 * 128 + mn % 64 * 2
                               : start + mn / 8 * stride + mn % 8 * 128 + k * 2;
  offset ^= (offset >> 7 & 7) << 4;
  if (offset + 2 > shared_size()) {
    fail("wgmma: the descriptor reads shared memory at %u of %zu", offset, shared_size());
  }
  return shared_base() + offset;
}

float wgmma_element(uint64_t descriptor, int mn, int k, bool transposed) {
  uint16_t bits;
  std::memcpy(&bits, wgmma_address(descriptor, mn, k, transposed), sizeof bits);
  return __int_as_float(static_cast<int>(static_cast<uint32_t>(bits) << 16));
}

void wgmma(const std::vector<WgmmaOperands>& lanes, int n, bool a_transposed, bool b_transposed) {
  static float a[64][16], b[256][16];
  const WgmmaOperands& first = lanes[0];
  for (const WgmmaOperands& lane : lanes) {
    if (lane.a != first.a || lane.b != first.b || lane.add != first.add) fail("wgmma: operands differ between threads");
  }
  if (first.a >> 62 != 1 || first.b >> 62 != 1) fail("wgmma: only the 128-byte swizzle is emulated");
  for (int k = 0; k < 16; k++) {
    for (int m = 0; m < 64; m++) a[m][k] = wgmma_element(first.a, m, k, a_transposed);
    for (int j = 0; j < n; j++) b[j][k] = wgmma_element(first.b, j, k, b_transposed);
  }
  for (int t = 0; t < 128; t++) {
    for (int i = 0; i < n / 2; i++) {
      const int row = t / 32 * 16 + t % 32 / 4 + i / 2 % 2 * 8, column = i / 4 * 8 + t % 4 * 2 + i % 2;
      float sum = 0;
      for (int k = 0; k < 16; k++) sum += a[row][k] * b[column][k];
      lanes[t].d[i] = (first.add ? lanes[t].d[i] : 0.0f) + sum;
    }
  }
}

// What the tensor core reads, as reads of this thread: 16 bytes at a time, of its warp's rows of A and all of B.
void wgmma_reads(uint64_t descriptor, int from, int to, bool transposed) {
  for (int mn = from; mn < to; mn += transposed ? 8 : 1) {
    for (int k = 0; k < 16; k += transposed ? 1 : 8) seen_read16(wgmma_address(descriptor, mn, k, transposed));
  }
}

// A warpgroup's products that are issued; an empty function ends a group.
std::vector<std::function<void()>>& warpgroup_work() {
  return pending(shared_base() + thread_index() / 128);
}

struct Mbarrier {
  int32_t bytes;
  uint32_t phase : 1, count : 15, waiting : 16;
};
static_assert(sizeof(Mbarrier) == 8);

Mbarrier& mbarrier(uint64_t* p) {
  return *reinterpret_cast<Mbarrier*>(p);
}

void mbarrier_update(uint64_t* p, uint32_t arrivals, int bytes) {
  Mbarrier& m = mbarrier(p);
  if (m.waiting < arrivals) fail("mbarrier: more arrivals than its count");
  m.waiting -= arrivals;
  m.bytes += bytes;
  if (m.waiting == 0 && m.bytes == 0) {
    m.phase ^= 1;
    m.waiting = m.count;
  }
}

struct MbarrierWait {
  uint64_t* barrier;
  unsigned parity;
};

// Data lands only when somebody waits for it.
bool mbarrier_poll(void* p) {
  const MbarrierWait& wait = *static_cast<MbarrierWait*>(p);
  const auto work = std::move(pending(wait.barrier));
  pending(wait.barrier).clear();
  if (!work.empty()) {
    order_acquire(wait.barrier);
    for (const auto& load : work) load();
    order_release(wait.barrier);
  }
  return mbarrier(wait.barrier).phase != wait.parity;
}

struct TensorMap {
  const char* base;
  uint64_t columns, rows;
  uint32_t box_columns, box_rows;
};
static_assert(sizeof(TensorMap) <= sizeof(CUtensorMap));

// A box of a row-major matrix of bfloat16 with the 128-byte swizzle; zero outside the matrix.
void tma_copy(const TensorMap& map, int column, int row, char* to) {
  for (uint32_t y = 0; y < map.box_rows; y++) {
    for (uint32_t x = 0; x < map.box_columns; x++) {
      const int64_t from_row = row + int64_t{y}, from_column = column + int64_t{x};
      uint32_t offset = (y * map.box_columns + x) * 2;
      offset ^= (offset >> 7 & 7) << 4;
      const bool inside = from_row >= 0 && from_column >= 0 && from_row < static_cast<int64_t>(map.rows) &&
                          from_column < static_cast<int64_t>(map.columns);
      if (inside) {
        std::memcpy(to + offset, map.base + (from_row * static_cast<int64_t>(map.columns) + from_column) * 2, 2);
      } else {
        std::memset(to + offset, 0, 2);
      }
    }
  }
}

}  // namespace

// A product runs when it is waited for: to read D, or to overwrite A or B, too early gives wrong results, as on a GPU.
void wgmma_issue(int n, bool a_transposed, bool b_transposed, float* d, uint64_t a, uint64_t b, bool add, Location l) {
  const int warp = thread_index() % 128 / 32;
  wgmma_reads(a, warp * 16, warp * 16 + 16, a_transposed);
  wgmma_reads(b, 0, n, b_transposed);
  WgmmaOperands operands{d, a, b, add};
  collective<128>(
      0xffffffffu, operands,
      [=](WgmmaOperands** lanes) {
        const Quiet quiet;
        std::vector<WgmmaOperands> all;
        for (int t = 0; t < 128; t++) all.push_back(*lanes[t]);
        warpgroup_work().push_back([=] { wgmma(all, n, a_transposed, b_transposed); });
      },
      "wgmma", l);
}

void wgmma_wait_groups(int keep, Location l) {
  int nothing = 0;
  collective<128>(
      0xffffffffu, nothing,
      [keep](int**) {
        const Quiet quiet;
        auto& work = warpgroup_work();
        auto groups = std::count_if(work.begin(), work.end(), [](const auto& product) { return !product; });
        auto next = work.begin();
        for (; groups > keep; next++) {
          if (*next) {
            (*next)();
          } else {
            groups--;
          }
        }
        work.erase(work.begin(), next);
      },
      "wgmma_wait", l);
}

}  // namespace simt

uint64_t wgmma_descriptor_128b(const void* p, uint32_t leading_bytes, uint32_t stride_bytes) {
  const auto address = static_cast<uint64_t>(static_cast<const unsigned char*>(p) - simt::shared_base());
  if (address >= 1u << 18 || address % 16 != 0) simt::fail("wgmma descriptor: bad address in shared memory");
  const auto field = [](uint64_t bytes, int bit) { return (bytes & 0x3ffff) >> 4 << bit; };
  return field(address, 0) | field(leading_bytes, 16) | field(stride_bytes, 32) | uint64_t{1} << 62;
}

void wgmma_commit(simt::Location l) {
  int nothing = 0;
  simt::collective<128>(
      0xffffffffu, nothing,
      [](int**) {
        const simt::Quiet quiet;
        simt::warpgroup_work().push_back(nullptr);
      },
      "wgmma_commit", l);
}

void mbarrier_init(uint64_t* barrier, int count) {
  simt::mbarrier(barrier) = {0, 0, static_cast<uint32_t>(count), static_cast<uint32_t>(count)};
}
void mbarrier_arrive(uint64_t* barrier) {
  simt::order_release(barrier);
  simt::mbarrier_update(barrier, 1, 0);
  simt::yield();
}
void mbarrier_arrive_expect(uint64_t* barrier, uint32_t bytes) {
  simt::order_release(barrier);
  simt::mbarrier(barrier).bytes += static_cast<int32_t>(bytes);
  simt::mbarrier_update(barrier, 1, 0);
}
void mbarrier_wait(uint64_t* barrier, unsigned parity, simt::Location l) {
  simt::MbarrierWait wait{barrier, parity};
  simt::wait_until(simt::mbarrier_poll, &wait, "mbarrier_wait", l);
  simt::order_acquire(barrier);
}

void tma_load_2d(void* to, const CUtensorMap* map, int column, int row, uint64_t* barrier) {
  simt::TensorMap plain;
  std::memcpy(&plain, map, sizeof plain);
  if (reinterpret_cast<uintptr_t>(to) % 1024 != 0) simt::fail("TMA: a tile with the 128-byte swizzle begins at 1024 n");
  simt::pending(barrier).push_back([=] {
    simt::tma_copy(plain, column, row, static_cast<char*>(to));
    simt::mbarrier_update(barrier, 0, -static_cast<int>(plain.box_rows * plain.box_columns * 2));
  });
  simt::order_release(barrier);
  if (simt::options.tma_early) {
    simt::MbarrierWait wait{barrier, 0};
    simt::mbarrier_poll(&wait);
  }
}

CUtensorMap make_tensor_map_2d(const __nv_bfloat16* base, uint64_t rows, uint64_t columns, uint32_t box_rows,
                               uint32_t box_columns) {
  if (box_columns != 64) throw std::runtime_error("the 128-byte swizzle needs boxes of 128 bytes a row");
  const simt::TensorMap plain{reinterpret_cast<const char*>(base), columns, rows, box_columns, box_rows};
  CUtensorMap map{};
  std::memcpy(&map, &plain, sizeof plain);
  return map;
}
