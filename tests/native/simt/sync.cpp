// Barriers, the meetings of a warp's lanes, and what they order. Compiled without -fsanitize=thread, as scheduler.cpp.
#include "block.hpp"
#include "sanitizers.hpp"

namespace simt {

void order_release([[maybe_unused]] void* p) {
#ifdef SIMT_TSAN
  __tsan_release(p);
#endif
}
void order_acquire([[maybe_unused]] void* p) {
#ifdef SIMT_TSAN
  __tsan_acquire(p);
#endif
}

namespace {

bool same(Location a, Location b) {
  return a.line == b.line && a.file == b.file;
}

// A barrier of the whole block wants everyone, and everyone at the same place.
void check_others(const Block& b, const char* what, Location location) {
  for (const Thread& other : b.threads) {
    if (other.state == State::done) {
      fail("%s at %s:%d, but thread %d has exited the kernel", what, location.file, location.line, other.index);
    }
    if (other.state != State::barrier) continue;
    if (!same(other.location, location)) {
      fail("%s at %s:%d, but thread %d waits at another barrier, %s:%d", what, location.file, location.line,
           other.index, other.location.file, other.location.line);
    }
    return;  // the rest was checked when that one arrived
  }
}

}  // namespace

long barrier(int id, int count, long value, const char* what, Location location) {
  Block& b = *block;
  Thread& self = *current;
  Barrier& bar = b.barriers[id];
  const int everyone = static_cast<int>(b.threads.size());
  if (count == 0) count = everyone;
  self.what = what;
  self.location = location;
  if (!options.allow_exited && id == 0 && count == everyone) check_others(b, what, location);
  if (bar.arrived > 0 && bar.expected != count)
    fail("barrier %d: count %d here, %d elsewhere", id, count, bar.expected);
  bar.expected = count;
  bar.sum += value;
  order_release(&bar);
  self.operands = &bar;
  if (++bar.arrived == count) {
    bar.result = bar.sum;
    bar.sum = 0;
    bar.arrived = 0;
    for (Thread& other : b.threads) {
      if (other.state == State::barrier && other.operands == &bar) other.state = State::ready;
    }
  } else {
    self.state = State::barrier;
    b.leave(self);
  }
  order_acquire(&bar);
  return bar.result;
}

bool arrive(int width, uint32_t mask, void* operands, void** lanes, const char* what, Location location, bool orders) {
  Block& b = *block;
  Thread& self = *current;
  const int lane = self.index % width, base = self.index - lane;
  const auto masked = [mask](int i) { return (mask >> (i & 31) & 1) != 0; };
  Thread* group = &b.threads[base];
  if (!masked(lane)) {
    fail("%s at %s:%d: the calling lane is not in its own mask %08x", what, location.file, location.line, mask);
  }
  self.what = what;
  self.location = location;
  self.mask = mask;
  self.operands = operands;
  self.state = State::collective;
  bool last = true;
  for (int i = 0; i < width && last; i++) {
    if (!masked(i)) continue;
    if (base + i >= static_cast<int>(b.threads.size())) {
      fail("%s at %s:%d: mask %08x names lane %d beyond the block", what, location.file, location.line, mask, i);
    }
    const Thread& other = group[i];
    if (other.state == State::done) {
      fail("%s at %s:%d: lane %d of the mask has exited the kernel", what, location.file, location.line, i);
    }
    last = other.state == State::collective;
    const bool elsewhere = other.mask != mask || other.what != what || !same(other.location, location);
    if (last && elsewhere && (base + i) / 32 != self.index / 32) {
      last = false;  // another warp of the group is still on its way
    } else if (last && elsewhere) {
      fail("%s at %s:%d (mask %08x): lane %d is in %s at %s:%d (mask %08x)", what, location.file, location.line, mask,
           i, other.what, other.location.file, other.location.line, other.mask);
    }
  }
  if (orders) order_release(group);
  if (!last) b.leave(self);
  if (orders) order_acquire(group);
  if (!last) return false;
  for (int i = 0; i < width; i++) lanes[i] = masked(i) ? group[i].operands : nullptr;
  return true;
}

void complete(int width, void** lanes) {
  Thread* group = &block->threads[current->index - current->index % width];
  for (int i = 0; i < width; i++) {
    if (lanes[i] != nullptr) group[i].state = State::ready;
  }
}

int thread_index() {
  return current->index;
}

std::vector<std::function<void()>>& pending(const void* key) {
  return block->pending[key];
}

}  // namespace simt
