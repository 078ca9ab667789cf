#include "team.hpp"

#include <immintrin.h>
#include <linux/futex.h>
#include <omp.h>
#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>
#include <utility>

namespace autoprog {
namespace {

// How often a helper looks for the next call before it sleeps: about 50 us. To wake it takes as long.
constexpr int kLooks = 2000;

// How often the caller looks whether the last parts are done before it offers its processor to others.
constexpr int kLooksBeforeYield = 2000;

constexpr int kPartBits = 16;
constexpr uint64_t kPartMask = (1u << kPartBits) - 1;

uint64_t word_of(uint32_t call, int next, int end) {
  return static_cast<uint64_t>(call) << (2 * kPartBits) | static_cast<uint64_t>(next) << kPartBits |
         static_cast<uint64_t>(end);
}

int processors() {
  cpu_set_t set;
  return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
}

// Of all teams, the members that are at work: no more helpers join than there are processors.
std::atomic<int> at_work{0};

bool may_join() {
  static const int most = processors();
  if (at_work.fetch_add(1) < most) return true;
  at_work.fetch_sub(1);
  return false;
}

void futex_wait(std::atomic<uint32_t>* word, uint32_t value) {
  syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, nullptr, nullptr, 0);
}

void futex_wake_all(std::atomic<uint32_t>* word) {
  syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT32_MAX, nullptr, nullptr, 0);
}

// For its life, threads that it starts take no signals: those are the virtual machine's.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_;
};

}  // namespace

Team::Team(int members) : members_(members), ranges_(new Range[static_cast<size_t>(members)]) {
  const SignalsBlocked signals;
  try {
    for (int member = 1; member < members; member++) helpers_.emplace_back([this, member] { help(member); });
  } catch (...) {
    dismiss();
    throw;
  }
}

Team::~Team() {
  dismiss();
}

void Team::dismiss() {
  closing_ = true;
  call_.fetch_add(1);
  futex_wake_all(&call_);
  for (std::thread& helper : helpers_) helper.join();
  helpers_.clear();
}

void Team::run(int parts, Function function, const void* body) {
  function_ = function;
  body_ = body;
  unfinished_.store(parts, std::memory_order_relaxed);
  const uint32_t call = call_.load(std::memory_order_relaxed) + 1;
  for (int m = 0; m < members_; m++) {
    const auto from = static_cast<int>(static_cast<int64_t>(parts) * m / members_);
    const auto to = static_cast<int>(static_cast<int64_t>(parts) * (m + 1) / members_);
    ranges_[m].word.store(word_of(call, from, to), std::memory_order_release);
  }
  call_.store(call);
  if (sleepers_.load() > 0) futex_wake_all(&call_);
  at_work.fetch_add(1);
  take_parts(0);
  at_work.fetch_sub(1);
  for (int looks = 0; unfinished_.load(std::memory_order_acquire) > 0; looks++) {
    if (looks < kLooksBeforeYield) {
      _mm_pause();
    } else {
      sched_yield();
    }
  }
  if (failed_.load(std::memory_order_relaxed)) {
    failed_ = false;
    std::rethrow_exception(std::exchange(failure_, nullptr));
  }
}

void Team::take_parts(int member) {
  for (int m = 0; m < members_; m++) {
    std::atomic<uint64_t>& word = ranges_[(member + m) % members_].word;
    uint64_t seen = word.load(std::memory_order_acquire);
    while ((seen >> kPartBits & kPartMask) < (seen & kPartMask)) {
      if (!word.compare_exchange_weak(seen, seen + (1u << kPartBits), std::memory_order_acq_rel)) continue;
      // the call cannot end before this part has, so function and body are its own
      try {
        function_(body_, static_cast<int>(seen >> kPartBits & kPartMask), member);
      } catch (...) {
        if (!failed_.exchange(true)) failure_ = std::current_exception();
      }
      unfinished_.fetch_sub(1, std::memory_order_acq_rel);
      seen = word.load(std::memory_order_acquire);
    }
  }
}

void Team::help(int member) {
  pthread_setname_np(pthread_self(), "autoprog");
  omp_set_num_threads(1);  // what oneDNN runs here, it runs alone
  for (uint32_t call = wait_for_call(0); !closing_; call = wait_for_call(call)) {
    if (may_join()) {
      take_parts(member);
      at_work.fetch_sub(1);
    }
  }
}

uint32_t Team::wait_for_call(uint32_t last) {
  for (int look = 0; look < kLooks; look++) {
    const uint32_t call = call_.load(std::memory_order_acquire);
    if (call != last) return call;
    _mm_pause();
  }
  sleepers_.fetch_add(1);
  while (call_.load() == last) futex_wait(&call_, last);
  sleepers_.fetch_sub(1);
  return call_.load(std::memory_order_acquire);
}

}  // namespace autoprog
