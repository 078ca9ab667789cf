#include <array>
#include <map>
#include <oneapi/dnnl/dnnl.hpp>
#include <string>

#include "context.hpp"

namespace autoprog {
namespace {

using dnnl::memory;

// A row-major matrix, or its transpose.
memory::desc matrix(int64_t rows, int64_t columns, bool transposed = false) {
  return transposed ? memory::desc({columns, rows}, memory::data_type::f32, memory::dims{1, columns})
                    : memory::desc({rows, columns}, memory::data_type::f32, memory::dims{columns, 1});
}

dnnl::engine& engine() {
  static dnnl::engine cpu(dnnl::engine::kind::cpu, 0);
  return cpu;
}

// One matrix product of one shape, compiled once: its arguments are put in at each run.
class Matmul {
 public:
  Matmul(const memory::desc& left, const memory::desc& right, const memory::desc* bias, const memory::desc& product,
         bool adds)
      : Matmul(description(left, right, bias, product, adds), bias != nullptr) {}

  int64_t scratch_floats() const { return (static_cast<int64_t>(scratch_bytes_) + 3) / 4; }

  void run(dnnl::stream& stream, const float* left, const float* right, const float* bias, float* product,
           float* scratch) {
    const std::array<const float*, 5> data{left, right, product, scratch, bias};
    for (size_t i = 0; i < count_; i++) memories_[i].set_data_handle(const_cast<float*>(data[i]));
    dnnl::error::wrap_c_api(
        dnnl_primitive_execute(primitive_.get(), stream.get(), static_cast<int>(count_), arguments_.data()),
        "oneDNN could not run a matrix product");
  }

 private:
  using Description = dnnl::matmul::primitive_desc;

  Matmul(const Description& d, bool has_bias)
      : primitive_(d),
        memories_{memory(d.src_desc(), engine(), nullptr), memory(d.weights_desc(), engine(), nullptr),
                  memory(d.dst_desc(), engine(), nullptr), memory(d.scratchpad_desc(), engine(), nullptr),
                  has_bias ? memory(d.bias_desc(), engine(), nullptr) : memory()},
        arguments_{{{DNNL_ARG_SRC, memories_[0].get()},
                    {DNNL_ARG_WEIGHTS, memories_[1].get()},
                    {DNNL_ARG_DST, memories_[2].get()},
                    {DNNL_ARG_SCRATCHPAD, memories_[3].get()},
                    {DNNL_ARG_BIAS, has_bias ? memories_[4].get() : nullptr}}},
        count_(has_bias ? 5 : 4),
        scratch_bytes_(d.scratchpad_desc().get_size()) {}

  static Description description(const memory::desc& left, const memory::desc& right, const memory::desc* bias,
                                 const memory::desc& product, bool adds) {
    dnnl::primitive_attr attributes;
    attributes.set_fpmath_mode(dnnl::fpmath_mode::strict);
    attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
    if (adds) {
      dnnl::post_ops sum;
      sum.append_sum();
      attributes.set_post_ops(sum);
    }
    return bias == nullptr ? Description(engine(), left, right, product, attributes)
                           : Description(engine(), left, right, *bias, product, attributes);
  }

  dnnl::matmul primitive_;
  std::array<memory, 5> memories_;
  std::array<dnnl_exec_arg_t, 5> arguments_;
  size_t count_;
  size_t scratch_bytes_;
};

enum Product { kForward, kForwardBias, kBackwardInput, kBackwardWeight };

Matmul compile(Product product, int64_t rows, int64_t in, int64_t out) {
  const memory::desc bias = matrix(1, out);
  switch (product) {
    case kForward:
      return {matrix(rows, in), matrix(out, in, true), nullptr, matrix(rows, out), false};
    case kForwardBias:
      return {matrix(rows, in), matrix(out, in, true), &bias, matrix(rows, out), false};
    case kBackwardInput:
      return {matrix(rows, out), matrix(out, in), nullptr, matrix(rows, in), false};
    case kBackwardWeight:
      return {matrix(rows, out, true), matrix(rows, in), nullptr, matrix(out, in), true};
  }
  __builtin_unreachable();
}

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

// The products that a context has run, by shape.
class MatmulCache {
 public:
  Matmul& get(Product product, int64_t rows, int64_t in, int64_t out) {
    const std::array<int64_t, 4> key{product, rows, in, out};
    const auto found = compiled_.find(key);
    return found != compiled_.end() ? found->second
                                    : compiled_.emplace(key, compile(product, rows, in, out)).first->second;
  }

  dnnl::stream& stream() { return stream_; }

 private:
  dnnl::stream stream_{engine()};
  std::map<std::array<int64_t, 4>, Matmul> compiled_;
};

void MatmulCacheDeleter::operator()(MatmulCache* cache) const {
  delete cache;
}

namespace {

int multiply(ap_context* context, Product product, int64_t rows, int64_t in, int64_t out, const float* left,
             const float* right, const float* bias, float* result) {
  return guarded(context, [&] {
    const TeamSize team(context->threads);
    if (!context->matmuls) context->matmuls.reset(new MatmulCache);
    Matmul& matmul = context->matmuls->get(product, rows, in, out);
    matmul.run(context->matmuls->stream(), left, right, bias, result, context->scratch.floats(matmul.scratch_floats()));
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

int ap_linear_forward(ap_context* context, int64_t rows, int64_t in, int64_t out, const float* x, const float* weight,
                      const float* bias, float* y) {
  return multiply(context, bias == nullptr ? kForward : kForwardBias, rows, in, out, x, weight, bias, y);
}

int ap_linear_backward_input(ap_context* context, int64_t rows, int64_t in, int64_t out, const float* dy,
                             const float* weight, float* dx) {
  return multiply(context, kBackwardInput, rows, in, out, dy, weight, nullptr, dx);
}

int ap_linear_backward_weight(ap_context* context, int64_t rows, int64_t in, int64_t out, const float* x,
                              const float* dy, float* dweight) {
  return multiply(context, kBackwardWeight, rows, in, out, dy, x, nullptr, dweight);
}
