// What a session holds on the native side, and how its kernels run on several threads.
#pragma once
#include <omp.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <memory>
#include <new>

#include "autoprog.h"
#include "simd.hpp"

namespace autoprog {

class MatmulCache;
struct MatmulCacheDeleter {
  void operator()(MatmulCache* cache) const;
};

// Memory that grows when more is asked for and is kept for the next call; its content is undefined.
class Scratch {
 public:
  // Room for `count` floats, aligned to 64 bytes, valid until the next call.
  float* floats(int64_t count) {
    if (count > capacity_) {
      memory_.reset();
      capacity_ = 0;
      memory_.reset(static_cast<float*>(ap_allocate(count * static_cast<int64_t>(sizeof(float)))));
      if (!memory_) throw std::bad_alloc();
      capacity_ = count;
    }
    return memory_.get();
  }

 private:
  struct Free {
    void operator()(float* p) const { ap_free(p); }
  };
  std::unique_ptr<float, Free> memory_;
  int64_t capacity_ = 0;
};

}  // namespace autoprog

struct ap_context {
  explicit ap_context(int32_t team) : threads(team) {}
  const int32_t threads;
  char error[512] = "";
  autoprog::Scratch scratch;
  autoprog::Scratch converted;  // operands of another type, while `scratch` serves the product
  std::unique_ptr<autoprog::MatmulCache, autoprog::MatmulCacheDeleter> matmuls;
};

namespace autoprog {

// Runs a kernel's body; an exception becomes a return code and the context's error text.
template <class Body>
int guarded(ap_context* context, Body body) noexcept {
  try {
    body();
    return 0;
  } catch (const std::exception& e) {
    std::snprintf(context->error, sizeof context->error, "%s", e.what());
    return 1;
  }
}

// Reads an untyped address as one of elements of type T.
template <class T>
struct As {
  const T* operator()(const void* p) const { return static_cast<const T*>(p); }
  T* operator()(void* p) const { return static_cast<T*>(p); }
};

// body(as) with the As of the type.
template <class Body>
void with_elements(int32_t type, Body body) {
  if (type == AP_BFLOAT16) {
    body(As<BFloat16>{});
  } else {
    body(As<float>{});
  }
}

// A kernel's body(as), compiled for each type of elements: as(x) is the address x in that type.
template <class Body>
int guarded(ap_context* context, int32_t type, Body body) noexcept {
  return guarded(context, [&] { with_elements(type, body); });
}

// In how many parts to run work that moves or computes about `elements` floats: one per thread, but none so
// small that waking a thread costs more than it saves (about 2 us, in which one thread streams 16 Ki floats).
inline int team_for(const ap_context* context, int64_t elements) {
  constexpr int64_t kWorthAThread = 16 * 1024;
  return static_cast<int>(std::clamp<int64_t>(elements / kWorthAThread, 1, context->threads));
}

// body(part, begin, end) over `parts` contiguous pieces of [0, n), cut at multiples of `granule`. The pieces
// depend on the arguments alone, not on how many threads there really are.
template <class Body>
void parallel(int parts, int64_t n, int64_t granule, Body body) {
  const int64_t granules = (n + granule - 1) / granule;
  auto piece = [&](int64_t part) {
    const int64_t begin = granules * part / parts * granule;
    const int64_t end = std::min(n, granules * (part + 1) / parts * granule);
    if (begin < end) body(part, begin, end);
  };
  if (parts == 1) {
    piece(0);
    return;
  }
#pragma omp parallel for schedule(static) num_threads(parts)
  for (int part = 0; part < parts; part++) piece(part);
}

}  // namespace autoprog
