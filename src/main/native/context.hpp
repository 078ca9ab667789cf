// What a session holds on the native side, and how its kernels run on several threads.
#pragma once
#include <algorithm>
#include <cstdio>
#include <exception>
#include <memory>
#include <new>

#include "autoprog.h"
#include "simd.hpp"
#include "team.hpp"

namespace autoprog {

class Matmuls;
struct MatmulsDeleter {
  void operator()(Matmuls* matmuls) const;
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
  explicit ap_context(int32_t members) : threads(members), team(members) {}
  const int32_t threads;
  autoprog::Team team;
  char error[512] = "";
  autoprog::Scratch scratch;
  std::unique_ptr<autoprog::Matmuls, autoprog::MatmulsDeleter> matmuls;
  std::shared_ptr<void> convolutions;  // what convolution.cpp keeps between calls; its alone
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
  using Type = T;
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

// In how many parts to run work that moves or computes about `elements` floats: a few per thread, so that another can
// take some of them where one is kept from running, but none so small that handing it over costs more than it saves
// (about 2 us, in which one thread streams 16 Ki floats).
inline int parts_for(const ap_context* context, int64_t elements) {
  constexpr int64_t kWorthAPart = 16 * 1024;
  constexpr int64_t kPartsPerThread = 4;
  if (context->threads == 1) return 1;
  return static_cast<int>(std::clamp<int64_t>(elements / kWorthAPart, 1, kPartsPerThread * context->threads));
}

// body(part, member, begin, end) over `parts` contiguous pieces of [0, n), cut at multiples of `granule`, on the
// context's team. The pieces depend on the arguments alone, not on who does them.
template <class Body>
void parallel_by_member(ap_context* context, int parts, int64_t n, int64_t granule, Body body) {
  const int64_t granules = (n + granule - 1) / granule;
  context->team.run(parts, [&](int part, int member) {
    const int64_t begin = granules * part / parts * granule;
    const int64_t end = std::min(n, granules * (part + 1) / parts * granule);
    if (begin < end) body(part, member, begin, end);
  });
}

// body(part, begin, end) over such pieces.
template <class Body>
void parallel(ap_context* context, int parts, int64_t n, int64_t granule, Body body) {
  parallel_by_member(context, parts, n, granule,
                     [&](int part, int, int64_t begin, int64_t end) { body(part, begin, end); });
}

// run(sample, begin, end) over the elements of all samples, cut where a thread's share or a sample ends.
template <class Run>
void each_sample(ap_context* context, int64_t B, int64_t n, Run run) {
  parallel(context, parts_for(context, B * n), B * n, kLanes, [&](int64_t, int64_t begin, int64_t end) {
    for (int64_t from = begin; from < end;) {
      const int64_t sample = from / n;
      const int64_t to = std::min(end, (sample + 1) * n);
      run(sample, from, to);
      from = to;
    }
  });
}

}  // namespace autoprog
