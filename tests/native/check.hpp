// Checks of the CUDA kernels, through autoprog.h alone: on a GPU where nvcc compiles this, else in the emulation.
#pragma once
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <initializer_list>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "autoprog.h"

#ifdef __CUDACC__
#include <cuda_bf16.h>
#include <cuda_runtime.h>
#else
#include "simt/sanitizers.hpp"
#include "simt/simt.hpp"
#endif

namespace check {

[[noreturn]] inline void fail(const std::string& message) {
  throw std::runtime_error(message);
}

// ---- where the kernels run ---------------------------------------------------------------------------------------

#ifdef __CUDACC__
// A GPU schedules as it likes; what is run twice must give the same bits.
inline std::vector<std::string> orders() {
  return {"first", "again"};
}
inline void use_order(const std::string&) {}
inline void protect(const void*, size_t) {}
inline void expose(const void*, size_t) {}
#else
inline std::vector<std::string> orders() {
  std::vector<std::string> names;
  for (const auto& order : simt::kOrders) names.emplace_back(order.name);
  return names;
}
inline void use_order(const std::string& name) {
  for (const auto& order : simt::kOrders) {
    if (name == order.name) simt::options.order = order.order;
  }
}
inline void protect(const void* p, size_t bytes) {
  simt::poison(p, bytes);
}
inline void expose(const void* p, size_t bytes) {
  simt::unpoison(p, bytes);
}
#endif

inline void runtime(cudaError_t status) {
  if (status != cudaSuccess) fail(std::string("the CUDA runtime says: ") + cudaGetErrorString(status));
}

// What the case that runs has read from the device, as one number: the same in each order.
inline uint64_t digest;

// How many elements its arrays may have together, and how many of them are left.
inline int64_t most_elements = INT64_MAX, elements_left = INT64_MAX;
struct TooLarge {};

// ---- arrays ------------------------------------------------------------------------------------------------------

// Beside AP_FLOAT32 and AP_BFLOAT16, what else kernels read.
enum { kInt32 = 2, kUint8 = 3, kFloat64 = 4 };

inline size_t bytes_of(int32_t type) {
  constexpr size_t sizes[] = {4, 2, 4, 1, 8};
  return sizes[type];
}

// An array on the device, `offset` elements behind a multiple of 256 bytes, between two red zones of NaN. A kernel must
// not write there; and what it reads there shows in its results, if ASan does not see it first.
class Array {
 public:
  // Of n elements, all NaN (of integers: all bits set).
  Array(int32_t type, int64_t n, int64_t offset = 0)
      : type_(type), n_(n), start_(kRedZone + static_cast<size_t>(offset) * bytes_of(type)) {
    elements_left -= n;
    if (elements_left < 0) throw TooLarge();
    bytes_.assign(start_ + size() + kRedZone, 0xff);
    runtime(cudaMalloc(&memory_, bytes_.size()));
    write();
  }
  // Of values, each rounded to the type.
  Array(int32_t type, const std::vector<double>& values, int64_t offset = 0)
      : Array(type, static_cast<int64_t>(values.size()), offset) {
    for (int64_t i = 0; i < n_; i++) set(i, values[static_cast<size_t>(i)]);
    write();
  }
  Array(int32_t type, std::initializer_list<double> values) : Array(type, std::vector<double>(values)) {}
  ~Array() {
    expose(memory_, bytes_.size());
    cudaFree(memory_);
  }
  Array(const Array&) = delete;
  Array& operator=(const Array&) = delete;

  operator void*() const { return static_cast<char*>(memory_) + start_; }
  operator float*() const { return static_cast<float*>(static_cast<void*>(*this)); }
  operator double*() const { return static_cast<double*>(static_cast<void*>(*this)); }
  operator int32_t*() const { return static_cast<int32_t*>(static_cast<void*>(*this)); }
  operator uint8_t*() const { return static_cast<uint8_t*>(static_cast<void*>(*this)); }

  // What lies there now; fails if a red zone has changed.
  std::vector<double> values() {
    runtime(cudaDeviceSynchronize());
    expose(memory_, bytes_.size());
    runtime(cudaMemcpy(bytes_.data(), memory_, bytes_.size(), cudaMemcpyDeviceToHost));
    protect_zones();
    for (size_t i = 0; i < bytes_.size(); i++) {
      if ((i < start_ || i >= start_ + size()) && bytes_[i] != 0xff) {
        fail("wrote " + std::to_string(static_cast<int64_t>(i) - static_cast<int64_t>(start_)) +
             " bytes from an array of " + std::to_string(size()));
      }
    }
    for (size_t i = start_; i < start_ + size(); i++) digest = (digest ^ bytes_[i]) * 0x100000001b3;
    std::vector<double> values(static_cast<size_t>(n_));
    for (int64_t i = 0; i < n_; i++) values[static_cast<size_t>(i)] = get(i);
    return values;
  }

 private:
  static constexpr size_t kRedZone = 256;

  size_t size() const { return static_cast<size_t>(n_) * bytes_of(type_); }
  unsigned char* at(int64_t i) { return bytes_.data() + start_ + static_cast<size_t>(i) * bytes_of(type_); }

  template <class T>
  void put(int64_t i, T value) {
    std::memcpy(at(i), &value, sizeof value);
  }
  template <class T>
  T as(int64_t i) {
    T value;
    std::memcpy(&value, at(i), sizeof value);
    return value;
  }
  void set(int64_t i, double value) {
    if (type_ == AP_FLOAT32) put(i, static_cast<float>(value));
    if (type_ == AP_BFLOAT16) put(i, __float2bfloat16_rn(static_cast<float>(value)));
    if (type_ == kInt32) put(i, static_cast<int32_t>(value));
    if (type_ == kUint8) put(i, static_cast<uint8_t>(value));
    if (type_ == kFloat64) put(i, value);
  }
  double get(int64_t i) {
    if (type_ == AP_FLOAT32) return as<float>(i);
    if (type_ == AP_BFLOAT16) return __bfloat162float(as<__nv_bfloat16>(i));
    if (type_ == kFloat64) return as<double>(i);
    return type_ == kInt32 ? as<int32_t>(i) : as<uint8_t>(i);
  }

  void write() {
    expose(memory_, bytes_.size());
    runtime(cudaMemcpy(memory_, bytes_.data(), bytes_.size(), cudaMemcpyHostToDevice));
    runtime(cudaDeviceSynchronize());
    protect_zones();
  }
  void protect_zones() {
    protect(memory_, start_);
    protect(static_cast<char*>(memory_) + start_ + size(), kRedZone);
  }

  int32_t type_;
  int64_t n_;
  size_t start_;
  std::vector<unsigned char> bytes_;
  void* memory_ = nullptr;
};

// ---- numbers -----------------------------------------------------------------------------------------------------

inline std::mt19937_64 generator;  // begins anew with each case

// n numbers that all types hold exactly, of a normal distribution.
inline std::vector<double> normal(int64_t n, double scale = 1, double mean = 0) {
  std::normal_distribution<double> distribution(mean, scale);
  std::vector<double> values(static_cast<size_t>(n));
  for (double& value : values)
    value = __bfloat162float(__float2bfloat16_rn(static_cast<float>(distribution(generator))));
  return values;
}
inline const double kNaN = std::nan("");
inline const double kInfinity = HUGE_VAL;

// values[i] as a function of i
template <class Function>
std::vector<double> made(int64_t n, Function function) {
  std::vector<double> values;
  for (int64_t i = 0; i < n; i++) values.push_back(function(static_cast<size_t>(i)));
  return values;
}
// n integers of low ... high.
inline std::vector<double> integers(int64_t n, int64_t low, int64_t high) {
  std::uniform_int_distribution<int64_t> distribution(low, high);
  std::vector<double> values(static_cast<size_t>(n));
  for (double& value : values) value = static_cast<double>(distribution(generator));
  return values;
}

// |out - expected| / |expected|
inline double relative_error(const std::vector<double>& out, const std::vector<double>& expected) {
  double difference = 0, norm = 0;
  for (size_t i = 0; i < expected.size(); i++) {
    difference += (out[i] - expected[i]) * (out[i] - expected[i]);
    norm += expected[i] * expected[i];
  }
  return norm == 0 ? std::sqrt(difference) : std::sqrt(difference / norm);
}

constexpr double kFloat32Bound = 1e-5;
// the most that one rounding to nearest can cost: 2^-8
constexpr double kBfloat16Bound = 1.0 / 256 + kFloat32Bound;

inline double bound(int32_t type) {
  return type == AP_FLOAT32 ? kFloat32Bound : kBfloat16Bound;
}

inline void expect_close(const char* what, Array& out, const std::vector<double>& expected, double bound) {
  const double error = relative_error(out.values(), expected);
  if (!(error <= bound)) {
    char message[200];
    std::snprintf(message, sizeof message, "%s: relative error %.3g, allowed %.3g", what, error, bound);
    fail(message);
  }
}

// Bit by bit, but for the sign of zero; any NaN is like any other.
inline void expect_equal(const char* what, Array& out, const std::vector<double>& expected) {
  const std::vector<double> found = out.values();
  for (size_t i = 0; i < expected.size(); i++) {
    if (found[i] == expected[i] || (std::isnan(found[i]) && std::isnan(expected[i]))) continue;
    fail(std::string(what) + "[" + std::to_string(i) + "] is " + std::to_string(found[i]) + ", expected " +
         std::to_string(expected[i]));
  }
}

// ---- cases -------------------------------------------------------------------------------------------------------

inline ap_context* context = nullptr;

// Fails with the context's error text unless a kernel's code is 0.
inline void run(int code) {
  if (code != 0) fail(ap_last_error(context));
}

#ifdef __CUDACC__
inline size_t limit_shared(size_t bytes) {
  return bytes;
}
#else
inline size_t limit_shared(size_t bytes) {
  return std::exchange(simt::options.most_shared, bytes);
}
#endif

// Runs a case as on a device whose blocks have no more shared memory than those of 8.6, 8.9 and 12.0.
template <class Body>
void with_little_shared(Body body) {
  constexpr size_t kLittle = 99 * 1024;
  struct Little {
    Little() : before(context), much(limit_shared(kLittle)) {
      setenv("AUTOPROG_SHARED_BYTES", std::to_string(kLittle).c_str(), 1);
      context = ap_context_create(1);
    }
    ~Little() {
      ap_context_destroy(context);
      context = before;
      limit_shared(much);
      unsetenv("AUTOPROG_SHARED_BYTES");
    }
    ap_context* const before;
    const size_t much;
  };
  const Little little;
  body();
}

inline std::string name(int32_t type) {
  return type == AP_FLOAT32 ? " float32" : " bfloat16";
}
constexpr int32_t kTypes[] = {AP_FLOAT32, AP_BFLOAT16};

// Flat arrays: odd sizes, more than a block has, and starts that vectors cannot be loaded from.
struct Flat {
  int64_t n;
  int64_t offset;  // of the first element from an aligned address
};
constexpr Flat kFlats[] = {{1, 0}, {2, 1}, {63, 0}, {64, 0}, {65, 2}, {197, 0}, {197, 1}, {4100, 0}};

// The sizes of a case, and whether it starts at an aligned address, for its name.
inline std::string sizes(std::initializer_list<int64_t> sizes, int64_t offset = 0) {
  std::string text;
  for (const int64_t size : sizes) text += (text.empty() ? " " : "x") + std::to_string(size);
  return offset == 0 ? text : text + " from " + std::to_string(offset);
}

class Suite {
 public:
  void add(std::string name, std::function<void()> body) { cases_.push_back({std::move(name), std::move(body)}); }

  // --list: the names of the cases. --case NAME: that one alone. --order NAME or all: the schedules that they run in.
  // --most N: the cases whose arrays have no more elements than that together, for tools that are slow.
  int run(int argc, char** argv) {
    std::string only, order = "all";
    for (int i = 1; i < argc; i++) {
      const std::string option = argv[i];
      if (option == "--list") {
        for (const Case& c : cases_) std::printf("%s\n", c.name.c_str());
        return 0;
      }
      if (i + 1 == argc || (option != "--case" && option != "--order" && option != "--most")) {
        std::fprintf(stderr, "%s [--list] [--case NAME] [--order NAME|all] [--most N]\n", argv[0]);
        return 2;
      }
      i++;
      if (option == "--most") most_elements = std::atoll(argv[i]);
      if (option == "--case") only = argv[i];
      if (option == "--order") order = argv[i];
    }
    context = ap_context_create(1);
    int found = 0, failed = 0;
    for (const Case& c : cases_) {
      if (!only.empty() && c.name != only) continue;
      found++;
      failed += report(c, order);
    }
    ap_context_destroy(context);
    if (found == 0) std::fprintf(stderr, "no case has the name %s\n", only.c_str());
    return found == 0 ? 2 : failed > 0;
  }

 private:
  struct Case {
    std::string name;
    std::function<void()> body;
  };

  // Runs a case in the orders and prints a line; 1 if it failed.
  static int report(const Case& c, const std::string& wanted) {
    const auto begin = std::chrono::steady_clock::now();
    std::string failure;
    uint64_t first_digest = 0;
    bool first = true, too_large = false;
    for (const std::string& order : orders()) {
      if (wanted != "all" && wanted != order) continue;
      use_order(order);
      generator.seed(std::hash<std::string>{}(c.name));
      digest = 0;
      elements_left = most_elements;
      try {
        c.body();
        if (first) first_digest = digest;
        if (digest != first_digest) fail("other bits than in the first order");
        first = false;
      } catch (const TooLarge&) {
        too_large = true;
        break;
      } catch (const std::exception& e) {
        failure = order + ": " + e.what();
        break;
      }
    }
    const std::chrono::duration<double, std::milli> time = std::chrono::steady_clock::now() - begin;
    if (too_large) {
      std::printf("skip %s\n", c.name.c_str());
    } else if (failure.empty()) {
      std::printf("ok   %s (%.0f ms)\n", c.name.c_str(), time.count());
    } else {
      std::printf("FAIL %s: %s\n", c.name.c_str(), failure.c_str());
    }
    std::fflush(stdout);
    return failure.empty() ? 0 : 1;
  }

  std::vector<Case> cases_;
};

}  // namespace check
