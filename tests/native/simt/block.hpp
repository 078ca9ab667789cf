// The state of the block that runs. Inside the harness only.
#pragma once
#include <map>
#include <string>

#include "simt.hpp"

namespace simt {

enum class State : uint8_t { ready, collective, barrier, done };

struct AsyncCopy {
  void* to;
  const void* from;
  uint32_t to_bytes, from_bytes;
};

struct Thread {
  void* stack_pointer = nullptr;
  char* stack = nullptr;
  State state = State::ready;
  uint3 id{};
  int index = 0;          // in the block; the lane is index % 32
  const char* what = "";  // what it waits for, and where
  Location location{};
  uint32_t mask = 0;         // of the collective that it waits in
  void* operands = nullptr;  // its operands there, or its barrier
  std::vector<AsyncCopy> copies;  // cp.async: issued, not yet visible
  std::vector<size_t> groups;     // the number of copies in each committed group
  void* fake_stack = nullptr;     // ASan's
  void* fiber = nullptr;          // TSan's
};

struct Barrier {
  int arrived = 0, expected = 0;
  long sum = 0, result = 0;
};

struct Block {
  std::vector<Thread> threads;
  Barrier barriers[16];
  std::map<const void*, std::vector<std::function<void()>>> pending;  // wgmma, by warpgroup
  size_t shared_bytes = 0, shared_physical = 0;
  unsigned char* shared = nullptr;
  std::function<void()> body;
  std::string error;

  ~Block() { release(); }
  // Runs the block at blockIdx, of n threads.
  void run(int n);
  // Leaves a thread's fiber for the scheduler.
  void leave(Thread& thread, bool dying = false);
  [[noreturn]] void fail(const char* message);

 private:
  void prepare(int n);
  void release();
  void enter(Thread& thread);
  // Runs one thread if it can; false if it cannot.
  bool step(Thread& thread);
  [[noreturn]] void deadlock();
  static void fiber_main();

  void* scheduler_pointer_ = nullptr;
  void* scheduler_fake_ = nullptr;
  void* scheduler_fiber_ = nullptr;
  const void* scheduler_bottom_ = nullptr;
  size_t scheduler_size_ = 0;
  size_t stack_bytes_ = 0;
};

inline Block* block = nullptr;
inline Thread* current = nullptr;

}  // namespace simt
