// wgmma on the CPU. Layouts: PTX ISA, "Asynchronous warpgroup level matrix instructions". Compiled without
// -fsanitize=thread.
#include "wgmma.hpp"

#include "sanitizers.hpp"

namespace simt {
namespace {

// Element (mn, k) of an operand that lies in blocks of 8 by 8, without a swizzle.
const unsigned char* wgmma_address(uint64_t descriptor, int mn, int k, bool transposed) {
  const auto field = [descriptor](int bit) { return static_cast<uint32_t>(descriptor >> bit & 0x3fff) << 4; };
  const uint32_t block = field(0) + k / 8 * field(16) + mn / 8 * field(32);
  const uint32_t offset = block + (transposed ? k % 8 * 16 + mn % 8 * 2 : mn % 8 * 16 + k % 8 * 2);
  if (offset + 2 > shared_size()) {
    fail("wgmma: the descriptor reads shared memory at %u of %zu", offset, shared_size());
  }
  return shared_base() + offset;
}

float bfloat16(uint32_t bits) {
  return __int_as_float(static_cast<int>(bits << 16));
}

float wgmma_element(uint64_t descriptor, int mn, int k, bool transposed) {
  uint16_t bits;
  std::memcpy(&bits, wgmma_address(descriptor, mn, k, transposed), sizeof bits);
  return bfloat16(bits);
}

// Element (row, k) of the left operand in registers, rows shared out as those of D are.
float fragment_element(const std::vector<Wgmma>& lanes, int row, int k) {
  const int t = row / 16 * 32 + row % 8 * 4 + k % 8 / 2, i = row / 8 % 2 + k / 8 * 2;
  const uint32_t pair = lanes[static_cast<size_t>(t)].fragment[i];
  return bfloat16(k % 2 == 0 ? pair & 0xffff : pair >> 16);
}

// The fragment of D of wgmma.m64nNk16: warp w has rows 16 w to 16 w + 15, as mma.m16n8 repeated along n.
void wgmma(const std::vector<Wgmma>& lanes) {
  static float a[64][16], b[256][16];
  const Wgmma& first = lanes[0];
  for (const Wgmma& lane : lanes) {
    if (lane.a != first.a || lane.b != first.b || lane.add != first.add) fail("wgmma: operands differ between threads");
  }
  for (int k = 0; k < 16; k++) {
    for (int m = 0; m < 64; m++) {
      a[m][k] =
          first.fragment != nullptr ? fragment_element(lanes, m, k) : wgmma_element(first.a, m, k, first.a_transposed);
    }
    for (int j = 0; j < first.n; j++) b[j][k] = wgmma_element(first.b, j, k, first.b_transposed);
  }
  for (int t = 0; t < 128; t++) {
    for (int i = 0; i < first.n / 2; i++) {
      const int row = t / 32 * 16 + t % 32 / 4 + i / 2 % 2 * 8, column = i / 4 * 8 + t % 4 * 2 + i % 2;
      float sum = 0;
      for (int k = 0; k < 16; k++) sum += a[row][k] * b[column][k];
      lanes[t].d[i] = (first.add ? lanes[t].d[i] : 0.0f) + sum;
    }
  }
}

// What the tensor core reads, as reads of this thread: 16 bytes at a time.
void wgmma_reads(uint64_t descriptor, int from, int to, bool transposed) {
  for (int mn = from; mn < to; mn += transposed ? 8 : 1) {
    for (int k = 0; k < 16; k += transposed ? 1 : 8) seen_read16(wgmma_address(descriptor, mn, k, transposed));
  }
}

// A warpgroup's products that are issued; an empty function ends a group.
std::vector<std::function<void()>>& warpgroup_work() {
  return pending(shared_base() + thread_index() / 128);
}

}  // namespace

// A product runs when it is waited for: to read D, or to overwrite A or B, too early gives wrong results, as on a GPU.
// Warps issue and wait together here: that one runs ahead of the others between two products does not show.
void wgmma_issue(Wgmma operands, Location l) {
  if (operands.fragment == nullptr) wgmma_reads(operands.a, 0, 64, operands.a_transposed);
  wgmma_reads(operands.b, 0, operands.n, operands.b_transposed);
  collective<128>(
      0xffffffffu, operands,
      [](Wgmma** lanes) {
        const Quiet quiet;
        std::vector<Wgmma> all;
        for (int t = 0; t < 128; t++) all.push_back(*lanes[t]);
        warpgroup_work().push_back([=] { wgmma(all); });
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

uint64_t wgmma_descriptor(const void* p, uint32_t summed_bytes, uint32_t other_bytes) {
  const auto address = static_cast<uint64_t>(static_cast<const unsigned char*>(p) - simt::shared_base());
  if (address >= 1u << 18 || address % 16 != 0) simt::fail("wgmma descriptor: bad address in shared memory");
  const auto field = [](uint64_t bytes, int bit) { return (bytes & 0x3ffff) >> 4 << bit; };
  return field(address, 0) | field(summed_bytes, 16) | field(other_bytes, 32);
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
