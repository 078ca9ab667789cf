#include <map>
#include <tuple>

#include "activation.cuh"
#include "cublaslt.cuh"
#include "linear.cuh"

using namespace autoprog;

namespace {

constexpr size_t kWorkspaceBytes = size_t{32} << 20;  // what cuBLAS itself takes on Hopper

// The library's handle; the process has one for all contexts and keeps it to its end.
lt::Handle handle() {
  static const lt::Handle handle = [] {
    const lt::Library& library = lt::Library::get();
    if (!library.problem().empty()) throw std::runtime_error(library.problem());
    lt::Handle created = nullptr;
    lt::check(library.create(&created), "cublasLtCreate");
    return created;
  }();
  return handle;
}

template <class T>
constexpr lt::Type kTypeOf = std::is_same_v<T, float> ? lt::kFloat32 : lt::kBFloat16;

// One factor of a product. cuBLASLt sees columns where the tensor has rows: (outer, inner) is a matrix of `inner` rows.
struct Factor {
  int64_t outer, inner;
  bool transposed;
};

// result = a b, or result = c + a b, and with a bias for each of the result's rows as cuBLASLt sees them
struct Product {
  Factor a, b;
  lt::Type type, result_type;
  bool adds, has_bias;

  int64_t rows() const { return a.transposed ? a.outer : a.inner; }
  int64_t columns() const { return b.transposed ? b.inner : b.outer; }

  auto key() const {
    return std::tuple(a.outer, a.inner, a.transposed, b.outer, b.inner, b.transposed, type, result_type, adds,
                      has_bias);
  }
};

// At most 16, the widest that an instruction loads: so the choice of an algorithm, and with it the order of its sums,
// does not depend on where exactly a tensor lies.
uint32_t alignment(const void* p) {
  const auto address = reinterpret_cast<uintptr_t>(p) | 16;
  return static_cast<uint32_t>(address & -address);
}

// How a product is made: its description, and the algorithm that cuBLASLt thinks is the fastest; or that it has none.
class Plan {
 public:
  Plan(const Product& p, const uint32_t (&alignments)[4]) : library_(lt::Library::get()) {
    lt::check(library_.operation_create(&operation_, lt::kCompute, lt::kFloat32), "cublasLtMatmulDescCreate");
    set(lt::kTransposeA, p.a.transposed ? lt::kTransposed : lt::kAsItIs);
    set(lt::kTransposeB, p.b.transposed ? lt::kTransposed : lt::kAsItIs);
    set(lt::kEpilogue, p.has_bias ? lt::kBias : lt::kNoEpilogue);
    layout(&a_, p.type, p.a.inner, p.a.outer);
    layout(&b_, p.type, p.b.inner, p.b.outer);
    layout(&result_, p.result_type, p.rows(), p.columns());
    choose(alignments);
  }
  ~Plan() {
    library_.layout_destroy(a_);
    library_.layout_destroy(b_);
    library_.layout_destroy(result_);
    library_.operation_destroy(operation_);
  }
  Plan(const Plan&) = delete;
  Plan& operator=(const Plan&) = delete;

  bool found() const { return found_; }

  void run(cudaStream_t stream, void* workspace, const void* a, const void* b, const void* bias, const void* c,
           void* result) {
    if (bias != nullptr) set(lt::kBiasAddress, bias);
    const float one = 1.0f, beta = c == nullptr ? 0.0f : 1.0f;
    lt::check(library_.multiply(handle(), operation_, &one, a, a_, b, b_, &beta, c == nullptr ? result : c, result_,
                                result, result_, &algorithm_, workspace, kWorkspaceBytes, stream),
              "cublasLtMatmul");
  }

 private:
  template <class T>
  void set(lt::OperationAttribute attribute, T value) {
    lt::check(library_.operation_set(operation_, attribute, &value, sizeof value), "cublasLtMatmulDescSetAttribute");
  }
  void layout(lt::Layout* made, lt::Type type, int64_t rows, int64_t columns) {
    lt::check(library_.layout_create(made, type, static_cast<uint64_t>(rows), static_cast<uint64_t>(columns), rows),
              "cublasLtMatrixLayoutCreate");
  }

  void choose(const uint32_t (&alignments)[4]) {
    lt::Preference created = nullptr;
    lt::check(library_.preference_create(&created), "cublasLtMatmulPreferenceCreate");
    const std::unique_ptr<std::remove_pointer_t<lt::Preference>, lt::Status (*)(lt::Preference)> preference(
        created, library_.preference_destroy);
    const auto prefer = [&](lt::PreferenceAttribute attribute, auto value) {
      lt::check(library_.preference_set(created, attribute, &value, sizeof value),
                "cublasLtMatmulPreferenceSetAttribute");
    };
    prefer(lt::kMostWorkspace, uint64_t{kWorkspaceBytes});
    prefer(lt::kReductions, lt::kReduceInFloat32);
    prefer(lt::kAlignmentA, alignments[0]);
    prefer(lt::kAlignmentB, alignments[1]);
    prefer(lt::kAlignmentC, alignments[2]);
    prefer(lt::kAlignmentD, alignments[3]);
    constexpr int kWanted = 4;
    lt::Heuristic candidates[kWanted] = {};
    int count = 0;
    const lt::Status status =
        library_.heuristic(handle(), operation_, a_, b_, result_, result_, created, kWanted, candidates, &count);
    for (int i = 0; status == lt::kSuccess && i < count && !found_; i++) {
      found_ = candidates[i].state == lt::kSuccess && candidates[i].workspace <= kWorkspaceBytes;
      algorithm_ = candidates[i].algorithm;
    }
  }

  const lt::Library& library_;
  lt::Operation operation_ = nullptr;
  lt::Layout a_ = nullptr, b_ = nullptr, result_ = nullptr;
  lt::Algorithm algorithm_{};
  bool found_ = false;
};

// What a context keeps for its products.
struct Products {
  using Alignments = std::tuple<uint32_t, uint32_t, uint32_t, uint32_t>;
  using Key = decltype(std::tuple_cat(std::declval<Product>().key(), Alignments()));

  std::map<Key, Plan> plans;
  Scratch workspace;
  Scratch sums;  // in float32, on their way to the result
  Scratch bias;  // in the type, or at the address, that cuBLASLt takes it
};

Products& products_of(ap_context* context) {
  if (context->products == nullptr) {
    handle();  // before anything else: says so if there is no cuBLASLt
    context->products = std::make_shared<Products>();
  }
  return *static_cast<Products*>(context->products.get());
}

// Makes the product, if cuBLASLt has an algorithm for it; c is null where nothing is added. The result may be c.
bool multiplied(ap_context* context, const Product& p, const void* a, const void* b, const void* bias, const void* c,
                void* result) {
  Products& products = products_of(context);
  const uint32_t alignments[4] = {alignment(a), alignment(b), alignment(c == nullptr ? result : c), alignment(result)};
  const auto key = std::tuple_cat(p.key(), std::tuple(alignments[0], alignments[1], alignments[2], alignments[3]));
  auto found = products.plans.find(key);
  if (found == products.plans.end()) {
    found = products.plans.emplace(std::piecewise_construct, std::tuple(key), std::tie(p, alignments)).first;
  }
  Plan& plan = found->second;
  if (!plan.found()) return false;
  plan.run(context->stream, products.workspace.take<char>(kWorkspaceBytes), a, b, bias, c, result);
  return true;
}

// The same for any matrices: where cuBLASLt has no algorithm, as it may be for addresses that are hardly aligned, by a
// kernel that is slow.
template <class T, class Y>
void multiply(ap_context* context, const Factor& a_shape, const Factor& b_shape, const T* a, const T* b, const Y* c,
              Y* result) {
  const Product p{a_shape, b_shape, kTypeOf<T>, kTypeOf<Y>, c != nullptr, false};
  if (multiplied(context, p, a, b, nullptr, c, result)) return;
  const auto matrix = [](const Factor& shape, const T* at) {
    return shape.transposed ? Matrix<const T>{at, shape.inner, 1} : Matrix<const T>{at, 1, shape.inner};
  };
  const int64_t depth = p.a.transposed ? p.a.inner : p.a.outer;
  launch(multiply_simply<T, Y>, flat_blocks<1>(p.rows() * p.columns()), kFlatThreads, 0, context->stream, p.rows(),
         p.columns(), depth, matrix(p.a, a), matrix(p.b, b), Matrix<const Y>{c, 1, p.rows()},
         Matrix<Y>{result, 1, p.rows()});
}

// The bias as cuBLASLt takes it: in the result's type, at an address that is a multiple of 16.
template <class Y>
const void* bias_for(ap_context* context, int64_t n, const float* bias) {
  if (std::is_same_v<Y, float> && alignment(bias) == 16) return bias;
  Y* copy = products_of(context).bias.take<Y>(n);
  launch(convert<float, Y, 1>, flat_blocks<1>(n), kFlatThreads, 0, context->stream, n, bias, copy);
  return copy;
}

// In one product: base, where it has the result's type, is added by cuBLASLt, and so is the bias.
template <class T, class Y>
bool forward_in_one(ap_context* context, int64_t rows, int64_t in, int64_t out, const T* x, const T* weight,
                    const float* bias, const T* base, Y* y) {
  if (!std::is_same_v<T, Y> && base != nullptr) return false;
  const Product product{{out, in, true}, {rows, in, false}, kTypeOf<T>, kTypeOf<Y>, base != nullptr, bias != nullptr};
  const void* added = bias == nullptr ? nullptr : bias_for<Y>(context, out, bias);
  return multiplied(context, product, weight, x, added, base, y);
}

// y = base + x weight^T + bias
template <class T, class Y>
void forward(ap_context* context, int64_t rows, int64_t in, int64_t out, const T* x, const T* weight, const float* bias,
             const T* base, Y* y) {
  if (forward_in_one(context, rows, in, out, x, weight, bias, base, y)) return;
  // else the product is added to base + bias in float32, so that the sum is rounded once
  const int64_t n = rows * out;
  float* sum = nullptr;
  if constexpr (std::is_same_v<Y, float>) {
    sum = y;
  } else {
    sum = products_of(context).sums.take<float>(n);
  }
  constexpr int kWidth = kVector<T>;
  with_width<kWidth>(out % kWidth == 0 && loadable<kWidth>(base, bias, sum), [&](auto wide) {
    launch(add_bias<T, wide()>, flat_blocks<wide()>(n), kFlatThreads, 0, context->stream, n, out, base, bias, sum);
  });
  multiply<T, float>(context, {out, in, true}, {rows, in, false}, weight, x, sum, sum);
  if constexpr (!std::is_same_v<Y, float>) {
    launch(convert<float, Y, 1>, flat_blocks<1>(n), kFlatThreads, 0, context->stream, n, sum, y);
  }
}

}  // namespace

int ap_linear_forward(ap_context* context, int32_t type, int64_t rows, int64_t in, int64_t out, const void* x,
                      const void* weight, const float* bias, const void* base, int32_t y_type, void* y) {
  return guarded(context, type, [&](auto as) {
    using T = typename decltype(as)::Type;
    if (y_type == AP_FLOAT32) {
      forward(context, rows, in, out, as(x), as(weight), bias, as(base), static_cast<float*>(y));
    } else {
      forward(context, rows, in, out, as(x), as(weight), bias, as(base), static_cast<T*>(y));
    }
  });
}

int ap_linear_gelu_forward(ap_context* context, int32_t type, int32_t gelu, int64_t rows, int64_t in, int64_t out,
                           const void* x, const void* weight, const float* bias, void* y, void* slope) {
  return guarded(context, type, [&](auto as) {
    using T = typename decltype(as)::Type;
    forward<T, T>(context, rows, in, out, as(x), as(weight), bias, nullptr, as(y));
    with_gelu(gelu, [&](auto activation) { activate(context, activation, rows * out, as(y), as(y), as(slope)); });
  });
}

int ap_linear_backward_input(ap_context* context, int32_t type, int64_t rows, int64_t in, int64_t out, const void* dy,
                             const void* weight, const void* scale, void* dx) {
  return guarded(context, type, [&](auto as) {
    using T = typename decltype(as)::Type;
    multiply<T, T>(context, {out, in, false}, {rows, out, false}, as(weight), as(dy), nullptr, as(dx));
    if (scale != nullptr) multiply_by_slope<T>(context, rows * in, as(scale), as(dx), as(dx));
  });
}

int ap_linear_backward_weight(ap_context* context, int32_t type, int64_t rows, int64_t in, int64_t out, const void* x,
                              const void* dy, float* dweight, float* dbias) {
  return guarded(context, type, [&](auto as) {
    using T = typename decltype(as)::Type;
    multiply<T, float>(context, {rows, in, false}, {rows, out, true}, as(x), as(dy), dweight, dweight);
    if (dbias == nullptr) return;
    constexpr int kWidth = kVector<T>;
    with_width<kWidth>(out % kWidth == 0 && loadable<kWidth>(as(dy)), [&](auto wide) {
      sum_over_rows<1, wide()>(context, rows, out, Added<1>{{dbias}}, StridedRows<T, wide()>{out, as(dy)});
    });
  });
}
