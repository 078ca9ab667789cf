#include <cmath>
#include <limits>

#include "context.hpp"
#include "math.hpp"
#include "multiply.hpp"

// One task is one head of one sample. It copies its q, k and v into dense scratch, then walks over tiles of
// keys and, for each, over blocks of queries, so that the scores at hand stay in the second-level cache
// whatever N is.

namespace autoprog {
namespace {

constexpr int64_t kKeyTile = 256;
constexpr int64_t kQueryBlock = 36;  // a multiple of kTileRows

struct Shape {
  int64_t B, N, H, D;
  int64_t width() const { return round_up(D, kLanes); }  // of a padded row
  int64_t tile() const { return std::min(kKeyTile, round_up(N, kLanes)); }
  int64_t packed_row() const { return 3 * H * D; }  // from one token to the next in qkv
  int64_t row() const { return H * D; }             // and in out
  int64_t tasks() const { return B * H; }
  int64_t products() const { return B * H * N * N * D; }
};

// One head's rows: row n at data + n * stride.
template <class Float>
struct Head {
  Float* data;
  int64_t stride;
};

template <class Float>
Head<Float> packed_head(const Shape& s, Float* qkv, int64_t task, int64_t which) {
  const int64_t b = task / s.H, h = task % s.H;
  return {qkv + b * s.N * s.packed_row() + which * s.H * s.D + h * s.D, s.packed_row()};
}
template <class Float>
Head<Float> head(const Shape& s, Float* out, int64_t task) {
  const int64_t b = task / s.H, h = task % s.H;
  return {out + b * s.N * s.row() + h * s.D, s.row()};
}

// to (rows, width) = factor * from (rows, D), padded with zeros.
template <class T>
void copy_rows(const Shape& s, int64_t rows, Head<const T> from, float factor, float* to) {
  for (int64_t n = 0; n < rows; n++) {
    each_vector(0, s.D, [&](int64_t d, auto lanes) {
      store(to + n * s.width() + d, factor * lanes.load(from.data + n * from.stride + d));
    });
  }
}

// to (rows, D) = factor * from (rows, width)
template <class T>
void write_rows(const Shape& s, int64_t rows, const float* from, float factor, Head<T> to) {
  for (int64_t n = 0; n < rows; n++) {
    each_vector(0, s.D, [&](int64_t d, auto lanes) {
      lanes.store(to.data + n * to.stride + d, factor * load(from + n * s.width() + d));
    });
  }
}

// to (D, padded rows) = the transpose of from (rows, D), padded with zeros.
template <class T>
void copy_transposed(const Shape& s, int64_t rows, Head<const T> from, float* to) {
  const int64_t padded = round_up(rows, kLanes);
  for (int64_t n = 0; n < rows; n += kLanes) {
    each_vector(0, s.D, [&](int64_t d, auto lanes) {
      Vec square[kLanes];
      for (int64_t i = 0; i < kLanes; i++) {
        square[i] = n + i < rows ? lanes.load(from.data + (n + i) * from.stride + d) : Vec{};
      }
      transpose(square);
      for (int64_t i = 0; i < std::min(kLanes, s.D - d); i++) store(to + (d + i) * padded + n, square[i]);
    });
  }
}

// Asks for the cache lines of a head's rows begin <= n < end. They lie about a page apart, where the hardware
// does not see them coming; asked for one task ahead, they save 5 to 12 % at N = 65. (Not
// inlined, a function that only prefetches has no effect in the compiler's eyes, and is dropped.)
template <int Write, class Float>
[[gnu::always_inline]] inline void prefetch(const Shape& s, Head<Float> rows, int64_t begin, int64_t end) {
  constexpr int64_t kLine = 64 / sizeof(Float);
  for (int64_t n = begin; n < end; n++) {
    for (int64_t d = 0; d < s.D; d += kLine) __builtin_prefetch(rows.data + n * rows.stride + d, Write, 2);
  }
}

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

struct ForwardScratch {
  float *q, *out, *largest, *sum;  // of every query
  float *keys, *values;            // of a tile: transposed, as they are
  float* scores;                   // of a block of queries by a tile of keys

  ForwardScratch(const Shape& s, Pieces& pieces)
      : q(pieces.take(s.N * s.width())),
        out(pieces.take(s.N * s.width())),
        largest(pieces.take(s.N)),
        sum(pieces.take(s.N)),
        keys(pieces.take(s.D * s.tile())),
        values(pieces.take(s.tile() * s.width())),
        scores(pieces.take(kQueryBlock * s.tile())) {}
};

// Turns a row of scores (in units of log 2) into exp2(score - largest), and takes the row's sums over earlier
// tiles along to the new largest.
void softmax_row(float* scores, int64_t keys, int64_t width, float* out, float& largest_before, float& sum_before) {
  Vec top = splat(largest_before);
  each_vector(0, keys, [&](int64_t j, auto lanes) {
    const Vec score = lanes.keep(load(scores + j), -std::numeric_limits<float>::infinity());
    store(scores + j, score);
    top = maximum(score, top);
  });
  const float now = largest(top);
  Vec total{};
  for (int64_t j = 0; j < keys; j += kLanes) {
    const Vec p = exp2(load(scores + j) - now);
    store(scores + j, p);
    total += p;
  }
  const float before = sum_before;
  sum_before = sum(total);
  if (before > 0 && now > largest_before) {
    const float factor = std::exp2(largest_before - now);
    for (int64_t d = 0; d < width; d += kLanes) store(out + d, factor * load(out + d));
    sum_before += factor * before;
  } else {
    sum_before += before;
  }
  largest_before = now;
}

// What this task writes and the next one reads.
template <class T>
[[gnu::always_inline]] inline void prefetch_forward(const Shape& s, const T* qkv, T* out, int64_t task, int64_t begin,
                                                    int64_t end) {
  prefetch<1>(s, head(s, out, task), begin, end);
  if (task + 1 == s.tasks()) return;
  for (int64_t which = 0; which < 3; which++) prefetch<0>(s, packed_head(s, qkv, task + 1, which), begin, end);
}

template <class T>
void forward_head(const Shape& s, float scale, const T* qkv, T* out, float* log_sum_exp, int64_t task,
                  const ForwardScratch& scratch) {
  const int64_t width = s.width();
  const auto k = packed_head(s, qkv, task, 1), v = packed_head(s, qkv, task, 2);
  copy_rows(s, s.N, packed_head(s, qkv, task, 0), scale * kLog2E, scratch.q);
  std::fill_n(scratch.out, s.N * width, 0.0f);
  std::fill_n(scratch.largest, s.N, -std::numeric_limits<float>::infinity());
  std::fill_n(scratch.sum, s.N, 0.0f);
  for (int64_t key = 0; key < s.N; key += kKeyTile) {
    const int64_t keys = std::min(kKeyTile, s.N - key);
    const int64_t stride = round_up(keys, kLanes);
    copy_transposed<T>(s, keys, {k.data + key * k.stride, k.stride}, scratch.keys);
    copy_rows<T>(s, keys, {v.data + key * v.stride, v.stride}, 1.0f, scratch.values);
    for (int64_t query = 0; query < s.N; query += kQueryBlock) {
      const int64_t queries = std::min(kQueryBlock, s.N - query);
      if (key == 0) prefetch_forward(s, qkv, out, task, query, query + queries);
      multiply<false>(queries, s.D, vectors(keys), {scratch.q + query * width, width, 1}, {scratch.keys, stride},
                      {scratch.scores, stride});
      for (int64_t i = 0; i < queries; i++) {
        softmax_row(scratch.scores + i * stride, keys, width, scratch.out + (query + i) * width,
                    scratch.largest[query + i], scratch.sum[query + i]);
      }
      multiply<true>(queries, keys, vectors(s.D), {scratch.scores, stride, 1}, {scratch.values, width},
                     {scratch.out + query * width, width});
    }
  }
  const auto o = head(s, out, task);
  for (int64_t n = 0; n < s.N; n++) {
    write_rows<T>(s, 1, scratch.out + n * width, 1.0f / scratch.sum[n], {o.data + n * o.stride, o.stride});
    log_sum_exp[task * s.N + n] = scratch.largest[n] * kLn2 + std::log(scratch.sum[n]);
  }
}

struct BackwardScratch {
  float *q, *dq, *dout, *log_sum, *delta;     // of every query
  float *keys, *keys_t, *values_t, *dk, *dv;  // of a tile; _t is transposed
  float *scores, *dscores;                    // of a block of queries by a tile of keys

  BackwardScratch(const Shape& s, Pieces& pieces)
      : q(pieces.take(s.N * s.width())),
        dq(pieces.take(s.N * s.width())),
        dout(pieces.take(s.N * s.width())),
        log_sum(pieces.take(s.N)),
        delta(pieces.take(s.N)),
        keys(pieces.take(s.tile() * s.width())),
        keys_t(pieces.take(s.D * s.tile())),
        values_t(pieces.take(s.D * s.tile())),
        dk(pieces.take(s.tile() * s.width())),
        dv(pieces.take(s.tile() * s.width())),
        scores(pieces.take(kQueryBlock * s.tile())),
        dscores(pieces.take(kQueryBlock * s.tile())) {}
};

// Adds a block of queries' part of dq, dk and dv for a tile of keys.
void backward_block(const Shape& s, int64_t query, int64_t queries, int64_t keys, const BackwardScratch& scratch) {
  const int64_t width = s.width(), stride = round_up(keys, kLanes);
  float *scores = scratch.scores, *dscores = scratch.dscores;
  const float *q = scratch.q + query * width, *dout = scratch.dout + query * width;
  multiply<false>(queries, s.D, vectors(keys), {q, width, 1}, {scratch.keys_t, stride}, {scores, stride});
  multiply<false>(queries, s.D, vectors(keys), {dout, width, 1}, {scratch.values_t, stride}, {dscores, stride});
  for (int64_t i = 0; i < queries; i++) {
    const float log_sum = scratch.log_sum[query + i], delta = scratch.delta[query + i];
    for (int64_t j = i * stride; j < i * stride + keys; j += kLanes) {
      const Vec p = exp2(load(scores + j) - log_sum);
      store(scores + j, p);
      store(dscores + j, p * (load(dscores + j) - delta));
    }
  }
  const int64_t across = vectors(s.D);
  multiply<true>(queries, keys, across, {dscores, stride, 1}, {scratch.keys, width},
                 {scratch.dq + query * width, width});
  multiply<true>(keys, queries, across, {scores, 1, stride}, {dout, width}, {scratch.dv, width});
  multiply<true>(keys, queries, across, {dscores, 1, stride}, {q, width}, {scratch.dk, width});
}

template <class T>
[[gnu::always_inline]] inline void prefetch_backward(const Shape& s, const T* qkv, const T* out, const T* dout, T* dqkv,
                                                     int64_t task, int64_t begin, int64_t end) {
  for (int64_t which = 0; which < 3; which++) prefetch<1>(s, packed_head(s, dqkv, task, which), begin, end);
  if (task + 1 == s.tasks()) return;
  for (int64_t which = 0; which < 3; which++) prefetch<0>(s, packed_head(s, qkv, task + 1, which), begin, end);
  prefetch<0>(s, head(s, out, task + 1), begin, end);
  prefetch<0>(s, head(s, dout, task + 1), begin, end);
}

template <class T>
void backward_head(const Shape& s, float scale, const T* qkv, const T* out, const float* log_sum_exp, const T* dout,
                   T* dqkv, int64_t task, const BackwardScratch& scratch) {
  const int64_t width = s.width();
  const auto k = packed_head(s, qkv, task, 1), v = packed_head(s, qkv, task, 2);
  const auto dq = packed_head(s, dqkv, task, 0), dk = packed_head(s, dqkv, task, 1), dv = packed_head(s, dqkv, task, 2);
  const auto o = head(s, out, task);
  copy_rows(s, s.N, packed_head(s, qkv, task, 0), scale * kLog2E, scratch.q);
  copy_rows(s, s.N, head(s, dout, task), 1.0f, scratch.dout);
  std::fill_n(scratch.dq, s.N * width, 0.0f);
  for (int64_t n = 0; n < s.N; n++) {
    scratch.log_sum[n] = log_sum_exp[task * s.N + n] * kLog2E;
    Vec delta{};
    each_vector(0, s.D, [&](int64_t d, auto lanes) {
      delta += lanes.load(o.data + n * o.stride + d) * load(scratch.dout + n * width + d);
    });
    scratch.delta[n] = sum(delta);
  }
  for (int64_t key = 0; key < s.N; key += kKeyTile) {
    const int64_t keys = std::min(kKeyTile, s.N - key);
    const Head<const T> tile{k.data + key * k.stride, k.stride};
    copy_rows(s, keys, tile, 1.0f, scratch.keys);
    copy_transposed(s, keys, tile, scratch.keys_t);
    copy_transposed<T>(s, keys, {v.data + key * v.stride, v.stride}, scratch.values_t);
    std::fill_n(scratch.dk, keys * width, 0.0f);
    std::fill_n(scratch.dv, keys * width, 0.0f);
    for (int64_t query = 0; query < s.N; query += kQueryBlock) {
      const int64_t queries = std::min(kQueryBlock, s.N - query);
      if (key == 0) prefetch_backward(s, qkv, out, dout, dqkv, task, query, query + queries);
      backward_block(s, query, queries, keys, scratch);
    }
    // q was multiplied by scale * log2(e) for the scores
    write_rows<T>(s, keys, scratch.dk, kLn2, {dk.data + key * dk.stride, dk.stride});
    write_rows<T>(s, keys, scratch.dv, 1.0f, {dv.data + key * dv.stride, dv.stride});
  }
  write_rows(s, s.N, scratch.dq, scale, dq);
}

// run(task, scratch) for every head of every sample, on several threads with scratch of their own.
template <class HeadScratch, class Run>
void each_head(ap_context* context, const Shape& s, Run run) {
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

}  // namespace
}  // namespace autoprog

using namespace autoprog;

int ap_attention_forward(ap_context* context, int32_t type, int64_t B, int64_t N, int64_t H, int64_t D, float scale,
                         const void* qkv, void* out, float* log_sum_exp) {
  return guarded(context, type, [&](auto as) {
    const Shape s{B, N, H, D};
    each_head<ForwardScratch>(context, s, [&](int64_t task, const ForwardScratch& scratch) {
      forward_head(s, scale, as(qkv), as(out), log_sum_exp, task, scratch);
    });
  });
}

int ap_attention_backward(ap_context* context, int32_t type, int64_t B, int64_t N, int64_t H, int64_t D, float scale,
                          const void* qkv, const void* out, const float* log_sum_exp, const void* dout, void* dqkv) {
  return guarded(context, type, [&](auto as) {
    const Shape s{B, N, H, D};
    each_head<BackwardScratch>(context, s, [&](int64_t task, const BackwardScratch& scratch) {
      backward_head(s, scale, as(qkv), as(out), log_sum_exp, as(dout), as(dqkv), task, scratch);
    });
  });
}
