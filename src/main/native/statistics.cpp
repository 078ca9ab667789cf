#include <array>

#include "matmul.hpp"
#include "operands.hpp"

using namespace autoprog;

namespace {

// The parts of a Gram matrix that the parts of a call find, each a lower triangle in n rows of n; added in their order.
class PartialGrams {
 public:
  PartialGrams(ap_context* context, int parts, int64_t n)
      : n_(n), parts_(parts), sums_(reinterpret_cast<double*>(Matmuls::of(context).sums.floats(2 * parts * n * n))) {
    std::fill_n(sums_, parts * n * n, 0.0);
  }

  double* of(int part) { return sums_ + part * n_ * n_; }

  void add_to(double* gram) const {
    for (int64_t i = 0; i < n_; i++) {
      for (int64_t j = 0; j <= i; j++) {
        double sum = 0;
        for (int part = 0; part < parts_; part++) sum += sums_[(part * n_ + i) * n_ + j];
        gram[i * n_ + j] += sum;
        if (i != j) gram[j * n_ + i] += sum;
      }
    }
  }

 private:
  int64_t n_;
  int parts_;
  double* sums_;
};

// So many rows are multiplied with so many others at a time: a register for each product, and kLanes products, whose
// lanes are then summed together.
constexpr int64_t kRowsDown = kLanes >= 8 ? 4 : 2, kRowsAcross = kLanes / kRowsDown;

// gram (lower triangle) += g (n, length) g^T for rows that begin `stride` elements apart: float32 sums of runs that are
// short enough to stay in the first-level cache and to lose few digits, float64 across.
void add_products(int64_t n, int64_t length, const float* g, int64_t stride, double* gram) {
  constexpr int64_t kRun = 512;
  for (int64_t run = 0; run < length; run += kRun) {
    const int64_t end = std::min(length, run + kRun);
    for (int64_t i = 0; i < n; i += kRowsDown) {
      for (int64_t j = 0; j <= std::min(n - 1, i + kRowsDown - 1); j += kRowsAcross) {
        const auto row = [&](int64_t r) { return g + std::min(r, n - 1) * stride; };  // beyond the last: not used
        Vec products[kLanes] = {};
        each_vector(run, end, [&](int64_t k, auto lanes) {
          Vec across[kRowsAcross];
#pragma GCC unroll 4
          for (int64_t c = 0; c < kRowsAcross; c++) across[c] = lanes.load(row(j + c) + k);
#pragma GCC unroll 4
          for (int64_t d = 0; d < kRowsDown; d++) {
            const Vec down = lanes.load(row(i + d) + k);
#pragma GCC unroll 4
            for (int64_t c = 0; c < kRowsAcross; c++) products[d * kRowsAcross + c] += down * across[c];
          }
        });
        const Vec dots = sums(products);
        for (int64_t d = 0; d < kRowsDown && i + d < n; d++) {
          for (int64_t c = 0; c < kRowsAcross && j + c <= i + d; c++) {
            gram[(i + d) * n + j + c] += static_cast<double>(dots[d * kRowsAcross + c]);
          }
        }
      }
    }
  }
}

struct Range {
  int64_t begin, end;
  int64_t length() const { return end - begin; }
};

// [0, n) in pieces of at most `most`, as even as multiples of `granule` can be.
struct Pieces {
  int64_t n, granule, count;

  Pieces(int64_t length, int64_t most, int64_t multiple)
      : n(length), granule(multiple), count((length + most - 1) / most) {}

  Range operator[](int64_t i) const {
    const int64_t granules = (n + granule - 1) / granule;
    return {std::min(n, granules * i / count * granule), std::min(n, granules * (i + 1) / count * granule)};
  }
};

// In how many parts to run `items` of equal work that cost so many multiplications each.
int parts_for_items(const ap_context* context, int64_t items, int64_t multiplications) {
  return static_cast<int>(std::min<int64_t>(items, parts_for(context, items * multiplications / 16)));
}

// What the products of a pair of row blocks, rows a of x and dy with rows b, add to the Gram matrix: the sum of
// inner * outer over each pair of samples. Only pairs of blocks with a <= b are looked at.
void add_block(int64_t N, Range a, Range b, const float* inner, const float* outer, int64_t n, double* gram) {
  const bool mirrored = a.begin != b.begin;
  for (int64_t p = a.begin; p < a.end; p++) {
    const int64_t i = p / N, row = (p - a.begin) * b.length() - b.begin;
    for (int64_t q = b.begin; q < b.end;) {
      const int64_t j = q / N, end = std::min(b.end, (j + 1) * N);
      Vec sums{};
      each_vector(row + q, row + end,
                  [&](int64_t k, auto lanes) { sums += lanes.load(inner + k) * lanes.load(outer + k); });
      const double total = static_cast<double>(sum(sums));
      // A block with itself has each pair of samples twice, pairs of a sample's own tokens both ways.
      if (mirrored) {
        gram[j * n + i] += i == j ? 2 * total : total;
      } else if (j <= i) {
        gram[i * n + j] += total;
      }
      q = end;
    }
  }
}

}  // namespace

int ap_ntk_gram_contracted(ap_context* context, int32_t type, int64_t n, int64_t N, int64_t in, int64_t out,
                           const void* x, const void* dy, double* gram) {
  return guarded(context, [&] {
    constexpr int64_t kMostRows = 192;  // two products of as many columns stay in a second-level cache
    const int64_t rows = n * N;
    const OperandPair f(context, type, {x, rows * in}, {dy, rows * out});
    Matmuls& matmuls = Matmuls::of(context);
    const Pieces blocks(rows, kMostRows, 1);
    const int64_t pairs = blocks.count * (blocks.count + 1) / 2;
    const int parts =
        parts_for_items(context, pairs, std::min(rows, kMostRows) * std::min(rows, kMostRows) * (in + out));
    PartialGrams partial(context, parts, n);
    const auto product = [&](int member, const void* factor, int64_t width, Range a, Range b, float* to) {
      matmuls.run(member,
                  {kForward, f.type, AP_FLOAT32, false, false, a.length(), width, b.length(), width, b.length(), 0},
                  {at(factor, f.type, a.begin * width), at(factor, f.type, b.begin * width), nullptr, to});
    };
    parallel_by_member(context, parts, pairs, 1, [&](int part, int member, int64_t begin, int64_t end) {
      int64_t first = 0, second = begin;  // of the pairs (0,0) (0,1) ... (1,1) (1,2) ..., the begin'th
      while (second >= blocks.count - first) second -= blocks.count - first++;
      second += first;
      float* inner = matmuls.piece(member).floats(2 * kMostRows * kMostRows);
      float* outer = inner + kMostRows * kMostRows;
      for (int64_t pair = begin; pair < end; pair++) {
        const Range a = blocks[first], b = blocks[second];
        product(member, f.left, in, a, b, inner);
        product(member, f.right, out, a, b, outer);
        add_block(N, a, b, inner, outer, n, partial.of(part));
        if (++second == blocks.count) second = ++first;
      }
    });
    partial.add_to(gram);
  });
}

int ap_ntk_gram_tiled(ap_context* context, int32_t type, int64_t n, int64_t N, int64_t in, int64_t out, const void* x,
                      const void* dy, double* gram) {
  return guarded(context, [&] {
    constexpr int64_t kMostSide = 192, kMostFloats = 1 << 18;  // of a tile; of the tiles of all samples
    const OperandPair f(context, type, {dy, n * N * out}, {x, n * N * in});
    Matmuls& matmuls = Matmuls::of(context);
    const Pieces across(in, kMostSide, 16);
    const Pieces down(out, std::clamp<int64_t>(kMostFloats / (n * std::min(in, kMostSide)) / 16 * 16, 16, kMostSide),
                      16);
    const int64_t tiles = across.count * down.count;
    const int parts = parts_for_items(context, tiles, n * N * in * out / tiles);
    PartialGrams partial(context, parts, n);
    parallel_by_member(context, parts, tiles, 1, [&](int part, int member, int64_t begin, int64_t end) {
      for (int64_t tile = begin; tile < end; tile++) {
        const Range o = down[tile / across.count], i = across[tile % across.count];
        const int64_t elements = o.length() * i.length(), stride = round_up(elements, 16);
        float* gradients = matmuls.piece(member).floats(n * stride);
        const Task task{kBackwardWeight, f.type,     AP_FLOAT32, false, false, N,
                        i.length(),      o.length(), in,         out,   0,     i.length()};
        for (int64_t sample = 0; sample < n; sample++) {
          matmuls.run(member, task,
                      {at(f.left, f.type, sample * N * out + o.begin), at(f.right, f.type, sample * N * in + i.begin),
                       nullptr, gradients + sample * stride});
        }
        add_products(n, elements, gradients, stride, partial.of(part));
      }
    });
    partial.add_to(gram);
  });
}

int ap_ntk_gram_rows(ap_context* context, int64_t n, int64_t P, const float* g, double* gram) {
  return guarded(context, [&] {
    const int parts = parts_for(context, n * P);
    PartialGrams partial(context, parts, n);
    parallel(context, parts, P, kLanes, [&](int64_t part, int64_t begin, int64_t end) {
      add_products(n, end - begin, g + begin, P, partial.of(static_cast<int>(part)));
    });
    partial.add_to(gram);
  });
}

int ap_zico_update(ap_context* context, int64_t n, int64_t batch, const float* g, float* mean, float* magnitude,
                   float* squares) {
  return guarded(context, [&] {
    const float share = 1.0f / static_cast<float>(batch);
    parallel(context, parts_for(context, n), n, kLanes, [&](int64_t, int64_t begin, int64_t end) {
      each_vector(begin, end, [&](int64_t i, auto lanes) {
        const Vec gradient = lanes.load(g + i);
        if (batch == 1) {
          lanes.store(mean + i, gradient);
          lanes.store(magnitude + i, absolute(gradient));
          lanes.store(squares + i, gradient - gradient);  // 0, or NaN
          return;
        }
        const Vec before = lanes.load(mean + i), size = lanes.load(magnitude + i);
        const Vec after = before + (gradient - before) * share;
        lanes.store(mean + i, after);
        lanes.store(magnitude + i, size + (absolute(gradient) - size) * share);
        lanes.store(squares + i, lanes.load(squares + i) + (gradient - before) * (gradient - after));
      });
    });
  });
}

int ap_zico_reduce(ap_context* context, int64_t n, int64_t batches, const float* magnitude, const float* squares,
                   double* sum_of_ratios) {
  return guarded(context, [&] {
    const int parts = parts_for(context, n);
    auto* partial = reinterpret_cast<double*>(context->scratch.floats(2 * parts));
    std::fill_n(partial, parts, 0.0);
    parallel(context, parts, n, kLanes, [&](int64_t part, int64_t begin, int64_t end) {
      DoubleSum ratios;
      each_vector(begin, end, [&](int64_t i, auto lanes) {
        const Vec deviations = lanes.load(squares + i);
        const Vec deviation = square_root(deviations / static_cast<float>(batches));
        ratios.add(deviations <= 0.0f ? Vec{} : lanes.load(magnitude + i) / deviation);
      });
      partial[part] = ratios.total();
    });
    for (int part = 0; part < parts; part++) *sum_of_ratios += partial[part];
  });
}
