#include "matmul.hpp"

#include <omp.h>

#include <stdexcept>
#include <string>
#include <utility>

#include "autoprog_cpu.h"

namespace autoprog {

using dnnl::memory;

dnnl::engine& engine() {
  static dnnl::engine cpu(dnnl::engine::kind::cpu, 0);
  return cpu;
}

memory::data_type data_type(int32_t type) {
  return type == AP_BFLOAT16 ? memory::data_type::bf16 : memory::data_type::f32;
}

namespace {

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
    const auto result_stride = [&](int64_t usual) { return t.result_stride == 0 ? usual : t.result_stride; };
    switch (t.product) {
      case kForward:
        if (t.bias) bias = matrix(AP_FLOAT32, 1, t.out, t.out);
        left = matrix(t.type, t.rows, t.in, t.in_stride);
        right = matrix(t.type, t.out, t.in, t.in_stride, true);
        product = matrix(t.y_type, t.rows, t.out, result_stride(t.out_stride));
        break;
      case kBackwardInput:
        left = matrix(t.type, t.rows, t.out, t.out_stride);
        right = matrix(t.type, t.out, t.in, t.in_stride);
        product = matrix(t.y_type, t.rows, t.in, result_stride(t.in_stride));
        break;
      case kBackwardWeight:
        left = matrix(t.type, t.rows, t.out, t.out_stride, true);
        right = matrix(t.type, t.rows, t.in, t.in_stride);
        product = matrix(t.y_type, t.out, t.in, result_stride(t.in_stride));
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
  dnnl::post_ops after;
  if (m.adds) after.append_sum();
  attributes.set_post_ops(after);
  return m.bias.is_zero() ? Description(engine(), m.left, right, m.product, attributes)
                          : Description(engine(), m.left, right, m.bias, m.product, attributes);
}

}  // namespace

OnThisThread::OnThisThread() : before_(omp_get_max_threads()) {
  omp_set_num_threads(1);
}
OnThisThread::~OnThisThread() {
  omp_set_num_threads(before_);
}

Packing::Packing(const Task& task) {
  const Matrices m(task);
  const memory::desc any(m.right.get_dims(), m.right.get_data_type(), memory::format_tag::any);
  layout_ = describe(m, any).weights_desc();
  plain_ = memory(m.right, engine(), nullptr);
  packed_ = memory(layout_, engine(), nullptr);
  reorder_ = dnnl::reorder(plain_, packed_);
}

int64_t Packing::floats() const {
  return autoprog::floats(layout_);
}

void Packing::run(dnnl::stream& stream, const void* plain, float* packed) {
  plain_.set_data_handle(const_cast<void*>(plain));
  packed_.set_data_handle(packed);
  reorder_.execute(stream, plain_, packed_);
}

Matmul::Matmul(const Task& task, const memory::desc* layout) {
  const Matrices m(task);
  const Description d = describe(m, layout ? *layout : m.right);
  primitive_ = dnnl::matmul(d);
  const std::array<std::pair<int, memory::desc>, kArguments> arguments{{{DNNL_ARG_SRC, d.src_desc()},
                                                                        {DNNL_ARG_WEIGHTS, d.weights_desc()},
                                                                        {DNNL_ARG_DST, d.dst_desc()},
                                                                        {DNNL_ARG_SCRATCHPAD, d.scratchpad_desc()},
                                                                        {DNNL_ARG_BIAS, d.bias_desc()}}};
  for (size_t i = 0; i < kArguments; i++) {
    memories_[i] = memory(arguments[i].second, engine(), nullptr);
    arguments_[i] = {arguments[i].first, memories_[i].get()};
  }
  scratch_floats_ = floats(d.scratchpad_desc());
}

void Matmul::run(dnnl::stream& stream, Scratch& scratch, const Operands& o) {
  const std::array<const void*, kArguments> data{o.left, o.right, o.product, scratch.floats(scratch_floats_), o.bias};
  for (size_t i = 0; i < kArguments; i++) memories_[i].set_data_handle(const_cast<void*>(data[i]));
  dnnl::error::wrap_c_api(
      dnnl_primitive_execute(primitive_.get(), stream.get(), static_cast<int>(arguments_.size()), arguments_.data()),
      "oneDNN could not run a matrix product");
}

Matmuls::Matmuls(int members) {
  for (int m = 0; m < members; m++) members_.push_back({dnnl::stream(engine()), {}, {}, {}});
}

Matmuls& Matmuls::of(ap_context* context) {
  if (!context->matmuls) context->matmuls.reset(new Matmuls(context->threads));
  return *context->matmuls;
}

void MatmulsDeleter::operator()(Matmuls* matmuls) const {
  delete matmuls;
}

Packing& Matmuls::packing(const Task& whole) {
  return packings_.get(whole, [&] { return Packing(whole); });
}

const void* Matmuls::packed(const Task& whole, const void* weight) {
  const OnThisThread alone;
  Packing& packing = this->packing(whole);
  float* packed = packed_.floats(packing.floats());
  packing.run(members_[0].stream, weight, packed);
  return packed;
}

void Matmuls::run(int member, const Task& task, const Operands& operands) {
  const OnThisThread alone;
  Member& m = members_[static_cast<size_t>(member)];
  Matmul& matmul = m.matmuls.get(task, [&] {
    if (task.packed_rows == 0) return Matmul(task, nullptr);
    Task whole = task;
    whole.rows = whole.packed_rows;
    return Matmul(task, &packing(whole).layout());
  });
  matmul.run(m.stream, m.scratch, operands);
}

}  // namespace autoprog

const char* ap_onednn_version(void) {
  static const std::string text = [] {
    const dnnl_version_t* version = dnnl_version();
    return std::to_string(version->major) + "." + std::to_string(version->minor) + "." + std::to_string(version->patch);
  }();
  return text.c_str();
}
