#include "activation.hpp"
#include "matmul.hpp"
#include "operands.hpp"
#include "reduce.hpp"

using namespace autoprog;

namespace {

// In how many parts to cut a product: two per thread, since smaller ones run slower, and whole vectors of what is cut.
int parts_for_product(const ap_context* context, const Task& t, int64_t length) {
  constexpr int64_t kPartsPerThread = 2;
  const int64_t worth = parts_for(context, t.rows * t.in * t.out / 16);
  return static_cast<int>(std::clamp<int64_t>(length / 16, 1, std::min(worth, kPartsPerThread * context->threads)));
}

// y = x * weight ..., or dx = dy * weight: cut in parts of rows, and these in pieces of at most so many. A piece's
// product goes to its place in o.product; or, where that is null, to a place of the thread's own. before(first, n, to)
// is called in front of it and after(first, n, to) behind it: its elements first ... first + n - 1 are at `to`, in a
// cache if there are few.
template <class Before, class After>
void multiply_rows(ap_context* context, Task task, Operands o, int64_t most_rows, Before before, After after) {
  Matmuls& matmuls = Matmuls::of(context);
  const bool forward = task.product == kForward;
  const int64_t left = forward ? task.in : task.out, product = forward ? task.out : task.in;
  if (task.rows >= kRowsWorthPacking) {
    task.packed_rows = task.rows;
    o.right = matmuls.packed(task, o.right);
  }
  parallel_by_member(context, parts_for_product(context, task, task.rows), task.rows, 16,
                     [&](int, int member, int64_t first, int64_t last) {
                       for (int64_t begin = first; begin < last; begin += most_rows) {
                         Task piece = task;
                         piece.rows = std::min(most_rows, last - begin);
                         const int64_t at_product = begin * product, n = piece.rows * product;
                         void* to = o.product == nullptr ? matmuls.piece(member).floats(n)
                                                         : at(o.product, task.y_type, at_product);
                         before(at_product, n, to);
                         matmuls.run(member, piece, {at(o.left, task.type, begin * left), o.right, o.bias, to});
                         after(at_product, n, to);
                       }
                     });
}

constexpr auto kNothing = [](int64_t, int64_t, void*) {};

// dy's columns begin ... end, summed over the rows first ... last, are added to sums.
template <class T>
void add_columns(const T* dy, int64_t out, int64_t first, int64_t last, int64_t begin, int64_t end, float* sums) {
  add_rows<1>(first, last, end - begin, sums, [&](int64_t row, int64_t column, auto lanes) {
    return std::array<Vec, 1>{lanes.load(dy + row * out + begin + column)};
  });
}

// What becomes of a weight's gradient: dweight += dy^T * x, and dbias += the sum of dy's rows if it is there.
struct Gradients {
  int32_t dy_type;
  const void* dy;  // as it was given
  float *dweight, *dbias;

  void add_bias(const Task& t, int64_t first, int64_t last, int64_t begin, int64_t end, float* sums) const {
    with_elements(dy_type, [&](auto as) { add_columns(as(dy), t.out, first, last, begin, end, sums); });
  }
};

// Cut in rows: each part has sums of its own, and these are added in order. A thread then reads what it wrote itself,
// and nothing twice.
void multiply_by_rows(ap_context* context, int parts, const Task& task, const OperandPair& f, const Gradients& g) {
  Matmuls& matmuls = Matmuls::of(context);
  const int64_t weights = task.in * task.out, biases = g.dbias == nullptr ? 0 : task.out;
  const int64_t stride = round_up(weights + biases, 16);
  float* sums = matmuls.sums.floats(parts * stride);
  parallel_by_member(context, parts, task.rows, 16, [&](int part, int member, int64_t begin, int64_t end) {
    float* mine = sums + part * stride;
    Task piece = task;
    piece.rows = end - begin;
    piece.adds = false;
    matmuls.run(member, piece,
                {at(f.left, task.type, begin * task.out), at(f.right, task.type, begin * task.in), nullptr, mine});
    std::fill_n(mine + weights, biases, 0.0f);
    if (biases > 0) g.add_bias(task, begin, end, 0, task.out, mine + weights);
  });
  const auto add = [&](int64_t begin, int64_t end, const float* from, float* to) {
    each_vector(begin, end, [&](int64_t i, auto lanes) {
      Vec sum = lanes.load(from + i);
      for (int part = 1; part < parts; part++) sum += lanes.load(from + part * stride + i);
      lanes.store(to + i, lanes.load(to + i) + sum);
    });
  };
  parallel(context, parts_for(context, parts * weights), weights, kLanes,
           [&](int64_t part, int64_t begin, int64_t end) {
             add(begin, end, sums, g.dweight);
             if (part == 0) add(0, biases, sums + weights, g.dbias);
           });
}

// Cut in outputs, or where these are few, in inputs.
void multiply_by_columns(ap_context* context, const Task& task, const OperandPair& f, const Gradients& g) {
  Matmuls& matmuls = Matmuls::of(context);
  const bool by_out = task.out >= task.in || task.out >= 32 * context->threads;
  const int64_t length = by_out ? task.out : task.in;
  const int parts = std::min(context->threads, parts_for_product(context, task, length));
  parallel_by_member(context, parts, length, 16, [&](int part, int member, int64_t begin, int64_t end) {
    Task piece = task;
    if (by_out) {
      piece.out = end - begin;
      matmuls.run(member, piece, {at(f.left, task.type, begin), f.right, nullptr, g.dweight + begin * task.in});
    } else {
      piece.in = end - begin;
      matmuls.run(member, piece, {f.left, at(f.right, task.type, begin), nullptr, g.dweight + begin});
    }
    if (g.dbias == nullptr) return;
    if (by_out) {
      g.add_bias(task, 0, task.rows, begin, end, g.dbias + begin);
    } else if (part == 0) {
      g.add_bias(task, 0, task.rows, 0, task.out, g.dbias);
    }
  });
}

// Rows of a piece whose results, so many float32 a row, are read again while a cache holds them.
int64_t rows_in_cache(int64_t elements) {
  constexpr int64_t kElements =
      512 * 1024;  // best of 128 Ki to 1 Mi on 1 MiB of second-level and 32 of third-level cache
  return std::max<int64_t>(64, kElements / elements / 16 * 16);
}

}  // namespace

int ap_linear_forward(ap_context* context, int32_t type, int64_t rows, int64_t in, int64_t out, const void* x,
                      const void* weight, const float* bias, const void* base, int32_t y_type, void* y) {
  return guarded(context, [&] {
    const OperandPair f(context, type, {x, rows * in}, {weight, out * in});
    const bool direct = f.type == type || y_type == AP_FLOAT32;
    const int32_t sum_type = direct ? y_type : AP_FLOAT32;
    multiply_rows(
        context, {kForward, f.type, sum_type, bias != nullptr, base != nullptr, rows, in, out, in, out, 0},
        {f.left, f.right, bias, direct ? y : nullptr}, direct ? rows : rows_in_cache(out),
        [&](int64_t first, int64_t n, void* to) {
          if (base != nullptr) convert(type, at(base, type, first), sum_type, to, 0, n);
        },
        [&](int64_t first, int64_t n, const void* sum) {
          if (!direct) convert(sum_type, sum, y_type, at(y, y_type, first), 0, n);
        });
  });
}

int ap_linear_gelu_forward(ap_context* context, int32_t type, int32_t gelu, int64_t rows, int64_t in, int64_t out,
                           const void* x, const void* weight, const float* bias, void* y, void* slope) {
  return guarded(context, type, [&](auto as) {
    const OperandPair f(context, type, {x, rows * in}, {weight, out * in});
    multiply_rows(context, {kForward, f.type, AP_FLOAT32, bias != nullptr, false, rows, in, out, in, out, 0},
                  {f.left, f.right, bias, nullptr}, rows_in_cache(out), kNothing,
                  [&](int64_t first, int64_t n, const void* sum) {
                    auto* slopes = slope == nullptr ? nullptr : as(slope) + first;
                    with_gelu(gelu, [&](auto activation) {
                      activate(activation, 0, n, static_cast<const float*>(sum), as(y) + first, slopes);
                    });
                  });
  });
}

int ap_linear_backward_input(ap_context* context, int32_t type, int64_t rows, int64_t in, int64_t out, const void* dy,
                             const void* weight, const void* scale, void* dx) {
  return guarded(context, type, [&](auto as) {
    const OperandPair f(context, type, {dy, rows * out}, {weight, out * in});
    const bool direct = f.type == type && scale == nullptr;
    multiply_rows(
        context, {kBackwardInput, f.type, direct ? type : AP_FLOAT32, false, false, rows, in, out, in, out, 0},
        {f.left, f.right, nullptr, direct ? dx : nullptr}, direct ? rows : rows_in_cache(in), kNothing,
        [&](int64_t first, int64_t n, const void* sum) {
          if (direct) return;
          const float* product = static_cast<const float*>(sum);
          each_vector(0, n, [&](int64_t i, auto lanes) {
            const Vec unscaled = lanes.load(product + i);
            lanes.store(as(dx) + first + i, scale == nullptr ? unscaled : unscaled * lanes.load(as(scale) + first + i));
          });
        });
  });
}

int ap_linear_backward_weight(ap_context* context, int32_t type, int64_t rows, int64_t in, int64_t out, const void* x,
                              const void* dy, float* dweight, float* dbias) {
  return guarded(context, [&] {
    constexpr int64_t kMostSums = 1 << 18;  // floats; with more, the parts' sums would not stay in a second-level cache
    const OperandPair f(context, type, {dy, rows * out}, {x, rows * in});
    const Gradients g{type, dy, dweight, dbias};
    const Task task{kBackwardWeight, f.type, AP_FLOAT32, false, true, rows, in, out, in, out, 0};
    const int parts = std::min(context->threads, parts_for_product(context, task, rows));
    if (parts > 1 && parts * in * out <= kMostSums) {
      multiply_by_rows(context, parts, task, f, g);
    } else {
      multiply_by_columns(context, task, f, g);
    }
  });
}
