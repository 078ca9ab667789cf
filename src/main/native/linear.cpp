#include <omp.h>

#include <array>
#include <map>
#include <oneapi/dnnl/dnnl.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "convert.hpp"

namespace autoprog {
namespace {

using dnnl::memory;

// Whether the library was compiled for processors that multiply bfloat16. Elsewhere, such products are float32 ones of
// converted operands.
#if defined(__AVX512BF16__)
constexpr bool kMultipliesBFloat16 = true;
#else
constexpr bool kMultipliesBFloat16 = false;
#endif

// From so many rows on, a weight is first brought into oneDNN's own layout: the product is 4 to 8 % faster then, and
// that takes as long as the product of 45 rows.
constexpr int64_t kRowsWorthPacking = 2048;

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

  bool operator<(const Task& o) const { return key() < o.key(); }

 private:
  std::array<int64_t, 11> key() const {
    return {product, type, y_type, bias, adds, rows, in, out, in_stride, out_stride, packed_rows};
  }
};

dnnl::engine& engine() {
  static dnnl::engine cpu(dnnl::engine::kind::cpu, 0);
  return cpu;
}

memory::data_type data_type(int32_t type) {
  return type == AP_BFLOAT16 ? memory::data_type::bf16 : memory::data_type::f32;
}

// A matrix of rows that begin `stride` elements apart, or its transpose.
memory::desc matrix(int32_t type, int64_t rows, int64_t columns, int64_t stride, bool transposed = false) {
  return transposed ? memory::desc({columns, rows}, data_type(type), memory::dims{1, stride})
                    : memory::desc({rows, columns}, data_type(type), memory::dims{stride, 1});
}

// product = or += left * right + bias; the bias may be empty.
struct Matrices {
  memory::desc left, right, bias, product;
  bool adds;

  explicit Matrices(const Task& t) : adds(t.adds) {
    switch (t.product) {
      case kForward:
        if (t.bias) bias = matrix(AP_FLOAT32, 1, t.out, t.out);
        left = matrix(t.type, t.rows, t.in, t.in_stride);
        right = matrix(t.type, t.out, t.in, t.in_stride, true);
        product = matrix(t.y_type, t.rows, t.out, t.out_stride);
        break;
      case kBackwardInput:
        left = matrix(t.type, t.rows, t.out, t.out_stride);
        right = matrix(t.type, t.out, t.in, t.in_stride);
        product = matrix(t.y_type, t.rows, t.in, t.in_stride);
        break;
      case kBackwardWeight:
        left = matrix(t.type, t.rows, t.out, t.out_stride, true);
        right = matrix(t.type, t.rows, t.in, t.in_stride);
        product = matrix(t.y_type, t.out, t.in, t.in_stride);
        break;
    }
  }
};

// Whole cache lines.
int64_t floats(const memory::desc& d) {
  return round_up(static_cast<int64_t>(d.get_size()), 64) / static_cast<int64_t>(sizeof(float));
}

using Description = dnnl::matmul::primitive_desc;

Description describe(const Matrices& m, const memory::desc& right) {
  dnnl::primitive_attr attributes;
  attributes.set_fpmath_mode(dnnl::fpmath_mode::strict);
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  dnnl::post_ops additions;
  if (m.adds) additions.append_sum();
  attributes.set_post_ops(additions);
  return m.bias.is_zero() ? Description(engine(), m.left, right, m.product, attributes)
                          : Description(engine(), m.left, right, m.bias, m.product, attributes);
}

// How oneDNN likes the weight of a product to lie, and what brings it there.
class Packing {
 public:
  explicit Packing(const Task& task) {
    const Matrices m(task);
    const memory::desc any(m.right.get_dims(), m.right.get_data_type(), memory::format_tag::any);
    layout_ = describe(m, any).weights_desc();
    plain_ = memory(m.right, engine(), nullptr);
    packed_ = memory(layout_, engine(), nullptr);
    reorder_ = dnnl::reorder(plain_, packed_);
  }

  const memory::desc& layout() const { return layout_; }

  void run(dnnl::stream& stream, const void* plain, float* packed) {
    plain_.set_data_handle(const_cast<void*>(plain));
    packed_.set_data_handle(packed);
    reorder_.execute(stream, plain_, packed_);
  }

 private:
  memory::desc layout_;
  memory plain_, packed_;
  dnnl::reorder reorder_;
};

// Where the matrices of a product lie.
struct Operands {
  const void *left, *right;
  const float* bias;
  const void* base;  // forward alone: where it is given, the product begins as its copy and is added to it
  int32_t base_type;
  void* product;
};

// One matrix product of one shape, compiled once: its operands are put in at each run.
class Matmul {
 public:
  // With the weight in this layout, or as the task says if that is null.
  Matmul(const Task& task, const memory::desc* layout) : Matmul(Matrices(task), layout) {}

  void run(dnnl::stream& stream, Scratch& scratch, const Operands& o) {
    const std::array<const void*, 5> data{o.left, o.right, o.product, scratch.floats(scratch_floats_), o.bias};
    for (size_t i = 0; i < data.size(); i++) memories_[i].set_data_handle(const_cast<void*>(data[i]));
    dnnl::error::wrap_c_api(
        dnnl_primitive_execute(primitive_.get(), stream.get(), static_cast<int>(arguments_.size()), arguments_.data()),
        "oneDNN could not run a matrix product");
  }

 private:
  Matmul(const Matrices& m, const memory::desc* layout) : Matmul(describe(m, layout ? *layout : m.right)) {}

  explicit Matmul(const Description& d)
      : primitive_(d),
        memories_{memory(d.src_desc(), engine(), nullptr), memory(d.weights_desc(), engine(), nullptr),
                  memory(d.dst_desc(), engine(), nullptr), memory(d.scratchpad_desc(), engine(), nullptr),
                  memory(d.bias_desc(), engine(), nullptr)},
        arguments_{{{DNNL_ARG_SRC, memories_[0].get()},
                    {DNNL_ARG_WEIGHTS, memories_[1].get()},
                    {DNNL_ARG_DST, memories_[2].get()},
                    {DNNL_ARG_SCRATCHPAD, memories_[3].get()},
                    {DNNL_ARG_BIAS, memories_[4].get()}}},
        scratch_floats_(floats(d.scratchpad_desc())) {}

  dnnl::matmul primitive_;
  std::array<memory, 5> memories_;
  std::array<dnnl_exec_arg_t, 5> arguments_;
  int64_t scratch_floats_;
};

// Results of make(key) that are kept.
template <class Key, class Value>
class Kept {
 public:
  template <class Make>
  Value& get(const Key& key, Make make) {
    const auto found = kept_.find(key);
    return found != kept_.end() ? found->second : kept_.emplace(key, make()).first->second;
  }

 private:
  std::map<Key, Value> kept_;
};

// For its life, oneDNN runs what the calling thread gives it on that thread alone: the team is ours.
class OnThisThread {
 public:
  OnThisThread() : before_(omp_get_max_threads()) { omp_set_num_threads(1); }
  ~OnThisThread() { omp_set_num_threads(before_); }
  OnThisThread(const OnThisThread&) = delete;
  OnThisThread& operator=(const OnThisThread&) = delete;

 private:
  int before_;
};

}  // namespace

// What a context has compiled: of products, one for each member of its team, since a run puts its operands in.
class Matmuls {
 public:
  explicit Matmuls(int members) : members_(static_cast<size_t>(members)) {}

  Packing& packing(const Task& task) {
    return packings_.get(task, [&] { return Packing(task); });
  }

  void run(int member, const Task& task, const memory::desc* layout, const Operands& operands) {
    Member& m = members_[static_cast<size_t>(member)];
    m.matmuls.get(task, [&] { return Matmul(task, layout); }).run(m.stream, m.scratch, operands);
  }

  dnnl::stream& stream() { return members_[0].stream; }
  Scratch packed;  // a weight in oneDNN's layout
  Scratch sums;    // of the parts of a weight's gradient

 private:
  struct Member {
    dnnl::stream stream{engine()};
    Scratch scratch;
    Kept<Task, Matmul> matmuls;
  };
  std::vector<Member> members_;
  Kept<Task, Packing> packings_;
};

void MatmulsDeleter::operator()(Matmuls* matmuls) const {
  delete matmuls;
}

namespace {

const void* at(const void* p, int32_t type, int64_t element) {
  const int64_t size = type == AP_BFLOAT16 ? 2 : 4;
  return p == nullptr ? nullptr : static_cast<const char*>(p) + element * size;
}
void* at(void* p, int32_t type, int64_t element) {
  return const_cast<void*>(at(static_cast<const void*>(p), type, element));
}

// In how many parts to cut a product: two per thread, since smaller ones run slower, and whole vectors of what is cut.
int parts_for_product(const ap_context* context, const Task& t, int64_t length) {
  constexpr int64_t kPartsPerThread = 2;
  const int64_t worth = parts_for(context, t.rows * t.in * t.out / 16);
  return static_cast<int>(std::clamp<int64_t>(length / 16, 1, std::min(worth, kPartsPerThread * context->threads)));
}

// y = x * weight ..., or dx = dy * weight: cut in rows.
void multiply_rows(ap_context* context, Task task, const Operands& o) {
  Matmuls& matmuls = *context->matmuls;
  const bool forward = task.product == kForward;
  const int64_t left = forward ? task.in : task.out, product = forward ? task.out : task.in;
  const memory::desc* layout = nullptr;
  const void* weight = o.right;
  if (task.rows >= kRowsWorthPacking) {
    task.packed_rows = task.rows;
    Packing& packing = matmuls.packing(task);
    layout = &packing.layout();
    float* packed = matmuls.packed.floats(floats(*layout));
    packing.run(matmuls.stream(), weight, packed);
    weight = packed;
  }
  parallel_by_member(
      context, parts_for_product(context, task, task.rows), task.rows, 16,
      [&](int, int member, int64_t begin, int64_t end) {
        const OnThisThread alone;
        Task piece = task;
        piece.rows = end - begin;
        void* y = at(o.product, task.y_type, begin * product);
        if (o.base != nullptr) {
          convert(o.base_type, at(o.base, o.base_type, begin * product), task.y_type, y, 0, piece.rows * product);
        }
        matmuls.run(member, piece, layout, {at(o.left, task.type, begin * left), weight, o.bias, nullptr, 0, y});
      });
}

// dweight += dy^T * x, cut in rows: each part has a sum of its own, and these are added in order. A thread then reads
// what it wrote itself, and nothing twice.
void multiply_by_rows(ap_context* context, int parts, const Task& task, const Operands& o) {
  Matmuls& matmuls = *context->matmuls;
  const int64_t weights = task.in * task.out, stride = round_up(weights, 16);
  float* sums = matmuls.sums.floats(parts * stride);
  parallel_by_member(context, parts, task.rows, 16, [&](int part, int member, int64_t begin, int64_t end) {
    const OnThisThread alone;
    Task piece = task;
    piece.rows = end - begin;
    piece.adds = false;
    matmuls.run(member, piece, nullptr,
                {at(o.left, task.type, begin * task.out), at(o.right, task.type, begin * task.in), nullptr, nullptr, 0,
                 sums + part * stride});
  });
  float* dweight = static_cast<float*>(o.product);
  parallel(context, parts_for(context, parts * weights), weights, kLanes, [&](int64_t, int64_t begin, int64_t end) {
    each_vector(begin, end, [&](int64_t i, auto lanes) {
      Vec sum = lanes.load(sums + i);
      for (int part = 1; part < parts; part++) sum += lanes.load(sums + part * stride + i);
      lanes.store(dweight + i, lanes.load(dweight + i) + sum);
    });
  });
}

// The same, cut in outputs, or where these are few, in inputs.
void multiply_by_columns(ap_context* context, const Task& task, const Operands& o) {
  const bool by_out = task.out >= task.in || task.out >= 32 * context->threads;
  const int64_t length = by_out ? task.out : task.in;
  const int parts = std::min(context->threads, parts_for_product(context, task, length));
  parallel_by_member(context, parts, length, 16, [&](int, int member, int64_t begin, int64_t end) {
    const OnThisThread alone;
    Task piece = task;
    Operands part = o;
    if (by_out) {
      piece.out = end - begin;
      part.left = at(o.left, task.type, begin);
      part.product = at(o.product, task.y_type, begin * task.in);
    } else {
      piece.in = end - begin;
      part.right = at(o.right, task.type, begin);
      part.product = at(o.product, task.y_type, begin);
    }
    context->matmuls->run(member, piece, nullptr, part);
  });
}

void multiply_weight(ap_context* context, const Task& task, const Operands& o) {
  constexpr int64_t kMostSums = 1 << 18;  // floats; with more, the parts' sums would not stay in a second-level cache
  const int parts = std::min(context->threads, parts_for_product(context, task, task.rows));
  if (parts > 1 && parts * task.in * task.out <= kMostSums) {
    multiply_by_rows(context, parts, task, o);
  } else {
    multiply_by_columns(context, task, o);
  }
}

void run(ap_context* context, const Task& task, const Operands& operands) {
  const OnThisThread alone;
  if (!context->matmuls) context->matmuls.reset(new Matmuls(context->threads));
  if (task.product == kBackwardWeight) {
    multiply_weight(context, task, operands);
  } else {
    multiply_rows(context, task, operands);
  }
}

// The product of bfloat16 matrices on a processor that has none: of float32 copies.
void run_converted(ap_context* context, Task task, const Operands& o) {
  const Matrices m(task);
  const auto elements = [](const memory::desc& d) { return d.get_dims()[0] * d.get_dims()[1]; };
  const int64_t lefts = elements(m.left), rights = elements(m.right), products = elements(m.product);
  float* wide = context->scratch.floats(lefts + rights + products);
  const auto copy = [&](int64_t n, int32_t from_type, const void* from, int32_t to_type, void* to) {
    parallel(context, parts_for(context, n), n, kLanes,
             [&](int64_t, int64_t begin, int64_t end) { convert(from_type, from, to_type, to, begin, end); });
  };
  copy(lefts, AP_BFLOAT16, o.left, AP_FLOAT32, wide);
  copy(rights, AP_BFLOAT16, o.right, AP_FLOAT32, wide + lefts);
  const int32_t y_type = task.y_type;
  task.type = task.y_type = AP_FLOAT32;
  void* sum = y_type == AP_FLOAT32 ? o.product : wide + lefts + rights;
  run(context, task, {wide, wide + lefts, o.bias, o.base, o.base_type, sum});
  if (y_type != AP_FLOAT32) copy(products, AP_FLOAT32, sum, y_type, o.product);
}

int multiply(ap_context* context, const Task& task, const Operands& operands) {
  return guarded(context, [&] {
    if (task.type == AP_BFLOAT16 && !kMultipliesBFloat16) {
      run_converted(context, task, operands);
    } else {
      run(context, task, operands);
    }
  });
}

}  // namespace
}  // namespace autoprog

using namespace autoprog;

const char* ap_onednn_version(void) {
  static const std::string text = [] {
    const dnnl_version_t* version = dnnl_version();
    return std::to_string(version->major) + "." + std::to_string(version->minor) + "." + std::to_string(version->patch);
  }();
  return text.c_str();
}

int ap_linear_forward(ap_context* context, int32_t type, int64_t rows, int64_t in, int64_t out, const void* x,
                      const void* weight, const float* bias, const void* base, int32_t y_type, void* y) {
  return multiply(context, {kForward, type, y_type, bias != nullptr, base != nullptr, rows, in, out, in, out, 0},
                  {x, weight, bias, base, type, y});
}

int ap_linear_backward_input(ap_context* context, int32_t type, int64_t rows, int64_t in, int64_t out, const void* dy,
                             const void* weight, void* dx) {
  return multiply(context, {kBackwardInput, type, type, false, false, rows, in, out, in, out, 0},
                  {dy, weight, nullptr, nullptr, type, dx});
}

int ap_linear_backward_weight(ap_context* context, int32_t type, int64_t rows, int64_t in, int64_t out, const void* x,
                              const void* dy, float* dweight) {
  return multiply(context, {kBackwardWeight, type, AP_FLOAT32, false, true, rows, in, out, in, out, 0},
                  {dy, x, nullptr, nullptr, type, dweight});
}
