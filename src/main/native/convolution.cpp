#include <array>
#include <unordered_map>
#include <vector>

#include "matmul.hpp"
#include "operands.hpp"

using namespace autoprog;
using dnnl::memory;

namespace {

enum Pass { kForwardPass, kInputPass, kWeightPass };

struct Shape {
  int64_t B, H, W, in, out, k, stride, padding;

  int64_t out_height() const { return (H + 2 * padding - k) / stride + 1; }
  int64_t out_width() const { return (W + 2 * padding - k) / stride + 1; }
  int64_t window() const { return k * k; }
  int64_t weights() const { return out * in * window(); }
  int64_t row() const { return W * in; }
  int64_t out_row() const { return out_width() * out; }
  int64_t x_elements() const { return B * H * row(); }
  int64_t y_elements() const { return B * out_height() * out_row(); }
  int64_t multiplications() const { return B * out_height() * out_width() * weights(); }
};

// Rows of x and of y that belong together, and how many rows of zeros the windows see above and below those of x.
struct Band {
  int64_t first, rows, first_out, rows_out, top, bottom;
};

Band whole(const Shape& s) {
  return {0, s.H, 0, s.out_height(), s.padding, s.padding};
}

// The rows first ... last - 1 of y, and what they see of x.
Band seen_by(const Shape& s, int64_t first, int64_t last) {
  const int64_t begin = first * s.stride - s.padding, end = (last - 1) * s.stride - s.padding + s.k;
  const int64_t from = std::max<int64_t>(0, begin), to = std::min(s.H, end);
  return {from, to - from, first, last - first, from - begin, end - to};
}

// The rows first ... last - 1 of x, at least `stride` of them, and what of y sees them. Windows leave no gaps: stride
// <= k.
Band that_see(const Shape& s, int64_t first, int64_t last) {
  const int64_t from = (std::max<int64_t>(0, first + s.padding - s.k + 1) + s.stride - 1) / s.stride;
  const int64_t to = std::min(s.out_height(), (last - 1 + s.padding) / s.stride + 1);
  const int64_t top = first + s.padding - from * s.stride;
  const int64_t bottom = (to - from - 1) * s.stride + s.k - top - (last - first);
  return {first, last - first, from, to - from, top, std::max<int64_t>(0, bottom)};
}

// Whole samples, or a band of one, that a thread works on: code is compiled for each kind.
struct Piece {
  Pass pass;
  int32_t type;
  bool bias;
  int64_t first_sample, samples;
  Shape shape;
  Band band;

  int64_t x_at() const { return (first_sample * shape.H + band.first) * shape.row(); }
  int64_t y_at() const { return (first_sample * shape.out_height() + band.first_out) * shape.out_row(); }
  int64_t x_elements() const { return samples * band.rows * shape.row(); }
  int64_t y_elements() const { return samples * band.rows_out * shape.out_row(); }

  // All but where it lies.
  std::array<int64_t, 14> kind() const {
    return {pass,    type,         bias,          samples,   shape.W,       shape.in, shape.out,
            shape.k, shape.stride, shape.padding, band.rows, band.rows_out, band.top, band.bottom};
  }
};

// A convolution in about so many pieces.
std::vector<Piece> cut(const Shape& s, Pass pass, int32_t type, bool bias, int64_t parts) {
  std::vector<Piece> pieces;
  if (parts <= s.B) {
    for (int64_t i = 0; i < parts; i++) {
      const int64_t first = s.B * i / parts, last = s.B * (i + 1) / parts;
      pieces.push_back({pass, type, bias, first, last - first, s, whole(s)});
    }
    return pieces;
  }
  const bool of_input = pass == kInputPass;
  const int64_t rows = of_input ? s.H : s.out_height();
  const int64_t most = !of_input ? rows : s.stride <= s.k ? rows / s.stride : 1;
  const int64_t bands = std::clamp<int64_t>((parts + s.B - 1) / s.B, 1, std::max<int64_t>(1, most));
  for (int64_t i = 0; i < s.B * bands; i++) {
    const int64_t first = rows * (i % bands) / bands, last = rows * (i % bands + 1) / bands;
    const Band band = bands == 1 ? whole(s) : of_input ? that_see(s, first, last) : seen_by(s, first, last);
    pieces.push_back({pass, type, bias, i / bands, 1, s, band});
  }
  return pieces;
}

// In how many pieces it is worth cutting: so many for each thread at most.
int64_t parts_worth(const ap_context* context, const Shape& s, int64_t each) {
  return std::min<int64_t>(parts_for(context, s.multiplications() / 16), each * context->threads);
}

memory::desc plain_weight(const Shape& s, memory::data_type type) {
  return memory::desc({s.out, s.in, s.k, s.k}, type, memory::format_tag::oihw);
}

int64_t floats(const memory::desc& d) {
  return round_up(static_cast<int64_t>(d.get_size()), 64) / static_cast<int64_t>(sizeof(float));
}

// Where the arrays of a piece lie.
struct Arrays {
  const void *x, *weight, *bias, *y;
};

// oneDNN's code for a kind of piece; it runs on several threads at once.
class Convolution {
 public:
  explicit Convolution(const Piece& p) {
    const Shape& s = p.shape;
    const auto type = data_type(p.type), any = memory::data_type::f32;
    const auto tag = memory::format_tag::nhwc;
    const memory::desc x({p.samples, s.in, p.band.rows, s.W}, type, tag);
    const memory::desc y({p.samples, s.out, p.band.rows_out, s.out_width()}, type, tag);
    const memory::desc weight({s.out, s.in, s.k, s.k}, type, memory::format_tag::any);
    const memory::desc bias = p.bias ? memory::desc({s.out}, any, memory::format_tag::x) : memory::desc();
    const memory::dims strides{s.stride, s.stride}, before{p.band.top, s.padding}, behind{p.band.bottom, s.padding};
    dnnl::primitive_attr attributes;
    attributes.set_fpmath_mode(dnnl::fpmath_mode::strict);
    attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
    const auto direct = dnnl::algorithm::convolution_direct;
    const auto forward = [&](const memory::desc& b) {
      return dnnl::convolution_forward::primitive_desc(engine(), dnnl::prop_kind::forward_training, direct, x, weight,
                                                       b, y, strides, before, behind, attributes);
    };
    switch (p.pass) {
      case kForwardPass: {
        const auto d = forward(bias);
        keep(dnnl::convolution_forward(d), {DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_BIAS, DNNL_ARG_DST},
             {d.src_desc(), d.weights_desc(), d.bias_desc(), d.dst_desc()}, d.scratchpad_desc());
        break;
      }
      case kInputPass: {
        const dnnl::convolution_backward_data::primitive_desc d(engine(), direct, x, weight, y, strides, before, behind,
                                                                forward({}), attributes);
        keep(dnnl::convolution_backward_data(d), {DNNL_ARG_DIFF_SRC, DNNL_ARG_WEIGHTS, 0, DNNL_ARG_DIFF_DST},
             {d.diff_src_desc(), d.weights_desc(), {}, d.diff_dst_desc()}, d.scratchpad_desc());
        break;
      }
      case kWeightPass: {
        const memory::desc sums({s.out, s.in, s.k, s.k}, any, memory::format_tag::any);
        const dnnl::convolution_backward_weights::primitive_desc d(engine(), direct, x, sums, bias, y, strides, before,
                                                                   behind, forward(bias), attributes);
        keep(dnnl::convolution_backward_weights(d),
             {DNNL_ARG_SRC, DNNL_ARG_DIFF_WEIGHTS, DNNL_ARG_DIFF_BIAS, DNNL_ARG_DIFF_DST},
             {d.src_desc(), d.diff_weights_desc(), d.diff_bias_desc(), d.diff_dst_desc()}, d.scratchpad_desc());
        break;
      }
    }
  }

  // How its weight, or the gradient by it, lies.
  const memory::desc& layout() const { return descriptions_[1]; }

  void run(dnnl::stream& stream, Scratch& scratch, const Arrays& a) const {
    const std::array<const void*, 4> data{a.x, a.weight, a.bias, a.y};
    std::unordered_map<int, memory> arguments;
    for (size_t i = 0; i < data.size(); i++) {
      if (descriptions_[i].is_zero()) continue;
      arguments.emplace(names_[i], memory(descriptions_[i], engine(), const_cast<void*>(data[i])));
    }
    arguments.emplace(DNNL_ARG_SCRATCHPAD, memory(scratch_, engine(), scratch.floats(floats(scratch_))));
    primitive_.execute(stream, arguments);
  }

 private:
  void keep(dnnl::primitive primitive, std::array<int, 4> names, std::array<memory::desc, 4> descriptions,
            memory::desc scratch) {
    primitive_ = std::move(primitive);
    names_ = names;
    descriptions_ = std::move(descriptions);
    scratch_ = std::move(scratch);
  }

  dnnl::primitive primitive_;
  std::array<int, 4> names_{};
  std::array<memory::desc, 4> descriptions_;
  memory::desc scratch_;
};

// What a context keeps for its convolutions.
struct Convolutions {
  struct Member {
    dnnl::stream stream{engine()};
    Scratch scratch, product;
  };
  // A weight in one of the layouts that the pieces of a call want.
  struct Packed {
    memory::desc layout;
    Scratch weight;
  };

  explicit Convolutions(int members) : members(static_cast<size_t>(members)) {}

  static Convolutions& of(ap_context* context) {
    if (context->convolutions == nullptr) context->convolutions = std::make_shared<Convolutions>(context->threads);
    return *static_cast<Convolutions*>(context->convolutions.get());
  }

  // Compiled for one thread, whichever runs it: else it would cut its sums by the processors that OpenMP knows of.
  std::shared_ptr<const Convolution> code(const Piece& p) {
    const OnThisThread alone;
    return compiled.get(p.kind(), [&] { return std::make_shared<const Convolution>(p); });
  }

  std::vector<Member> members;
  Kept<std::array<int64_t, 14>, std::shared_ptr<const Convolution>> compiled;
  std::vector<Packed> packed;
  Scratch sums, windows;
};

void reorder(dnnl::stream& stream, const memory::desc& from, const void* at, const memory::desc& to, void* target) {
  memory source(from, engine(), const_cast<void*>(at)), result(to, engine(), target);
  dnnl::reorder(source, result).execute(stream, source, result);
}

// For each piece, its code, and the weight as that wants it: packed once for all that want the same.
class Prepared {
 public:
  Prepared(Convolutions& convolutions, const std::vector<Piece>& pieces, const void* weight) {
    const OnThisThread alone;  // packs
    std::vector<Convolutions::Packed>& packed = convolutions.packed;
    size_t used = 0;
    for (const Piece& p : pieces) {
      codes_.push_back(convolutions.code(p));
      const memory::desc& layout = codes_.back()->layout();
      size_t i = 0;
      while (i < used && packed[i].layout != layout) i++;
      if (i == used) {
        if (used == packed.size()) packed.emplace_back();
        packed[i].layout = layout;
        reorder(convolutions.members[0].stream, plain_weight(p.shape, layout.get_data_type()), weight, layout,
                packed[i].weight.floats(floats(layout)));
        used++;
      }
      weights_.push_back(i);
    }
    for (size_t& i : weights_) at_.push_back(packed[i].weight.floats(0));
  }

  const Convolution& code(int piece) const { return *codes_[static_cast<size_t>(piece)]; }
  const void* weight(int piece) const { return at_[static_cast<size_t>(piece)]; }

 private:
  std::vector<std::shared_ptr<const Convolution>> codes_;
  std::vector<size_t> weights_;
  std::vector<const void*> at_;
};

// result = the convolution of `given` with the weight, or what that hands back: x to y, or dy to dx.
void convolve(ap_context* context, const Shape& s, Pass pass, int32_t type, const OperandPair& f, const float* bias,
              void* result) {
  constexpr int64_t kPartsPerThread = 2;
  Convolutions& convolutions = Convolutions::of(context);
  const std::vector<Piece> pieces = cut(s, pass, f.type, bias != nullptr, parts_worth(context, s, kPartsPerThread));
  const Prepared prepared(convolutions, pieces, f.right);
  context->team.run(static_cast<int>(pieces.size()), [&](int i, int member) {
    const OnThisThread alone;
    Convolutions::Member& m = convolutions.members[static_cast<size_t>(member)];
    const Piece& p = pieces[static_cast<size_t>(i)];
    const bool forward = pass == kForwardPass;
    const int64_t from = forward ? p.x_at() : p.y_at(), to = forward ? p.y_at() : p.x_at();
    const int64_t n = forward ? p.y_elements() : p.x_elements();
    const void* given = at(f.left, f.type, from);
    void* product = f.type == type ? at(result, type, to) : m.product.floats(n);
    prepared.code(i).run(m.stream, m.scratch,
                         {forward ? given : product, prepared.weight(i), bias, forward ? product : given});
    if (f.type != type) convert(f.type, product, type, at(result, type, to), 0, n);
  });
}

// The window of one output, from the pixel (top, left) on, in the order of the weight: a channel's pixels together.
template <class T>
void unfold_window(const Shape& s, int64_t top, int64_t left, const T* x, const T* zeros, const T** taps, T* to) {
  for (int64_t t = 0; t < s.window(); t++) {
    const int64_t row = top + t / s.k, column = left + t % s.k;
    const bool inside = row >= 0 && row < s.H && column >= 0 && column < s.W;
    taps[t] = inside ? x + (row * s.W + column) * s.in : zeros;
  }
  for (int64_t c = 0; c < s.in; c++) {
    for (int64_t t = 0; t < s.window(); t++) *to++ = taps[t][c];
  }
}

// Where a row of y has one pixel, oneDNN 3.11's convolutions of bfloat16 are wrong: y where a window is as wide as x,
// and a weight's gradient at places that see padding alone. There the windows are laid out, and multiplied.
bool multiplies_windows(const Shape& s, int32_t type) {
  return type == AP_BFLOAT16 && s.k > 1 && s.out_width() == 1;
}

// multiply(rows, windows), which returns a code, of all windows of x.
template <class Multiply>
int with_windows(ap_context* context, const Shape& s, int32_t type, const void* x, Multiply multiply) {
  const int64_t rows = s.B * s.out_height(), patch = s.in * s.window();
  void* windows = nullptr;
  int code = guarded(context, [&] { windows = Convolutions::of(context).windows.floats((rows * patch + 1) / 2); });
  if (code == 0) {
    code = ap_unfold(context, type, s.B, s.H, s.W, s.in, s.out, s.k, s.stride, s.padding, x, windows);
  }
  return code == 0 ? multiply(rows, windows) : code;
}

}  // namespace

int ap_convolution_forward(ap_context* context, int32_t type, int64_t B, int64_t H, int64_t W, int64_t in, int64_t out,
                           int64_t k, int64_t stride, int64_t padding, const void* x, const void* weight,
                           const float* bias, void* y) {
  const Shape s{B, H, W, in, out, k, stride, padding};
  if (multiplies_windows(s, type)) {
    return with_windows(context, s, type, x, [&](int64_t rows, const void* windows) {
      return ap_linear_forward(context, type, rows, in * s.window(), out, windows, weight, bias, nullptr, type, y);
    });
  }
  return guarded(context, [&] {
    const OperandPair f(context, type, {x, s.x_elements()}, {weight, s.weights()});
    convolve(context, s, kForwardPass, type, f, bias, y);
  });
}

int ap_convolution_backward_input(ap_context* context, int32_t type, int64_t B, int64_t H, int64_t W, int64_t in,
                                  int64_t out, int64_t k, int64_t stride, int64_t padding, const void* dy,
                                  const void* weight, void* dx) {
  return guarded(context, [&] {
    const Shape s{B, H, W, in, out, k, stride, padding};
    const OperandPair f(context, type, {dy, s.y_elements()}, {weight, s.weights()});
    convolve(context, s, kInputPass, type, f, nullptr, dx);
  });
}

int ap_convolution_backward_weight(ap_context* context, int32_t type, int64_t B, int64_t H, int64_t W, int64_t in,
                                   int64_t out, int64_t k, int64_t stride, int64_t padding, const void* x,
                                   const void* dy, float* dweight, float* dbias) {
  const Shape s{B, H, W, in, out, k, stride, padding};
  if (multiplies_windows(s, type)) {
    return with_windows(context, s, type, x, [&](int64_t rows, const void* windows) {
      return ap_linear_backward_weight(context, type, rows, in * s.window(), out, windows, dy, dweight, dbias);
    });
  }
  return guarded(context, [&] {
    constexpr int64_t kMostSums = int64_t{64} << 20;  // floats
    const OperandPair f(context, type, {x, s.x_elements()}, {dy, s.y_elements()});
    Convolutions& convolutions = Convolutions::of(context);
    const int64_t biases = dbias == nullptr ? 0 : out;
    const int64_t part_size = round_up(s.weights() + biases, 16);
    const int64_t parts = std::min(parts_worth(context, s, 1), std::max<int64_t>(1, kMostSums / part_size));
    const std::vector<Piece> pieces = cut(s, kWeightPass, f.type, dbias != nullptr, parts);
    std::vector<std::shared_ptr<const Convolution>> codes;
    for (const Piece& p : pieces) codes.push_back(convolutions.code(p));
    const auto count = static_cast<int>(pieces.size());
    float* sums = convolutions.sums.floats(count * part_size);
    context->team.run(count, [&](int i, int member) {
      const OnThisThread alone;
      Convolutions::Member& m = convolutions.members[static_cast<size_t>(member)];
      const Piece& p = pieces[static_cast<size_t>(i)];
      const Convolution& code = *codes[static_cast<size_t>(i)];
      float* mine = sums + i * part_size;
      float* packed = m.product.floats(floats(code.layout()));
      code.run(m.stream, m.scratch,
               {at(f.left, f.type, p.x_at()), packed, mine + s.weights(), at(f.right, f.type, p.y_at())});
      reorder(m.stream, code.layout(), packed, plain_weight(s, memory::data_type::f32), mine);
    });
    const auto add = [&](int64_t begin, int64_t end, const float* from, float* to) {
      each_vector(begin, end, [&](int64_t i, auto lanes) {
        Vec sum = lanes.load(from + i);
        for (int part = 1; part < count; part++) sum += lanes.load(from + part * part_size + i);
        lanes.store(to + i, lanes.load(to + i) + sum);
      });
    };
    parallel(context, parts_for(context, count * s.weights()), s.weights(), kLanes,
             [&](int64_t, int64_t begin, int64_t end) { add(begin, end, sums, dweight); });
    add(0, biases, sums + s.weights(), dbias);
  });
}

int ap_unfold(ap_context* context, int32_t type, int64_t B, int64_t H, int64_t W, int64_t in, int64_t out, int64_t k,
              int64_t stride, int64_t padding, const void* x, void* patches) {
  return guarded(context, type, [&](auto as) {
    using T = std::remove_pointer_t<decltype(as(patches))>;
    const Shape s{B, H, W, in, out, k, stride, padding};
    const int64_t width = s.out_width(), pixels = s.out_height() * width, patch = in * s.window();
    const std::vector<T> zeros(static_cast<size_t>(in), T{});
    parallel(context, parts_for(context, B * pixels * patch), B * pixels, 1, [&](int64_t, int64_t begin, int64_t end) {
      std::vector<const T*> taps(static_cast<size_t>(s.window()));
      for (int64_t i = begin; i < end; i++) {
        const int64_t pixel = i % pixels;
        unfold_window(s, pixel / width * stride - padding, pixel % width * stride - padding,
                      as(x) + i / pixels * H * s.row(), zeros.data(), taps.data(), as(patches) + i * patch);
      }
    });
  });
}
