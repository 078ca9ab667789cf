// What a session holds on the native side, and how its kernels are launched. Host code.
#pragma once
#include <algorithm>
#include <cstdio>
#include <exception>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include "autoprog_cuda.h"
#include "device.cuh"

namespace autoprog {

// The device has no room for what was asked of it.
struct OutOfDeviceMemory : std::runtime_error {
  OutOfDeviceMemory(const std::string& message, size_t wanted) : std::runtime_error(message), bytes(wanted) {}
  size_t bytes;
};

// Throws unless `what`, an allocation of so many bytes if it is one, went well.
inline void check(cudaError_t status, const char* what, size_t bytes = 0) {
  if (status == cudaSuccess) return;
  const std::string message = std::string(what) + ": " + cudaGetErrorString(status);
  if (status == cudaErrorMemoryAllocation) throw OutOfDeviceMemory(message, bytes);
  throw std::runtime_error(message);
}

// Memory on the device that grows when more is asked for and is kept for the next call; its content is undefined. What
// was too small is kept, too, since captured calls may use it; it is half of all at most.
class Scratch {
 public:
  // Room for `count` elements, valid until the next call.
  template <class T>
  T* take(int64_t count) {
    const auto bytes = static_cast<size_t>(count) * sizeof(T);
    if (bytes > capacity_) {
      const size_t wanted = std::max(bytes, 2 * capacity_);
      void* memory = nullptr;
      check(cudaMalloc(&memory, wanted), "scratch memory", wanted);
      memories_.emplace_back(memory);
      capacity_ = wanted;
    }
    return memories_.empty() ? nullptr : static_cast<T*>(memories_.back().get());
  }

 private:
  struct Free {
    void operator()(void* p) const { cudaFree(p); }
  };
  std::vector<std::unique_ptr<void, Free>> memories_;
  size_t capacity_ = 0;  // of the last
};

// By which kernels attention is where those for Hopper have the shape, too: the others, them, them with two blocks of
// queries for each warpgroup of the forward pass, or, of the first two, which are faster.
enum class AttentionKernels { mma, wgmma, wgmma_pairs, faster };

// The shared memory that a block can have on every device from 8.0 on: 8.6, 8.9 and 12.0 have no more.
constexpr size_t kLeastShared = 99 * 1024;

}  // namespace autoprog

// A device that cannot be used, or that an earlier error has taken, leaves its reason in `error`, and fails every call.
struct ap_context {
  ap_context();
  ~ap_context();
  ap_context(const ap_context&) = delete;
  ap_context& operator=(const ap_context&) = delete;

  cudaStream_t stream = nullptr;
  bool usable = false;
  autoprog::AttentionKernels attention = autoprog::AttentionKernels::mma;
  size_t most_shared = autoprog::kLeastShared;  // bytes of shared memory that a block can have
  bool capturing = false;                       // calls go to a graph, and do not run
  char error[512] = "";
  int64_t wanted_bytes = 0;  // by the last allocation for which there was no room
  autoprog::Scratch scratch;
  // what linear.cu, convolution.cu, memory.cu and graph.cu keep between calls; theirs alone
  std::shared_ptr<void> products, convolutions, transfers, graphs;
};

namespace autoprog {

// Keeps the text of a failure, and forgets the runtime's error, which the next launch would else take for its own. What
// does not go away is an error of the device: every later call would fail, and none is tried any more.
inline int failed(ap_context* context, const char* text, int code) noexcept {
  std::snprintf(context->error, sizeof context->error, "%s", text);
  cudaGetLastError();
  if (context->capturing) return code;  // a question to the stream would end the capture
  const cudaError_t now = cudaStreamQuery(context->stream);
  if (now == cudaSuccess || now == cudaErrorNotReady) return code;
  context->usable = false;
  return AP_DEVICE_LOST;
}

// Runs a launcher's body; an exception, or a launch that failed, becomes a return code and the context's error text.
template <class Body>
int guarded(ap_context* context, Body body) noexcept {
  if (!context->usable) return AP_DEVICE_LOST;
  try {
    body();
    check(cudaGetLastError(), "a kernel's launch");
    return 0;
  } catch (const OutOfDeviceMemory& e) {
    context->wanted_bytes = static_cast<int64_t>(e.bytes);
    return failed(context, e.what(), AP_OUT_OF_MEMORY);
  } catch (const std::exception& e) {
    return failed(context, e.what(), AP_FAILED);
  }
}

// Throws if calls are being captured: what waits, or is done for this once, has no place among them.
inline void check_not_capturing(const ap_context* context, const char* what) {
  if (context->capturing) throw std::runtime_error(std::string(what) + " among calls that are captured");
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

// A launcher's body(as), compiled for each type of elements: as(x) is the address x in that type.
template <class Body>
int guarded(ap_context* context, int32_t type, Body body) noexcept {
  return guarded(context, [&] { with_elements(type, body); });
}

// Whether Width elements at each address can be loaded at once; at a null one they can.
template <int Width, class... P>
bool loadable(const P*... addresses) {
  return ((reinterpret_cast<uintptr_t>(addresses) % alignof(Elements<P, Width>) == 0) && ...);
}

template <int Width>
using Wide = std::integral_constant<int, Width>;

// body(Wide<Width>) with the Width that kernels can load at once, or 1.
template <int Width, class Body>
void with_width(bool wide, Body body) {
  if (wide) {
    body(Wide<Width>{});
  } else {
    body(Wide<1>{});
  }
}

// So many blocks that each does `per_block` of n.
inline unsigned blocks_for(int64_t n, int64_t per_block) {
  const int64_t blocks = (n + per_block - 1) / per_block;
  if (blocks > 0x7fffffff) throw std::runtime_error("more than a grid holds: " + std::to_string(n) + " elements");
  return static_cast<unsigned>(blocks);
}

// The threads of a block that works on a flat array, each of them on Width neighbours.
constexpr int kFlatThreads = 256;

template <int Width>
unsigned flat_blocks(int64_t n) {
  return blocks_for(n, int64_t{kFlatThreads} * Width);
}

// The same where each warp has a row.
inline const dim3 kRowBlock(kWarp, kRowWarps);

inline unsigned row_blocks(int64_t rows) {
  return blocks_for(rows, kRowWarps);
}

}  // namespace autoprog
