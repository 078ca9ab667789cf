// What attention's forward and backward share: shapes, blocks of queries, copies into scratch, the walk over heads.
#pragma once
#include <type_traits>

#include "context.hpp"
#include "multiply.hpp"

namespace autoprog {

// Keys at a time, so that N = 257 is one piece: with 128, float32 took 3 % longer at N 197 and 3 to 4 % at N 1024.
constexpr int64_t kKeyTile = 272;
// Vectors of queries in a block: with 4, float32 took as long at N 197 and 0 to 3 % longer at N 1024 on one thread;
// bfloat16 gained 1 to 5 %.
constexpr int64_t kQueryVectors = 5;

// N queries and M keys of each of B H heads.
struct AttentionShape {
  int64_t B, N, M, H, D;
  int64_t width() const { return round_up(D, kLanes); }  // of a padded row
  int64_t keys() const { return std::min(kKeyTile, M); }
  int64_t queries() const { return std::min((kQueryVectors + 1) * kLanes, round_up(N, kLanes)); }
  int64_t tasks() const { return B * H; }
  int64_t products() const { return B * H * N * M * D; }
};

// The heads of a tensor (B, tokens, H, D), or of the part of one that such a tensor is: tokens lie `row` elements
// apart.
template <class T>
struct Heads {
  T* data;
  int64_t tokens, row;
};
// Part `which` of a tensor (B, tokens, parts, H, D).
template <class T>
Heads<T> packed(const AttentionShape& s, T* x, int64_t tokens, int64_t parts, int64_t which) {
  return {x + which * s.H * s.D, tokens, parts * s.H * s.D};
}
// A tensor (B, N, H, D).
template <class T>
Heads<T> alone(const AttentionShape& s, T* x) {
  return packed(s, x, s.N, 1, 0);
}

template <class T>
struct Forward {
  Heads<const T> q, k, v;
  Heads<T> out;
  float* log_sum_exp;
};
template <class T>
struct Backward {
  Heads<const T> q, k, v, out, dout;
  Heads<T> dq, dk, dv;
  const float* log_sum_exp;
};

// One head's rows.
template <class T>
Rows<T> head(const AttentionShape& s, const Heads<T>& x, int64_t task) {
  const int64_t b = task / s.H, h = task % s.H;
  return {x.data + b * x.tokens * x.row + h * s.D, x.row};
}

// Queries as the lanes of score columns: `across` whole vectors of them, and one more alone if it would leave a
// vector all but empty, as a class token does before a square of patches.
struct QueryBlock {
  int64_t begin, count, across;
  bool single;
  int64_t whole() const { return across * kLanes; }
  int64_t stride() const { return whole() + (single ? kLanes : 0); }
};

// body(block) for every block of queries, as even as can be.
template <class Body>
void each_block(int64_t N, Body body) {
  const bool single = N % kLanes == 1;
  const int64_t all = single ? N / kLanes : vectors(N);
  const int64_t blocks = std::max<int64_t>(1, (all + kQueryVectors - 1) / kQueryVectors);
  for (int64_t i = 0; i < blocks; i++) {
    const int64_t first = all * i / blocks, end = all * (i + 1) / blocks;
    const bool last = i == blocks - 1;
    const int64_t begin = first * kLanes;
    body(QueryBlock{begin, (last ? N : end * kLanes) - begin, end - first, last && single});
  }
}

// How products read elements of type T: bfloat16 by pairs where the processor can, else all as float32.
template <class T>
struct Arithmetic {
  using Element = float;
};
#if defined(__AVX512BF16__)
template <>
struct Arithmetic<BFloat16> {
  using Element = Pair;
};
#endif
template <class T>
using Element = typename Arithmetic<T>::Element;
// Numbers in an element.
template <class E>
constexpr int64_t kDepth = 1;

// from (rows, D) as float32 rows of whole vectors: where it lies, or copied to (rows, width) and padded with zeros.
template <class T>
Rows<const float> elements(const AttentionShape& s, int64_t rows, Rows<const T> from, float* to) {
  if constexpr (std::is_same_v<T, float>) {
    if (s.D % kLanes == 0) return from;
  }
  for (int64_t n = 0; n < rows; n++) {
    each_vector(0, s.D, [&](int64_t d, auto lanes) {
      store(to + n * s.width() + d, lanes.load(from.data + n * from.stride + d));
    });
  }
  return {to, s.width()};
}
// The same as the right factor of a product whose depth is rows.
template <class T>
Rows<const float> by_depth(const AttentionShape&, int64_t, Rows<const T>, Rows<const float> elements, float*) {
  return elements;
}

#if defined(__AVX512BF16__)
template <>
constexpr int64_t kDepth<Pair> = 2;

// A row is pairs as it lies.
inline Rows<const Pair> elements(const AttentionShape&, int64_t, Rows<const BFloat16> from, Pair*) {
  return {reinterpret_cast<const Pair*>(from.data), from.stride / 2};
}
// to ((rows + 1) / 2, width) = pairs of neighbouring rows, padded with zeros.
inline Rows<const Pair> by_depth(const AttentionShape& s, int64_t rows, Rows<const BFloat16> from, Rows<const Pair>,
                                 Pair* to) {
  for (int64_t n = 0; n < rows; n += 2) {
    each_vector(0, s.D, [&](int64_t d, auto lanes) {
      const BFloat16* p = from.data + n * from.stride + d;
      store(to + n / 2 * s.width() + d, paired(lanes.load(p), n + 1 < rows ? lanes.load(p + from.stride) : Vec{}));
    });
  }
  return {to, s.width()};
}
#endif

// Where a product of whole vectors can put rows (rows, D): where they shall be, or in (rows, width) at `scratch`.
template <class T>
Rows<float> target(const AttentionShape& s, Rows<T> to, float* scratch) {
  if constexpr (std::is_same_v<T, float>) {
    if (s.D % kLanes == 0) return to;
  }
  return {scratch, s.width()};
}

// to (rows, D) = what was put in `from`, the target of `to`.
template <class T>
void write_rows(const AttentionShape& s, int64_t rows, Rows<float> from, Rows<T> to) {
  if (static_cast<const void*>(from.data) == to.data) return;
  for (int64_t n = 0; n < rows; n++) {
    each_vector(0, s.D, [&](int64_t d, auto lanes) {
      lanes.store(to.data + n * to.stride + d, load(from.data + n * from.stride + d));
    });
  }
}

// to (columns, stride) = the transpose of from (rows, columns), padded with zeros to whole vectors.
template <class E>
void copy_transposed(int64_t rows, int64_t columns, Rows<const E> from, E* to, int64_t stride) {
  for (int64_t n = 0; n < rows; n += kLanes) {
    const int64_t count = std::min(kLanes, rows - n);
    each_vector(0, columns, [&](int64_t d, auto lanes) {
      const E* p = from.data + n * from.stride + d;
      E* q = to + d * stride + n;
      Vec square[kLanes] = {};
      if (count == kLanes) {
#pragma GCC unroll 16
        for (int64_t i = 0; i < kLanes; i++) square[i] = lanes.load(p + i * from.stride);
      } else {
        for (int64_t i = 0; i < count; i++) square[i] = lanes.load(p + i * from.stride);
      }
      transpose(square);
      const int64_t filled = std::min(kLanes, columns - d);
      if (filled == kLanes) {
#pragma GCC unroll 16
        for (int64_t i = 0; i < kLanes; i++) store(q + i * stride, square[i]);
      } else {
        for (int64_t i = 0; i < filled; i++) store(q + i * stride, square[i]);
      }
    });
  }
}

// scores (keys, block.stride()) = factor * rows (keys, D) times the block's queries: of the whole vectors of them,
// `transposed` is the transpose; the one alone is read as a row.
template <class E, class Between>
void multiply_block(const AttentionShape& s, int64_t keys, const QueryBlock& block, Rows<const E> rows,
                    Rows<const E> queries, const E* transposed, const float& factor, float* scores, Between between) {
  const int64_t depth = s.D / kDepth<E>;
  multiply<E>(false, keys, depth, block.across, {rows.data, rows.stride, 1}, {transposed, block.whole()},
              {scores, block.stride()}, {&factor, 0}, between);
  if (block.single) {
    multiply_column(keys, depth, factor, rows, queries.data + block.whole() * queries.stride,
                    {scores + block.whole(), block.stride()});
  }
}

// Asks for the cache lines of rows that this task writes and the next one reads, a few after each product of tiles.
// They lie about a page apart, where the hardware does not see them coming: without, N = 65 from memory takes 1.7 times
// as long, and asked for in one go they hold up the products.
class Ahead {
 public:
  // Of a task whose products have `results` elements.
  Ahead(int64_t row_bytes, int64_t results) : row_bytes_(row_bytes), results_(results) {}
  template <class T>
  void add(Rows<T> from, int64_t rows) {
    const int64_t stride = from.stride * static_cast<int64_t>(sizeof(T));
    streams_[count_++] = {reinterpret_cast<const char*>(from.data), stride, rows};
    rows_ += rows;
    // a tile has about 24 vectors of accumulators
    at_once_ = rows_ * 24 * kLanes / results_ + 1;
  }
  // To be called after each tile: asks for so much that all is asked for by the end of the task.
  [[gnu::always_inline]] inline void ask() { ask(at_once_); }
  [[gnu::always_inline]] inline void ask_all() { ask(rows_); }

 private:
  struct Stream {
    const char* next;
    int64_t stride, left;
  };
  // Inlined: a function that only prefetches has no effect in the compiler's eyes, and is dropped.
  [[gnu::always_inline]] inline void ask(int64_t rows) {
    for (; rows > 0 && at_ < count_; rows--) {
      Stream& s = streams_[at_];
      for (int64_t d = 0; d < row_bytes_; d += 64) __builtin_prefetch(s.next + d, 0, 2);
      s.next += s.stride;
      if (--s.left == 0) at_++;
    }
  }

  int64_t row_bytes_, results_;
  int64_t rows_ = 0, at_once_ = 0;
  int count_ = 0, at_ = 0;
  Stream streams_[8];
};

// Hands out pieces of a thread's scratch; each begins at a cache line.
class Pieces {
 public:
  explicit Pieces(float* start) : next_(start) {}
  float* take(int64_t count) {
    float* piece = next_;
    next_ += round_up(count, 16);
    return piece;
  }
  int64_t taken(const float* start) const { return next_ - start; }

 private:
  float* next_;
};

// run(task, scratch) for every head of every sample, on several threads with scratch of their own.
template <class HeadScratch, class Run>
void each_head(ap_context* context, const AttentionShape& s, Run run) {
  Pieces measure(nullptr);
  HeadScratch(s, measure);
  const int64_t size = measure.taken(nullptr);
  // a thread streams a float in about the time of 16 multiplications
  const int parts = static_cast<int>(std::min<int64_t>(parts_for(context, s.products() / 16), s.tasks()));
  float* memory = context->scratch.floats(context->threads * size);
  parallel_by_member(context, parts, s.tasks(), 1, [&](int, int member, int64_t begin, int64_t end) {
    Pieces pieces(memory + member * size);
    const HeadScratch scratch(s, pieces);
    for (int64_t task = begin; task < end; task++) run(task, scratch);
  });
}

}  // namespace autoprog
