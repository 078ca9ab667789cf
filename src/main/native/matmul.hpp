// Matrix products by oneDNN: code is compiled for each shape, and kept.
#pragma once
#include <array>
#include <cstdint>
#include <map>
#include <oneapi/dnnl/dnnl.hpp>
#include <vector>

#include "context.hpp"

namespace autoprog {

// From so many rows on, a weight is first brought into oneDNN's own layout: the product is 4 to 8 % faster then, and
// that takes as long as the product of 45 rows.
constexpr int64_t kRowsWorthPacking = 2048;

// oneDNN on this processor, and its name for a type of elements.
dnnl::engine& engine();
dnnl::memory::data_type data_type(int32_t type);

enum Product { kForward, kBackwardInput, kBackwardWeight };

// A product, or a piece of one, for which oneDNN compiles code.
struct Task {
  Product product;
  int32_t type, y_type;           // of the operands, of the result
  bool bias;                      // whether it is added
  bool adds;                      // whether the result is added to what is there
  int64_t rows, in, out;          // of this product
  int64_t in_stride, out_stride;  // from one row of in, or of out, elements to the next
  int64_t packed_rows;            // of the product for which the weight is in oneDNN's own layout; 0 if it is not
  int64_t result_stride = 0;      // from one row of the result to the next, if it is not that of in or out

  bool operator<(const Task& o) const { return key() < o.key(); }

 private:
  std::array<int64_t, 12> key() const {
    return {product, type, y_type, bias, adds, rows, in, out, in_stride, out_stride, packed_rows, result_stride};
  }
};

// Where the matrices of a product lie.
struct Operands {
  const void *left, *right;
  const float* bias;
  void* product;
};

// For its life, oneDNN runs what the calling thread gives it on that thread alone: the team is ours.
class OnThisThread {
 public:
  OnThisThread();
  ~OnThisThread();
  OnThisThread(const OnThisThread&) = delete;
  OnThisThread& operator=(const OnThisThread&) = delete;

 private:
  int before_;
};

// One matrix product of one shape: its operands are put in at each run.
class Matmul {
 public:
  // With the weight in this layout, or as the task says if that is null.
  Matmul(const Task& task, const dnnl::memory::desc* layout);

  void run(dnnl::stream& stream, Scratch& scratch, const Operands& o);

 private:
  static constexpr size_t kArguments = 5;

  dnnl::matmul primitive_;
  std::array<dnnl::memory, kArguments> memories_;
  std::array<dnnl_exec_arg_t, kArguments> arguments_;
  int64_t scratch_floats_;
};

// How oneDNN likes the weight of a product to lie, and what brings it there.
class Packing {
 public:
  explicit Packing(const Task& task);

  const dnnl::memory::desc& layout() const { return layout_; }
  int64_t floats() const;
  void run(dnnl::stream& stream, const void* plain, float* packed);

 private:
  dnnl::memory::desc layout_;
  dnnl::memory plain_, packed_;
  dnnl::reorder reorder_;
};

// Results of make(key) that are kept until there are too many; then all are made again when they are asked for.
template <class Key, class Value>
class Kept {
 public:
  // Valid until the next key that was not there.
  template <class Make>
  Value& get(const Key& key, Make make) {
    const auto found = kept_.find(key);
    if (found != kept_.end()) return found->second;
    if (kept_.size() == kMost) kept_.clear();
    return kept_.emplace(key, make()).first->second;
  }

 private:
  // A product's code takes half a mebibyte; a step of Stable Diffusion's UNet keeps 103, one at another side 80 more.
  static constexpr size_t kMost = 512;

  std::map<Key, Value> kept_;
};

// What a context has compiled: of products, one for each member of its team, since a run puts its operands in.
class Matmuls {
 public:
  explicit Matmuls(int members);

  // The context's; made when it is first asked for.
  static Matmuls& of(ap_context* context);

  // The weight of a product in oneDNN's own layout, valid until the next call.
  const void* packed(const Task& whole, const void* weight);

  // Runs a product, or a piece of one, as this member of the team; packed() came first where the task says so.
  void run(int member, const Task& task, const Operands& operands);

  // A place for the piece of a product that this member works on.
  Scratch& piece(int member) { return members_[static_cast<size_t>(member)].piece; }

  Scratch sums;  // of the parts of a weight's gradient

 private:
  struct Member {
    dnnl::stream stream;
    Scratch scratch, piece;
    Kept<Task, Matmul> matmuls;
  };
  Packing& packing(const Task& whole);

  std::vector<Member> members_;
  Kept<Task, Packing> packings_;
  Scratch packed_;
};

}  // namespace autoprog
