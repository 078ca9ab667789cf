// Runs CUDA kernels on the CPU, for tests: every thread of a block is a fiber, and a schedule decides which runs next.
// device.cuh includes this where the compiler is not nvcc. Runtime: scheduler.cpp, sync.cpp, memory.cpp.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>
#include <tuple>
#include <utility>
#include <vector>

#include "cuda_types.hpp"

// Rewritten whenever another fiber runs.
inline uint3 threadIdx, blockIdx;
inline dim3 blockDim, gridDim;
inline constexpr int warpSize = 32;

namespace simt {

// Where a call stands in the source; captured by default arguments.
struct Location {
  const char* file;
  int line;
  constexpr Location(const char* f = __builtin_FILE(), int l = __builtin_LINE()) : file(f), line(l) {}
};

// The order in which threads and blocks run; a kernel must give the same result in each. forward, reverse: all threads
// advance together. warp_first, warp_last: one warp runs as far ahead as barriers allow.
enum class Order { forward, reverse, warp_first, warp_last, random };
struct NamedOrder {
  const char* name;
  Order order;
};
inline constexpr NamedOrder kOrders[] = {{"forward", Order::forward},
                                         {"reverse", Order::reverse},
                                         {"warp_first", Order::warp_first},
                                         {"warp_last", Order::warp_last},
                                         {"random", Order::random}};
struct Options {
  Order order = Order::forward;
  unsigned seed = 1;
  bool allow_exited = false;       // __syncthreads after some threads have returned
  size_t stack = 64 << 10;         // bytes per thread
  size_t most_shared = 227 << 10;  // bytes of shared memory that a block can have
};
inline Options options;

// Fails the launch with a message that says which block and thread it was.
[[noreturn]] void fail(const char* format, ...) __attribute__((format(printf, 1, 2)));
// Runs body once per thread of the grid; what fails is thrown as std::runtime_error.
void run_grid(dim3 grid, dim3 block, size_t shared_bytes, std::function<void()> body);
// Waits until `count` threads (0: the whole block) are at barrier `id`; the sum of their values.
long barrier(int id, int count, long value, const char* what, Location location);
// Joins the other lanes of the mask; true in the last to arrive, which then has everyone's operands in `lanes`.
bool arrive(int width, uint32_t mask, void* operands, void** lanes, const char* what, Location location, bool orders);
// Lets the lanes that arrive() has gathered go on.
void complete(int width, void** lanes);
int thread_index();

// Dynamic shared memory as it lies, red zones included.
unsigned char* shared_base();
size_t shared_size();
unsigned char* shared_take(size_t bytes, size_t alignment, size_t& used, size_t& physical);

// Happens-before edges for TSan.
void order_release(void* p);
void order_acquire(void* p);

void cp_async(void* to, const void* from, uint32_t to_bytes, uint32_t from_bytes);
void cp_async_commit();
void cp_async_wait(size_t keep);
// Work that an asynchronous unit still has to do.
std::vector<std::function<void()>>& pending(const void* key);

#define SIMT_NO_TSAN __attribute__((no_sanitize("thread"), noinline))

// Runs f(lanes) once, when all lanes of the group (32: a warp, 128: a warpgroup) have arrived at the same call.
// lanes[i] is that thread's operands, or null for a lane outside the mask. As on a GPU it does not order other accesses
// to memory unless `orders` says so: f only exchanges operands, and is hidden from TSan.
template <int Width = 32, class T, class F>
SIMT_NO_TSAN void collective(uint32_t mask, T& operands, F f, const char* what, Location location,
                             bool orders = false) {
  T* lanes[Width];
  void** untyped = reinterpret_cast<void**>(lanes);
  if (arrive(Width, mask, &operands, untyped, what, location, orders)) {
    f(lanes);
    complete(Width, untyped);
  }
}

// What is queued in a stream runs at once, or, while this thread captures, whenever the graph is launched.
void enqueue(cudaStream_t stream, std::function<void()> work);

template <class... P, class... A>
void launch(void (*kernel)(P...), dim3 grid, dim3 block, size_t shared_bytes, cudaStream_t stream, A... arguments) {
  const std::tuple<P...> parameters(arguments...);
  enqueue(stream, [=] { run_grid(grid, block, shared_bytes, [&] { std::apply(kernel, parameters); }); });
}

}  // namespace simt

#include "builtins.hpp"
