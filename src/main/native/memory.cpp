#include <sys/mman.h>

#include <cstdlib>

#include "autoprog.h"

namespace {
constexpr size_t kCacheLine = 64;
constexpr size_t kHugePage = 2 << 20;

size_t round_up(size_t n, size_t multiple) {
  return (n + multiple - 1) / multiple * multiple;
}
}  // namespace

void* ap_allocate(int64_t bytes) {
  const auto size = static_cast<size_t>(bytes);
  if (size < kHugePage) return std::aligned_alloc(kCacheLine, round_up(size, kCacheLine));
  void* memory = std::aligned_alloc(kHugePage, round_up(size, kHugePage));
  // advice: where the system has no huge pages, nothing changes
  if (memory != nullptr) madvise(memory, round_up(size, kHugePage), MADV_HUGEPAGE);
  return memory;
}

void ap_free(void* memory) {
  std::free(memory);
}
