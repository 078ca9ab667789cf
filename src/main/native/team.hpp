// The threads of a session.
#pragma once
#include <atomic>
#include <cstdint>
#include <exception>
#include <memory>
#include <thread>
#include <vector>

namespace autoprog {

// A thread that calls, member 0, and others that help it. Work comes in parts. Each member begins with a range of its
// own, the same from call to call, so that it finds in its caches what it wrote there, and then takes what the others
// have not begun: one that the system keeps from running costs the part it is in, not its range. Which member does a
// part, and how many there are, decides nothing about the result.
class Team {
 public:
  explicit Team(int members);
  ~Team();
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;

  int members() const { return members_; }

  // body(part, member) for 0 <= part < parts; returns when all have run. What a body throws is thrown here.
  template <class Body>
  void run(int parts, const Body& body) {
    if (parts == 1 || members_ == 1) {
      for (int part = 0; part < parts; part++) body(part, 0);
    } else {
      run(
          parts, [](const void* b, int part, int member) { (*static_cast<const Body*>(b))(part, member); }, &body);
    }
  }

 private:
  using Function = void (*)(const void* body, int part, int member);

  // A member's range: the call's number, the next part and the end in one word, so that nobody takes a part of a call
  // that is over.
  struct alignas(64) Range {
    std::atomic<uint64_t> word{0};
  };

  void run(int parts, Function function, const void* body);
  void help(int member);
  void dismiss();
  void take_parts(int member);
  uint32_t wait_for_call(uint32_t last);

  const int members_;
  std::vector<std::thread> helpers_;
  std::unique_ptr<Range[]> ranges_;
  Function function_ = nullptr;
  const void* body_ = nullptr;
  alignas(64) std::atomic<uint32_t> call_{0};  // counts the calls; helpers sleep on it
  std::atomic<int> sleepers_{0};
  std::atomic<bool> closing_{false};
  alignas(64) std::atomic<int> unfinished_{0};
  std::atomic<bool> failed_{false};
  std::exception_ptr failure_;
};

}  // namespace autoprog
