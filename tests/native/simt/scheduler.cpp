// Fibers and their schedules. Compiled without -fsanitize=thread, also where TSan is on (with -DSIMT_TSAN then): TSan
// must see the accesses of the kernel, not those of the scheduler.
#include <sys/mman.h>

#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <random>
#include <stdexcept>

#include "block.hpp"
#include "sanitizers.hpp"

// Saves the stack pointer and what a function must preserve, and goes on where the other fiber left.
extern "C" void simt_switch(void** save, void* load);
asm(R"(
.pushsection .text.simt_switch,"ax",@progbits
.type simt_switch,@function
simt_switch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp,(%rdi)
  movq %rsi,%rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size simt_switch,.-simt_switch
.popsection
)");

namespace simt {
namespace {

constexpr size_t kGuardPage = 4096;
constexpr size_t kStackFactor = kRedZones ? 4 : 1;

std::string place() {
  return "block (" + std::to_string(blockIdx.x) + "," + std::to_string(blockIdx.y) + "," + std::to_string(blockIdx.z) +
         ")";
}

}  // namespace

// For TSan, the block itself orders its threads after what came before the launch; &scheduler_pointer_ orders what
// comes after the launch after them. Nothing but what a kernel does orders them among each other.
void Block::enter(Thread& thread) {
  current = &thread;
  threadIdx = thread.id;
#ifdef __SANITIZE_ADDRESS__
  __sanitizer_start_switch_fiber(&scheduler_fake_, thread.stack, stack_bytes_);
#endif
#ifdef SIMT_TSAN
  __tsan_switch_to_fiber(thread.fiber, __tsan_switch_to_fiber_no_sync);
#endif
  simt_switch(&scheduler_pointer_, thread.stack_pointer);
#ifdef __SANITIZE_ADDRESS__
  __sanitizer_finish_switch_fiber(scheduler_fake_, nullptr, nullptr);
#endif
  current = nullptr;
}

void Block::leave(Thread& thread, [[maybe_unused]] bool dying) {
#ifdef __SANITIZE_ADDRESS__
  __sanitizer_start_switch_fiber(dying ? nullptr : &thread.fake_stack, scheduler_bottom_, scheduler_size_);
#endif
  order_release(&scheduler_pointer_);
#ifdef SIMT_TSAN
  __tsan_switch_to_fiber(scheduler_fiber_, __tsan_switch_to_fiber_no_sync);
#endif
  simt_switch(&thread.stack_pointer, scheduler_pointer_);
#ifdef __SANITIZE_ADDRESS__
  __sanitizer_finish_switch_fiber(thread.fake_stack, &scheduler_bottom_, &scheduler_size_);
#endif
}

void Block::fiber_main() {
  Block& b = *block;
  Thread& thread = *current;
#ifdef __SANITIZE_ADDRESS__
  __sanitizer_finish_switch_fiber(nullptr, &b.scheduler_bottom_, &b.scheduler_size_);
#endif
  order_acquire(&b);
  b.body();
  thread.state = State::done;
  b.leave(thread, true);
  std::abort();
}

void Block::release() {
  for (Thread& thread : threads) {
    unpoison(thread.stack, stack_bytes_);
    munmap(thread.stack - kGuardPage, stack_bytes_ + kGuardPage);
#ifdef SIMT_TSAN
    if (thread.fiber != nullptr) __tsan_destroy_fiber(thread.fiber);
#endif
  }
  threads.clear();
}

void Block::prepare(int n) {
  const size_t wanted = options.stack * kStackFactor;
  if (static_cast<int>(threads.size()) != n || stack_bytes_ != wanted) {
    release();
    stack_bytes_ = wanted;
    threads.resize(n);
    for (Thread& thread : threads) {
      void* p = mmap(nullptr, wanted + kGuardPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                     -1, 0);
      if (p == MAP_FAILED) throw std::bad_alloc();
      mprotect(p, kGuardPage, PROT_NONE);
      thread.stack = static_cast<char*>(p) + kGuardPage;
    }
  }
  for (int i = 0; i < n; i++) {
    Thread& thread = threads[i];
    thread.state = State::ready;
    thread.index = i;
    thread.what = "";
    thread.copies.clear();
    thread.groups.clear();
    thread.id = {i % blockDim.x, i / blockDim.x % blockDim.y, i / (blockDim.x * blockDim.y)};
    unpoison(thread.stack, stack_bytes_);
#ifdef SIMT_TSAN
    if (thread.fiber == nullptr) thread.fiber = __tsan_create_fiber(0);
#endif
    void** top = reinterpret_cast<void**>(thread.stack + stack_bytes_);
    *--top = nullptr;
    *--top = reinterpret_cast<void*>(fiber_main);
    for (int saved = 0; saved < 6; saved++) *--top = nullptr;
    thread.stack_pointer = top;
  }
}

void Block::fail(const char* message) {
  error = place();
  if (current == nullptr) throw std::runtime_error(error + ": " + message);
  const uint3 id = current->id;
  error +=
      " thread (" + std::to_string(id.x) + "," + std::to_string(id.y) + "," + std::to_string(id.z) + "): " + message;
  leave(*current);
  std::abort();
}

void Block::deadlock() {
  const auto site = [](const Thread& thread) {
    if (thread.state == State::done) return std::string("exited");
    return std::string(thread.what) + " at " + thread.location.file + ":" + std::to_string(thread.location.line);
  };
  std::string message = place() + ": deadlock or divergence:";
  for (size_t first = 0, next = 0; first < threads.size(); first = next) {
    while (next < threads.size() && site(threads[next]) == site(threads[first])) next++;
    message += "\n    threads " + std::to_string(first) + ".." + std::to_string(next - 1) + ": " + site(threads[first]);
  }
  order_acquire(&scheduler_pointer_);  // nothing of this block comes after
  throw std::runtime_error(message);
}

bool Block::step(Thread& thread) {
  if (thread.state != State::ready) return false;
  enter(thread);
  if (!error.empty()) {
    order_acquire(&scheduler_pointer_);
    throw std::runtime_error(error);
  }
  return true;
}

void Block::run(int n) {
  prepare(n);
  error.clear();
  pending.clear();
  for (Barrier& barrier : barriers) barrier = Barrier{};
  const Order order = options.order;
  const bool backwards = order == Order::reverse || order == Order::warp_last;
  std::vector<int> warps((n + 31) / 32), lanes(32);
  for (size_t i = 0; i < warps.size(); i++) warps[i] = static_cast<int>(backwards ? warps.size() - 1 - i : i);
  for (int i = 0; i < 32; i++) lanes[i] = backwards ? 31 - i : i;
  std::minstd_rand random(options.seed + 7919 * blockIdx.x + 104729 * blockIdx.y);
#ifdef SIMT_TSAN
  scheduler_fiber_ = __tsan_get_current_fiber();
#endif
  order_release(this);
  for (int done = 0; done < n;) {
    bool progress = false;
    if (order == Order::random) {
      std::shuffle(warps.begin(), warps.end(), random);
      std::shuffle(lanes.begin(), lanes.end(), random);
    }
    for (int warp : warps) {
      const bool stay =
          order == Order::warp_first || order == Order::warp_last || (order == Order::random && random() % 4 == 0);
      bool ran;
      do {
        ran = false;
        for (int lane : lanes) {
          if (warp * 32 + lane < n) ran |= step(threads[warp * 32 + lane]);
        }
        progress |= ran;
      } while (ran && stay);
    }
    done = static_cast<int>(
        std::count_if(threads.begin(), threads.end(), [](const Thread& t) { return t.state == State::done; }));
    if (!progress && done < n) deadlock();
  }
  order_acquire(&scheduler_pointer_);
  for (const Barrier& barrier : barriers) {
    if (barrier.arrived > 0) deadlock();
  }
}

void run_grid(dim3 grid, dim3 block_shape, size_t shared_bytes, std::function<void()> body) {
  static std::mutex one_at_a_time;
  static Block instance;
  const std::lock_guard<std::mutex> lock(one_at_a_time);
  const int n = static_cast<int>(block_shape.x * block_shape.y * block_shape.z);
  if (n < 1 || n > 1024) throw std::runtime_error("a block of " + std::to_string(n) + " threads");
  if (shared_bytes > options.most_shared) {
    throw std::runtime_error(std::to_string(shared_bytes) + " bytes of dynamic shared memory, of at most " +
                             std::to_string(options.most_shared));
  }
  const uint64_t blocks = uint64_t{grid.x} * grid.y * grid.z;
  if (blocks == 0 || grid.y > 65535 || grid.z > 65535 || grid.x > 0x7fffffff) {
    throw std::runtime_error("a grid of " + std::to_string(grid.x) + " x " + std::to_string(grid.y) + " x " +
                             std::to_string(grid.z) + " blocks");
  }
  gridDim = grid;
  blockDim = block_shape;
  block = &instance;
  instance.body = std::move(body);
  instance.shared_bytes = shared_bytes;
  // room for red zones; what is not taken stays poisoned
  instance.shared_physical = kRedZones && shared_bytes > 0 ? shared_bytes + shared_bytes / 2 + 16384 : shared_bytes;

  std::vector<uint64_t> sequence(blocks);
  for (uint64_t i = 0; i < blocks; i++) sequence[i] = i;
  const Order order = options.order;
  if (order == Order::reverse || order == Order::warp_last) std::reverse(sequence.begin(), sequence.end());
  if (order == Order::random) std::shuffle(sequence.begin(), sequence.end(), std::minstd_rand(options.seed));
  for (uint64_t i : sequence) {
    blockIdx = {static_cast<unsigned>(i % grid.x), static_cast<unsigned>(i / grid.x % grid.y),
                static_cast<unsigned>(i / grid.x / grid.y)};
    void* p = nullptr;
    if (instance.shared_physical > 0 && posix_memalign(&p, 1024, instance.shared_physical) != 0) throw std::bad_alloc();
    const std::unique_ptr<void, void (*)(void*)> shared(p, [](void* q) {
      unpoison(q, instance.shared_physical);
      std::free(q);
    });
    if (p != nullptr) {
      std::memset(p, 0xff, instance.shared_physical);  // NaN: what is read before it is written shows
      poison(p, instance.shared_physical);
    }
    instance.shared = static_cast<unsigned char*>(p);
    instance.run(n);
  }
}

void fail(const char* format, ...) {
  char message[500];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(message, sizeof message, format, arguments);
  va_end(arguments);
  block->fail(message);
}

}  // namespace simt
