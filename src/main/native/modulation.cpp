#include "context.hpp"
#include "layer_norm.hpp"

using namespace autoprog;

namespace {

// Rows whose sum is added to what is there: rows are read one behind the other, a few at once, and rounding errors grow
// with the root of a fourth of their number.
constexpr int64_t kRowsAtOnce = 4;

// Rows that pass through the first caches between two passes over them.
constexpr int64_t kRowsInCache = 64;

// Tokens of B samples, and chunks of C elements that modulate each.
struct Shape {
  int64_t B, N, C, chunks;

  int64_t chunk(int64_t sample, int64_t index) const { return (sample * chunks + index) * C; }
};

// The samples cut into pieces of tokens: one for each sample, or several where samples are few.
struct Pieces {
  int parts;     // in which they are run
  int64_t each;  // of a sample
  int64_t count;

  Pieces(const ap_context* context, const Shape& s)
      : parts(parts_for(context, s.B * s.N * s.C)),
        each(std::clamp<int64_t>((parts + s.B - 1) / s.B, 1, s.N)),
        count(s.B * each) {}
};

// run(part, piece, sample, first row, last row) for every piece.
template <class Run>
void each_piece(ap_context* context, const Pieces& pieces, const Shape& s, Run run) {
  parallel(context, pieces.parts, pieces.count, 1, [&](int64_t part, int64_t begin, int64_t end) {
    for (int64_t piece = begin; piece < end; piece++) {
      const int64_t sample = piece / pieces.each, i = piece % pieces.each;
      run(part, piece, sample, sample * s.N + s.N * i / pieces.each, sample * s.N + s.N * (i + 1) / pieces.each);
    }
  });
}

// run(sample, row) for every row.
template <class Run>
void each_row(ap_context* context, const Shape& s, Run run) {
  each_piece(context, Pieces(context, s), s, [&](int64_t, int64_t, int64_t sample, int64_t first, int64_t last) {
    for (int64_t row = first; row < last; row++) run(sample, row);
  });
}

// Sums over tokens, one of each piece, which are added in order.
template <size_t Sums>
class TokenSums {
 public:
  TokenSums(const Pieces& pieces, const Shape& s, float* memory) : each_(pieces.each), shape_(s), memory_(memory) {}

  static int64_t floats(const Pieces& pieces, const Shape& s) { return pieces.count * stride(s); }

  void clear(int64_t piece) { std::fill_n(of(piece), static_cast<int64_t>(Sums) * shape_.C, 0.0f); }
  template <class Terms>
  void add(int64_t piece, int64_t first, int64_t last, Terms terms) {
    float* sums = of(piece);
    for (int64_t row = first; row < last; row += kRowsAtOnce) {
      const int64_t end = std::min(last, row + kRowsAtOnce);
      each_vector(0, shape_.C, [&](int64_t c, auto lanes) {
        Vec totals[Sums] = {};
        for (int64_t r = row; r < end; r++) {
          const std::array<Vec, Sums> term = terms(r, c, lanes);
          for (size_t s = 0; s < Sums; s++) totals[s] += term[s];
        }
        for (size_t s = 0; s < Sums; s++) {
          float* at = sums + static_cast<int64_t>(s) * shape_.C + c;
          lanes.store(at, lanes.load(at) + totals[s]);
        }
      });
    }
  }
  // The chunk chunks[s] of every sample = its sum s.
  template <class T>
  void write(ap_context* context, std::array<int64_t, Sums> chunks, T* to) {
    const int64_t C = shape_.C;
    parallel(context, parts_for(context, each_ * shape_.B * C), shape_.B, 1, [&](int64_t, int64_t begin, int64_t end) {
      for (int64_t sample = begin; sample < end; sample++) {
        for (size_t s = 0; s < Sums; s++) {
          each_vector(0, C, [&](int64_t c, auto lanes) {
            Vec total{};
            for (int64_t i = 0; i < each_; i++) {
              total += lanes.load(of(sample * each_ + i) + static_cast<int64_t>(s) * C + c);
            }
            lanes.store(to + shape_.chunk(sample, chunks[s]) + c, total);
          });
        }
      }
    });
  }

 private:
  static int64_t stride(const Shape& s) { return round_up(static_cast<int64_t>(Sums) * s.C, 16); }
  float* of(int64_t piece) { return memory_ + piece * stride(shape_); }

  int64_t each_;
  Shape shape_;
  float* memory_;
};

// to (C) = from (C) + more
template <class T>
void widen(const T* from, int64_t C, float more, float* to) {
  each_vector(0, C, [&](int64_t c, auto lanes) { lanes.store(to + c, lanes.load(from + c) + more); });
}

}  // namespace

int ap_modulated_norm_forward(ap_context* context, int32_t type, int64_t B, int64_t N, int64_t C, int64_t chunks,
                              int64_t shift, int64_t scale, float epsilon, const void* x, const void* modulation,
                              void* y, float* mean, float* rstd) {
  return guarded(context, type, [&](auto as) {
    const Shape s{B, N, C, chunks};
    const Pieces pieces(context, s);
    const int64_t width = round_up(C, 16);
    float* scratch = context->scratch.floats(pieces.parts * 2 * width);
    each_piece(context, pieces, s, [&](int64_t part, int64_t, int64_t sample, int64_t first, int64_t last) {
      float *gain = scratch + part * 2 * width, *bias = gain + width;
      widen(as(modulation) + s.chunk(sample, scale), C, 1.0f, gain);
      widen(as(modulation) + s.chunk(sample, shift), C, 0.0f, bias);
      normalise_rows(first, last, C, epsilon, as(x), gain, bias, as(y), mean, rstd);
    });
  });
}

int ap_modulated_norm_backward(ap_context* context, int32_t type, int64_t B, int64_t N, int64_t C, int64_t chunks,
                               int64_t shift, int64_t scale, const void* x, const void* modulation, const float* mean,
                               const float* rstd, const void* dy, const void* base, void* dx, void* dmodulation) {
  return guarded(context, type, [&](auto as) {
    const Shape s{B, N, C, chunks};
    const Pieces pieces(context, s);
    const int64_t width = round_up(C, 16);
    float* scratch = context->scratch.floats(pieces.parts * width + TokenSums<2>::floats(pieces, s));
    TokenSums<2> sums(pieces, s, scratch + pieces.parts * width);
    const auto terms = [&](int64_t row, int64_t column, auto lanes) {
      const Vec gradient = lanes.load(as(dy) + row * C + column);
      const Vec normalised = (lanes.load(as(x) + row * C + column) - mean[row]) * rstd[row];
      return std::array<Vec, 2>{gradient, gradient * normalised};
    };
    each_piece(context, pieces, s, [&](int64_t part, int64_t piece, int64_t sample, int64_t first, int64_t last) {
      float* gain = scratch + part * width;
      widen(as(modulation) + s.chunk(sample, scale), C, 1.0f, gain);
      sums.clear(piece);
      for (int64_t row = first; row < last; row += kRowsInCache) {
        const int64_t end = std::min(last, row + kRowsInCache);
        if (dx != nullptr) normalise_rows_backward(row, end, C, mean, rstd, as(x), gain, as(dy), as(base), as(dx));
        if (dmodulation != nullptr) sums.add(piece, row, end, terms);
      }
    });
    if (dmodulation != nullptr) sums.write(context, {shift, scale}, as(dmodulation));
  });
}

int ap_gate_forward(ap_context* context, int32_t type, int64_t B, int64_t N, int64_t C, int64_t chunks, int64_t gate,
                    const void* x, const void* branch, const void* modulation, void* y) {
  return guarded(context, type, [&](auto as) {
    const Shape s{B, N, C, chunks};
    each_row(context, s, [&](int64_t sample, int64_t row) {
      const auto* factors = as(modulation) + s.chunk(sample, gate);
      each_vector(0, C, [&](int64_t c, auto lanes) {
        const int64_t i = row * C + c;
        lanes.store(as(y) + i, lanes.load(as(x) + i) + lanes.load(factors + c) * lanes.load(as(branch) + i));
      });
    });
  });
}

int ap_gate_backward(ap_context* context, int32_t type, int64_t B, int64_t N, int64_t C, int64_t chunks, int64_t gate,
                     const void* dy, const void* branch, const void* modulation, void* dbranch, void* dmodulation) {
  return guarded(context, type, [&](auto as) {
    const Shape s{B, N, C, chunks};
    const Pieces pieces(context, s);
    TokenSums<1> sums(pieces, s, context->scratch.floats(TokenSums<1>::floats(pieces, s)));
    const auto terms = [&](int64_t row, int64_t column, auto lanes) {
      const int64_t i = row * C + column;
      return std::array<Vec, 1>{lanes.load(as(dy) + i) * lanes.load(as(branch) + i)};
    };
    each_piece(context, pieces, s, [&](int64_t, int64_t piece, int64_t sample, int64_t first, int64_t last) {
      const auto* factors = as(modulation) + s.chunk(sample, gate);
      sums.clear(piece);
      for (int64_t begin = first; begin < last; begin += kRowsInCache) {
        const int64_t end = std::min(last, begin + kRowsInCache);
        if (dmodulation != nullptr) sums.add(piece, begin, end, terms);
        for (int64_t row = begin; dbranch != nullptr && row < end; row++) {
          each_vector(0, C, [&](int64_t c, auto lanes) {
            lanes.store(as(dbranch) + row * C + c, lanes.load(factors + c) * lanes.load(as(dy) + row * C + c));
          });
        }
      }
    });
    if (dmodulation != nullptr) sums.write(context, {gate}, as(dmodulation));
  });
}

int ap_add_to_tokens(ap_context* context, int32_t type, int64_t B, int64_t N, int64_t C, const void* x, const void* t,
                     void* y) {
  return guarded(context, type, [&](auto as) {
    each_row(context, {B, N, C, 1}, [&](int64_t sample, int64_t row) {
      each_vector(0, C, [&](int64_t c, auto lanes) {
        lanes.store(as(y) + row * C + c, lanes.load(as(x) + row * C + c) + lanes.load(as(t) + sample * C + c));
      });
    });
  });
}

int ap_sum_over_tokens(ap_context* context, int32_t type, int64_t B, int64_t N, int64_t C, const void* dy, void* dt) {
  return guarded(context, type, [&](auto as) {
    const Shape s{B, N, C, 1};
    const Pieces pieces(context, s);
    TokenSums<1> sums(pieces, s, context->scratch.floats(TokenSums<1>::floats(pieces, s)));
    each_piece(context, pieces, s, [&](int64_t, int64_t piece, int64_t, int64_t first, int64_t last) {
      sums.clear(piece);
      sums.add(piece, first, last, [&](int64_t row, int64_t column, auto lanes) {
        return std::array<Vec, 1>{lanes.load(as(dy) + row * C + column)};
      });
    });
    sums.write(context, {0}, as(dt));
  });
}
