// The few functions of cuBLASLt that linear.cu calls, as their documentation has them: matrices lie column by column.
// It has no algorithm for an odd number of rows and a bias, nor for addresses that are aligned to a bfloat16 alone: so
// what linear.cu then does is seen, too.
#include "simt.hpp"

namespace {

enum Status : int { kSuccess = 0, kInvalidValue = 7, kNotSupported = 15 };
constexpr int32_t kFloat32 = 0, kBFloat16 = 14, kComputeFloat32 = 68;

struct Operation {
  int32_t transpose_a = 0, transpose_b = 0;
  uint32_t epilogue = 1;
  const void* bias = nullptr;
};
struct Layout {
  int32_t type;
  int64_t rows, columns, stride;
};
struct Preference {
  uint64_t workspace = 0;
  uint32_t reductions = 7, alignment[4] = {256, 256, 256, 256};
};
struct Algorithm {
  uint32_t alignment[4];
  uint64_t unused[6];
};
struct Heuristic {
  Algorithm algorithm;
  size_t workspace;
  int state;
  float waves;
  int reserved[4];
};

float load(int32_t type, const void* p, int64_t i) {
  return type == kFloat32 ? static_cast<const float*>(p)[i]
                          : __bfloat162float(static_cast<const __nv_bfloat16*>(p)[i]);
}
void store(int32_t type, void* p, int64_t i, float x) {
  if (type == kFloat32) {
    static_cast<float*>(p)[i] = x;
  } else {
    static_cast<__nv_bfloat16*>(p)[i] = __float2bfloat16_rn(x);
  }
}
bool known(const Layout& x) {
  return (x.type == kFloat32 || x.type == kBFloat16) && x.stride >= x.rows;
}
// Whether op(a) op(b) is of the shape of c and d.
bool fit(const Operation& o, const Layout& a, const Layout& b, const Layout& c, const Layout& d) {
  const auto rows = [](int32_t transposed, const Layout& x) { return transposed != 0 ? x.columns : x.rows; };
  const auto columns = [](int32_t transposed, const Layout& x) { return transposed != 0 ? x.rows : x.columns; };
  return known(a) && known(b) && known(c) && known(d) && a.type == b.type && c.type == d.type &&
         c.rows == d.rows && c.columns == d.columns && rows(o.transpose_a, a) == d.rows &&
         columns(o.transpose_b, b) == d.columns && columns(o.transpose_a, a) == rows(o.transpose_b, b);
}
bool aligned(const void* p, uint32_t alignment) {
  return reinterpret_cast<uintptr_t>(p) % alignment == 0;
}
template <class T>
int put(T& field, const void* value, size_t bytes) {
  if (bytes != sizeof field) return kInvalidValue;
  std::memcpy(&field, value, bytes);
  return kSuccess;
}

}  // namespace

extern "C" {

size_t cublasLtGetVersion() {
  return 130100;
}
int cublasLtCreate(void** handle) {
  *handle = handle;
  return kSuccess;
}
int cublasLtMatmulDescCreate(Operation** made, int32_t compute, int32_t scale_type) {
  if (compute != kComputeFloat32 || scale_type != kFloat32) return kNotSupported;
  *made = new Operation;
  return kSuccess;
}
int cublasLtMatmulDescDestroy(Operation* o) {
  delete o;
  return kSuccess;
}
int cublasLtMatmulDescSetAttribute(Operation* o, int32_t attribute, const void* value, size_t bytes) {
  switch (attribute) {
    case 3:
      return put(o->transpose_a, value, bytes);
    case 4:
      return put(o->transpose_b, value, bytes);
    case 7:
      return put(o->epilogue, value, bytes);
    case 8:
      return put(o->bias, value, bytes);
    default:
      return kInvalidValue;
  }
}
int cublasLtMatrixLayoutCreate(Layout** made, int32_t type, uint64_t rows, uint64_t columns, int64_t stride) {
  *made = new Layout{type, static_cast<int64_t>(rows), static_cast<int64_t>(columns), stride};
  return kSuccess;
}
int cublasLtMatrixLayoutDestroy(Layout* x) {
  delete x;
  return kSuccess;
}
int cublasLtMatmulPreferenceCreate(Preference** made) {
  *made = new Preference;
  return kSuccess;
}
int cublasLtMatmulPreferenceDestroy(Preference* p) {
  delete p;
  return kSuccess;
}
int cublasLtMatmulPreferenceSetAttribute(Preference* p, int32_t attribute, const void* value, size_t bytes) {
  if (attribute == 1) return put(p->workspace, value, bytes);
  if (attribute == 3) return put(p->reductions, value, bytes);
  if (attribute >= 5 && attribute <= 8) return put(p->alignment[attribute - 5], value, bytes);
  return kInvalidValue;
}
int cublasLtMatmulAlgoGetHeuristic(void*, const Operation* o, const Layout* a, const Layout* b, const Layout* c,
                                   const Layout* d, const Preference* p, int wanted, Heuristic* results, int* found) {
  *found = 0;
  if (wanted < 1 || !fit(*o, *a, *b, *c, *d) || p->reductions != 2) return kInvalidValue;
  if (o->epilogue == 4 && d->rows > 1 && d->rows % 2 == 1) return kNotSupported;
  for (const uint32_t alignment : p->alignment) {
    if (alignment < 4) return kNotSupported;
  }
  *results = {};
  std::memcpy(results->algorithm.alignment, p->alignment, sizeof p->alignment);
  results->workspace = p->workspace;
  *found = 1;
  return kSuccess;
}
int cublasLtMatmul(void*, const Operation* o, const float* alpha, const void* a, const Layout* a_layout, const void* b,
                   const Layout* b_layout, const float* beta, const void* c, const Layout* c_layout, void* d,
                   const Layout* d_layout, const Algorithm* algorithm, void* workspace, size_t workspace_bytes,
                   cudaStream_t stream) {
  const void* operands[] = {a, b, c, d};
  for (int i = 0; i < 4; i++) {
    if (!aligned(operands[i], algorithm->alignment[i])) return kInvalidValue;
  }
  if (!fit(*o, *a_layout, *b_layout, *c_layout, *d_layout) || (workspace == nullptr && workspace_bytes > 0)) {
    return kInvalidValue;
  }
  const bool has_bias = o->epilogue == 4;
  if (has_bias && (o->bias == nullptr || !aligned(o->bias, 16))) return kInvalidValue;
  simt::enqueue(stream, [=, o = *o, alpha = *alpha, beta = *beta, la = *a_layout, lb = *b_layout, lc = *c_layout,
                 ld = *d_layout] {
    const int64_t depth = o.transpose_a != 0 ? la.rows : la.columns;
    for (int64_t column = 0; column < ld.columns; column++) {
      for (int64_t row = 0; row < ld.rows; row++) {
        float sum = 0;
        for (int64_t k = 0; k < depth; k++) {
          sum += load(la.type, a, o.transpose_a != 0 ? row * la.stride + k : k * la.stride + row) *
                 load(lb.type, b, o.transpose_b != 0 ? k * lb.stride + column : column * lb.stride + k);
        }
        sum *= alpha;
        if (beta != 0) sum += beta * load(lc.type, c, column * lc.stride + row);
        if (has_bias) sum += load(ld.type, o.bias, row);
        store(ld.type, d, column * ld.stride + row, sum);
      }
    }
  });
  return kSuccess;
}

}  // extern "C"
