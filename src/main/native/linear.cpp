#include <array>
#include <map>
#include <oneapi/dnnl/dnnl.hpp>
#include <string>

#include "context.hpp"

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

// A product for which oneDNN compiles code.
struct Task {
  Product product;
  int32_t type, y_type;  // of the operands, of the result
  bool bias, base;       // whether they are added
  int64_t rows, in, out;
  bool operator<(const Task& o) const { return key() < o.key(); }

 private:
  std::array<int64_t, 8> key() const { return {product, type, y_type, bias, base, rows, in, out}; }
};

dnnl::engine& engine() {
  static dnnl::engine cpu(dnnl::engine::kind::cpu, 0);
  return cpu;
}

memory::data_type data_type(int32_t type) {
  return type == AP_BFLOAT16 ? memory::data_type::bf16 : memory::data_type::f32;
}

// A row-major matrix, or its transpose.
memory::desc matrix(int32_t type, int64_t rows, int64_t columns, bool transposed = false) {
  return transposed ? memory::desc({columns, rows}, data_type(type), memory::dims{1, columns})
                    : memory::desc({rows, columns}, data_type(type), memory::dims{columns, 1});
}

// product = or += base + left * right + bias; bias and base may be empty.
struct Matrices {
  memory::desc left, right, bias, base, product;
  bool adds;

  explicit Matrices(const Task& t) : adds(t.product == kBackwardWeight) {
    switch (t.product) {
      case kForward:
        if (t.bias) bias = matrix(AP_FLOAT32, 1, t.out);
        if (t.base) base = matrix(t.type, t.rows, t.out);
        left = matrix(t.type, t.rows, t.in);
        right = matrix(t.type, t.out, t.in, true);
        product = matrix(t.y_type, t.rows, t.out);
        break;
      case kBackwardInput:
        left = matrix(t.type, t.rows, t.out);
        right = matrix(t.type, t.out, t.in);
        product = matrix(t.y_type, t.rows, t.in);
        break;
      case kBackwardWeight:
        left = matrix(t.type, t.rows, t.out, true);
        right = matrix(t.type, t.rows, t.in);
        product = matrix(t.y_type, t.out, t.in);
        break;
    }
  }
};

// One matrix product of one shape, compiled once: its arguments are put in at each run.
class Matmul {
 public:
  explicit Matmul(const Task& task) : Matmul(Matrices(task), packs(task)) {}

  int64_t scratch_floats() const { return scratch_floats_ + packed_floats_; }

  void run(dnnl::stream& stream, const void* left, const void* right, const float* bias, const void* base,
           void* product, float* scratch) {
    if (packed_floats_ > 0) {
      float* packed = scratch + scratch_floats_;
      plain_.set_data_handle(const_cast<void*>(right));
      memories_[1].set_data_handle(packed);
      pack_.execute(stream, plain_, memories_[1]);
      right = packed;
    }
    const std::array<const void*, 6> data{left, right, product, scratch, bias, base};
    for (size_t i = 0; i < data.size(); i++) memories_[i].set_data_handle(const_cast<void*>(data[i]));
    dnnl::error::wrap_c_api(
        dnnl_primitive_execute(primitive_.get(), stream.get(), static_cast<int>(arguments_.size()), arguments_.data()),
        "oneDNN could not run a matrix product");
  }

 private:
  using Description = dnnl::matmul::primitive_desc;

  Matmul(const Matrices& m, bool packs) : Matmul(m, description(m, packs)) {}

  Matmul(const Matrices& m, const Description& d)
      : primitive_(d),
        memories_{memory(d.src_desc(), engine(), nullptr),  memory(d.weights_desc(), engine(), nullptr),
                  memory(d.dst_desc(), engine(), nullptr),  memory(d.scratchpad_desc(), engine(), nullptr),
                  memory(d.bias_desc(), engine(), nullptr), memory(m.base, engine(), nullptr)},
        arguments_{{{DNNL_ARG_SRC, memories_[0].get()},
                    {DNNL_ARG_WEIGHTS, memories_[1].get()},
                    {DNNL_ARG_DST, memories_[2].get()},
                    {DNNL_ARG_SCRATCHPAD, memories_[3].get()},
                    {DNNL_ARG_BIAS, memories_[4].get()},
                    {DNNL_ARG_ATTR_MULTIPLE_POST_OP(0) | DNNL_ARG_SRC_1, memories_[5].get()}}},
        scratch_floats_(floats(d.scratchpad_desc())) {
    if (d.weights_desc() != m.right) {
      plain_ = memory(m.right, engine(), nullptr);
      pack_ = dnnl::reorder(plain_, memories_[1]);
      packed_floats_ = floats(d.weights_desc());
    }
  }

  static bool packs(const Task& task) { return task.product != kBackwardWeight && task.rows >= kRowsWorthPacking; }

  // Whole cache lines.
  static int64_t floats(const memory::desc& d) { return round_up(static_cast<int64_t>(d.get_size()), 64) / 4; }

  static Description description(const Matrices& m, bool packs) {
    dnnl::primitive_attr attributes;
    attributes.set_fpmath_mode(dnnl::fpmath_mode::strict);
    attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
    dnnl::post_ops additions;
    if (m.adds) additions.append_sum();
    if (!m.base.is_zero()) additions.append_binary(dnnl::algorithm::binary_add, m.base);
    attributes.set_post_ops(additions);
    const memory::desc right =
        packs ? memory::desc(m.right.get_dims(), m.right.get_data_type(), memory::format_tag::any) : m.right;
    return m.bias.is_zero() ? Description(engine(), m.left, right, m.product, attributes)
                            : Description(engine(), m.left, right, m.bias, m.product, attributes);
  }

  dnnl::matmul primitive_;
  std::array<memory, 6> memories_;
  std::array<dnnl_exec_arg_t, 6> arguments_;
  int64_t scratch_floats_;
  memory plain_;  // the weight as it is given, where it is packed
  dnnl::reorder pack_;
  int64_t packed_floats_ = 0;
};

// oneDNN takes the team's size from the calling thread's OpenMP setting.
class TeamSize {
 public:
  explicit TeamSize(int threads) : before_(omp_get_max_threads()) { omp_set_num_threads(threads); }
  ~TeamSize() { omp_set_num_threads(before_); }
  TeamSize(const TeamSize&) = delete;
  TeamSize& operator=(const TeamSize&) = delete;

 private:
  int before_;
};

}  // namespace

// The products that a context has run.
class MatmulCache {
 public:
  Matmul& get(const Task& task) {
    const auto found = compiled_.find(task);
    return found != compiled_.end() ? found->second : compiled_.emplace(task, Matmul(task)).first->second;
  }

  dnnl::stream& stream() { return stream_; }

 private:
  dnnl::stream stream_{engine()};
  std::map<Task, Matmul> compiled_;
};

void MatmulCacheDeleter::operator()(MatmulCache* cache) const {
  delete cache;
}

namespace {

void run(ap_context* context, const Task& task, const void* left, const void* right, const float* bias,
         const void* base, void* product) {
  const TeamSize team(context->threads);
  if (!context->matmuls) context->matmuls.reset(new MatmulCache);
  Matmul& matmul = context->matmuls->get(task);
  matmul.run(context->matmuls->stream(), left, right, bias, base, product,
             context->scratch.floats(matmul.scratch_floats()));
}

void convert(ap_context* context, int64_t n, int32_t from_type, const void* from, int32_t to_type, void* to) {
  if (ap_convert(context, n, from_type, from, to_type, to) != 0) throw std::runtime_error(context->error);
}

// The product of bfloat16 matrices on a processor that has none: of float32 copies.
void run_converted(ap_context* context, Task task, const void* left, const void* right, const float* bias,
                   const void* base, void* product) {
  const Matrices m(task);
  const auto elements = [](const memory::desc& d) { return d.get_dims()[0] * d.get_dims()[1]; };
  const int64_t lefts = elements(m.left), rights = elements(m.right), products = elements(m.product);
  float* wide = context->converted.floats(lefts + rights + products + (task.base ? products : 0));
  float* wide_base = wide + lefts + rights + products;
  convert(context, lefts, AP_BFLOAT16, left, AP_FLOAT32, wide);
  convert(context, rights, AP_BFLOAT16, right, AP_FLOAT32, wide + lefts);
  if (task.base) convert(context, products, AP_BFLOAT16, base, AP_FLOAT32, wide_base);
  const int32_t y_type = task.y_type;
  task.type = task.y_type = AP_FLOAT32;
  float* sum = y_type == AP_FLOAT32 ? static_cast<float*>(product) : wide + lefts + rights;
  run(context, task, wide, wide + lefts, bias, wide_base, sum);
  if (y_type != AP_FLOAT32) convert(context, products, AP_FLOAT32, sum, y_type, product);
}

int multiply(ap_context* context, const Task& task, const void* left, const void* right, const float* bias,
             const void* base, void* product) {
  return guarded(context, [&] {
    if (task.type == AP_BFLOAT16 && !kMultipliesBFloat16) {
      run_converted(context, task, left, right, bias, base, product);
    } else {
      run(context, task, left, right, bias, base, product);
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
  const Task task{kForward, type, y_type, bias != nullptr, base != nullptr, rows, in, out};
  return multiply(context, task, x, weight, bias, base, y);
}

int ap_linear_backward_input(ap_context* context, int32_t type, int64_t rows, int64_t in, int64_t out, const void* dy,
                             const void* weight, void* dx) {
  return multiply(context, {kBackwardInput, type, type, false, false, rows, in, out}, dy, weight, nullptr, nullptr, dx);
}

int ap_linear_backward_weight(ap_context* context, int32_t type, int64_t rows, int64_t in, int64_t out, const void* x,
                              const void* dy, float* dweight) {
  const Task task{kBackwardWeight, type, AP_FLOAT32, false, false, rows, in, out};
  return multiply(context, task, dy, x, nullptr, nullptr, dweight);
}
