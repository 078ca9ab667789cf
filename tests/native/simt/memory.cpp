// Dynamic shared memory and cp.async. Compiled without -fsanitize=thread, as scheduler.cpp.
#include "block.hpp"
#include "sanitizers.hpp"

namespace simt {

unsigned char* shared_base() {
  return block->shared;
}
size_t shared_size() {
  return block->shared_physical;
}

unsigned char* shared_take(size_t bytes, size_t alignment, size_t& used, size_t& physical) {
  constexpr size_t kRedZone = 128;
  used = (used + alignment - 1) / alignment * alignment + bytes;
  physical = (physical + alignment - 1) / alignment * alignment;
  if (used > block->shared_bytes) {
    fail("shared memory: the kernel takes %zu bytes, the launch gave %zu", used, block->shared_bytes);
  }
  unsigned char* p = block->shared + physical;
  unpoison(p, bytes);
  physical += bytes + (kRedZones ? kRedZone : 0);
  return p;
}

void cp_async(void* to, const void* from, uint32_t to_bytes, uint32_t from_bytes) {
  const auto misaligned = [to_bytes](const void* p) { return reinterpret_cast<uintptr_t>(p) % to_bytes != 0; };
  if (misaligned(to) || (from_bytes > 0 && misaligned(from))) fail("cp.async: misaligned address");
  std::memset(to, 0xff, to_bytes);  // not readable before the wait
  current->copies.push_back({to, from, to_bytes, from_bytes});
}

void cp_async_commit() {
  size_t count = current->copies.size();
  for (size_t group : current->groups) count -= group;
  current->groups.push_back(count);
}

// A copy lands only when the thread that issued it waits for it.
void cp_async_wait(size_t keep) {
  Thread& self = *current;
  while (self.groups.size() > keep) {
    const auto count = static_cast<std::ptrdiff_t>(self.groups.front());
    self.groups.erase(self.groups.begin());
    for (std::ptrdiff_t i = 0; i < count; i++) {
      const AsyncCopy& copy = self.copies[i];
      if (copy.from_bytes > 0) std::memcpy(copy.to, copy.from, copy.from_bytes);
      std::memset(static_cast<char*>(copy.to) + copy.from_bytes, 0, copy.to_bytes - copy.from_bytes);
    }
    self.copies.erase(self.copies.begin(), self.copies.begin() + count);
  }
}

}  // namespace simt
