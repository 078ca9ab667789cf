// mma.sync and ldmatrix on the CPU. Layouts: PTX ISA, "Matrix fragments". Compiled without -fsanitize=thread.
#include "mma.hpp"

#include "sanitizers.hpp"

namespace simt {
namespace {

float low(uint32_t pair) {
  return __int_as_float(static_cast<int>(pair << 16));
}
float high(uint32_t pair) {
  return __int_as_float(static_cast<int>(pair & 0xffff0000u));
}

struct MmaOperands {
  float* d;
  const uint32_t* a;
  uint32_t b[2];
};

void mma_bf16(MmaOperands** lanes) {
  float a[16][16], b[8][16];  // b by column
  for (int t = 0; t < 32; t++) {
    const int group = t / 4, pair = t % 4 * 2;
    for (int i = 0; i < 4; i++) {
      const int row = group + i % 2 * 8, k = pair + i / 2 * 8;
      a[row][k] = low(lanes[t]->a[i]);
      a[row][k + 1] = high(lanes[t]->a[i]);
    }
    for (int i = 0; i < 2; i++) {
      b[group][pair + i * 8] = low(lanes[t]->b[i]);
      b[group][pair + i * 8 + 1] = high(lanes[t]->b[i]);
    }
  }
  for (int t = 0; t < 32; t++) {
    for (int i = 0; i < 4; i++) {
      const int row = t / 4 + i / 2 * 8, column = t % 4 * 2 + i % 2;
      float sum = 0;
      for (int k = 0; k < 16; k++) sum += a[row][k] * b[column][k];
      lanes[t]->d[i] += sum;
    }
  }
}

// Each lane reads its own row, so that ASan and TSan see the access in the right thread; then registers are exchanged.
struct LoadOperands {
  uint16_t row[8];
  uint32_t* registers;
};

template <bool Transposed>
void exchange_rows(LoadOperands** lanes) {
  for (int t = 0; t < 32; t++) {
    for (int matrix = 0; matrix < 4; matrix++) {
      uint32_t element[2];
      for (int i = 0; i < 2; i++) {
        const int row = Transposed ? t % 4 * 2 + i : t / 4, column = Transposed ? t / 4 : t % 4 * 2 + i;
        element[i] = lanes[matrix * 8 + row]->row[column];
      }
      lanes[t]->registers[matrix] = element[0] | element[1] << 16;
    }
  }
}

template <bool Transposed>
void ldmatrix(uint32_t (&r)[4], const void* row, const char* what, Location l) {
  if (reinterpret_cast<uintptr_t>(row) % 16 != 0) fail("%s: the row is not 16-byte aligned", what);
  LoadOperands operands;
  operands.registers = r;
  seen_read16(row);
  std::memcpy(operands.row, row, 16);
  collective(0xffffffffu, operands, exchange_rows<Transposed>, what, l);
}

}  // namespace
}  // namespace simt

void mma_m16n8k16(float (&d)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1, simt::Location l) {
  simt::MmaOperands operands{d, a, {b0, b1}};
  simt::collective(0xffffffffu, operands, simt::mma_bf16, "mma_m16n8k16", l);
}
void ldmatrix_x4(uint32_t (&r)[4], const void* row, simt::Location l) {
  simt::ldmatrix<false>(r, row, "ldmatrix_x4", l);
}
void ldmatrix_x4_trans(uint32_t (&r)[4], const void* row, simt::Location l) {
  simt::ldmatrix<true>(r, row, "ldmatrix_x4_trans", l);
}
