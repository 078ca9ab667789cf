// What the fibers tell the sanitizers; nothing without them.
#pragma once
#include <cstddef>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#ifdef SIMT_TSAN
#include <sanitizer/tsan_interface.h>
extern "C" {
void __tsan_read16(void*);
void AnnotateIgnoreWritesBegin(const char*, int);
void AnnotateIgnoreWritesEnd(const char*, int);
void AnnotateIgnoreReadsBegin(const char*, int);
void AnnotateIgnoreReadsEnd(const char*, int);
}
#endif

namespace simt {

#ifdef __SANITIZE_ADDRESS__
inline void poison(const void* p, size_t n) {
  __asan_poison_memory_region(p, n);
}
inline void unpoison(const void* p, size_t n) {
  __asan_unpoison_memory_region(p, n);
}
inline constexpr bool kRedZones = true;
#else
inline void poison(const void*, size_t) {}
inline void unpoison(const void*, size_t) {}
inline constexpr bool kRedZones = false;
#endif

#ifdef SIMT_TSAN
inline void seen_read16(const void* p) {
  __tsan_read16(const_cast<void*>(p));
}
// Hides what the harness itself reads and writes.
struct Quiet {
  Quiet() {
    AnnotateIgnoreReadsBegin("", 0);
    AnnotateIgnoreWritesBegin("", 0);
  }
  ~Quiet() {
    AnnotateIgnoreReadsEnd("", 0);
    AnnotateIgnoreWritesEnd("", 0);
  }
};
#else
inline void seen_read16(const void*) {}
struct Quiet {
  Quiet() {}
  ~Quiet() {}
};
#endif

}  // namespace simt
