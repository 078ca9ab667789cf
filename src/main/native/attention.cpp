#include "attention.hpp"

#include <cmath>
#include <limits>

#include "math.hpp"

// One task is one head of one sample. It walks over blocks of queries and, for each, over tiles of keys. Scores lie
// transposed, (keys, queries): a lane is a query, so that the softmax runs down the columns without crossing lanes,
// and keys need no padding. What is at hand stays in the second-level cache whatever N is.

namespace autoprog {
namespace {

struct ForwardScratch {
  float *q, *k, *v;                         // of every token, if they must be copied
  float *q_t, *largest, *sum, *scale, *out;  // of a block of queries; q_t is transposed
  float* scores;                            // of a tile of keys by a block of queries

  ForwardScratch(const AttentionShape& s, Pieces& pieces)
      : q(pieces.take(s.N * s.width())),
        k(pieces.take(s.N * s.width())),
        v(pieces.take(s.N * s.width())),
        q_t(pieces.take(s.D * s.queries())),
        largest(pieces.take(s.queries())),
        sum(pieces.take(s.queries())),
        scale(pieces.take(s.queries())),
        out(pieces.take(s.queries() * s.width())),
        scores(pieces.take(s.keys() * s.queries())) {}
};

// Turns the scores (keys, stride), in units of log 2, into exp2(score - largest). The largest and the sum go on from
// earlier tiles; `scale` is what a sum over those must be multiplied by.
void softmax_columns(int64_t keys, int64_t stride, const ForwardScratch& scratch) {
  for (int64_t i = 0; i < stride; i += kLanes) {
    float* column = scratch.scores + i;
    const Vec before = load(scratch.largest + i);
    Vec tops[4] = {before, before, before, before};
    for (int64_t j = 0; j < keys; j++) tops[j % 4] = maximum(load(column + j * stride), tops[j % 4]);
    const Vec top = maximum(maximum(tops[0], tops[1]), maximum(tops[2], tops[3]));
    Vec total{};
    for (int64_t j = 0; j < keys; j++) {
      const Vec p = exp2(load(column + j * stride) - top);
      store(column + j * stride, p);
      total += p;
    }
    const Vec scale = exp2(before - top);
    store(scratch.largest + i, top);
    store(scratch.scale + i, scale);
    store(scratch.sum + i, scale * load(scratch.sum + i) + total);
  }
}

// x (rows, width): row n *= factors[n]
void scale_rows(int64_t rows, int64_t width, const float* factors, Rows<float> x) {
  for (int64_t n = 0; n < rows; n++) {
    float* row = x.data + n * x.stride;
    for (int64_t d = 0; d < width; d += kLanes) store(row + d, factors[n] * load(row + d));
  }
}

template <class T>
void forward_head(const AttentionShape& s, float scale, const T* qkv, T* out, float* log_sum_exp, int64_t task,
                  const ForwardScratch& scratch) {
  const auto o = head(s, out, task);
  Ahead ahead(s.D * static_cast<int64_t>(sizeof(T)), s.N, s.N + s.D);
  ahead.add(o);
  for (int64_t which = 0; which < 3 && task + 1 < s.tasks(); which++) ahead.add(packed_head(s, qkv, task + 1, which));
  auto between = [&] { ahead.ask(); };

  const auto q = padded(s, s.N, packed_head(s, qkv, task, 0), scratch.q);
  const auto k = padded(s, s.N, packed_head(s, qkv, task, 1), scratch.k);
  const auto v = padded(s, s.N, packed_head(s, qkv, task, 2), scratch.v);
  each_block(s.N, [&](const QueryBlock& block) {
    const int64_t stride = block.stride();
    const auto queries = from_row(q, block.begin);
    const auto block_out = from_row(o, block.begin);
    const auto to = target(s, block_out, scratch.out);
    copy_transposed(std::min(block.count, block.whole()), s.D, queries, scratch.q_t, block.whole());
    std::fill_n(scratch.largest, stride, -std::numeric_limits<float>::infinity());
    std::fill_n(scratch.sum, stride, 0.0f);
    for (int64_t key = 0; key < s.N; key += kKeyTile) {
      const int64_t keys = std::min(kKeyTile, s.N - key);
      multiply_block(s, keys, block, from_row(k, key), scratch.q_t, queries.data + block.whole() * queries.stride,
                     scale * kLog2E, scratch.scores, between);
      softmax_columns(keys, stride, scratch);
      if (key > 0) scale_rows(block.count, s.width(), scratch.scale, to);
      if (key + keys == s.N) {
        for (int64_t i = 0; i < stride; i += kLanes) store(scratch.scale + i, 1.0f / load(scratch.sum + i));
      }
      const Factors factors = key + keys == s.N ? Factors{scratch.scale, 1} : kUnscaled;
      multiply<float>(key > 0, block.count, keys, vectors(s.D), {scratch.scores, 1, stride}, from_row(v, key), to,
                      factors, between);
    }
    write_rows(s, block.count, to, block_out);
    for (int64_t i = 0; i < block.count; i++) {
      log_sum_exp[task * s.N + block.begin + i] = scratch.largest[i] * kLn2 + std::log(scratch.sum[i]);
    }
  });
  ahead.ask_all();
}

struct BackwardScratch {
  float *q, *k, *v, *dout;               // of every token, if they must be copied
  float *dk, *dv;                        // of every token, if they must be copied or take several blocks
  float *q_t, *dout_t, *dq;              // of a block of queries; _t is transposed
  float *log_sum, *delta;                // of a block of queries
  float *scores, *dscores;               // of a tile of keys by a block of queries

  BackwardScratch(const AttentionShape& s, Pieces& pieces)
      : q(pieces.take(s.N * s.width())),
        k(pieces.take(s.N * s.width())),
        v(pieces.take(s.N * s.width())),
        dout(pieces.take(s.N * s.width())),
        dk(pieces.take(s.N * s.width())),
        dv(pieces.take(s.N * s.width())),
        q_t(pieces.take(s.D * s.queries())),
        dout_t(pieces.take(s.D * s.queries())),
        dq(pieces.take(s.queries() * s.width())),
        log_sum(pieces.take(s.queries())),
        delta(pieces.take(s.queries())),
        scores(pieces.take(s.keys() * s.queries())),
        dscores(pieces.take(s.keys() * s.queries())) {}
};

// delta (count) = the sums of out * dout along the rows
template <class T>
void row_products(const AttentionShape& s, int64_t count, Rows<const T> out, Rows<const T> dout, float* delta) {
  for (int64_t n = 0; n < count; n += kLanes) {
    Vec parts[kLanes] = {};
    for (int64_t i = 0; i < std::min(kLanes, count - n); i++) {
      each_vector(0, s.D, [&](int64_t d, auto lanes) {
        parts[i] += lanes.load(out.data + (n + i) * out.stride + d) * lanes.load(dout.data + (n + i) * dout.stride + d);
      });
    }
    store(delta + n, sums(parts));
  }
}

// Turns scores, in units of log 2, into probabilities p and dp in dscores into the gradient by the scores.
void softmax_backward(int64_t keys, int64_t stride, const BackwardScratch& scratch) {
  for (int64_t j = 0; j < keys; j++) {
    for (int64_t i = 0; i < stride; i += kLanes) {
      float *score = scratch.scores + j * stride + i, *dscore = scratch.dscores + j * stride + i;
      const Vec p = exp2(load(score) - load(scratch.log_sum + i));
      store(score, p);
      store(dscore, p * (load(dscore) - load(scratch.delta + i)));
    }
  }
}

template <class T>
void backward_head(const AttentionShape& s, float scale, const T* qkv, const T* out, const float* log_sum_exp,
                   const T* dout, T* dqkv, int64_t task, const BackwardScratch& scratch) {
  const auto dq = packed_head(s, dqkv, task, 0), dk = packed_head(s, dqkv, task, 1), dv = packed_head(s, dqkv, task, 2);
  Ahead ahead(s.D * static_cast<int64_t>(sizeof(T)), s.N, 2 * s.N + 3 * s.D);
  for (const auto& rows : {dv, dk, dq}) ahead.add(rows);
  if (task + 1 < s.tasks()) {
    for (int64_t which = 0; which < 3; which++) ahead.add(packed_head(s, qkv, task + 1, which));
    for (const auto& rows : {head(s, out, task + 1), head(s, dout, task + 1)}) ahead.add(rows);
  }
  auto between = [&] { ahead.ask(); };

  const auto q = padded(s, s.N, packed_head(s, qkv, task, 0), scratch.q);
  const auto k = padded(s, s.N, packed_head(s, qkv, task, 1), scratch.k);
  const auto v = padded(s, s.N, packed_head(s, qkv, task, 2), scratch.v);
  const auto o = head(s, out, task), g_rows = head(s, dout, task);
  const auto g = padded(s, s.N, g_rows, scratch.dout);
  const auto dk_to = target(s, dk, scratch.dk), dv_to = target(s, dv, scratch.dv);
  const int64_t across = vectors(s.D);
  each_block(s.N, [&](const QueryBlock& block) {
    const int64_t stride = block.stride(), alone = block.begin + block.whole();
    const bool first = block.begin == 0, last = block.begin + block.count == s.N;
    const auto block_q = from_row(q, block.begin), block_g = from_row(g, block.begin);
    const auto block_dq = from_row(dq, block.begin);
    const auto dq_to = target(s, block_dq, scratch.dq);
    copy_transposed(std::min(block.count, block.whole()), s.D, block_q, scratch.q_t, block.whole());
    copy_transposed(std::min(block.count, block.whole()), s.D, block_g, scratch.dout_t, block.whole());
    row_products(s, block.count, from_row(o, block.begin), from_row(g_rows, block.begin), scratch.delta);
    std::fill_n(scratch.log_sum, stride, 0.0f);
    for (int64_t i = 0; i < block.count; i++) scratch.log_sum[i] = log_sum_exp[task * s.N + block.begin + i] * kLog2E;
    for (int64_t key = 0; key < s.N; key += kKeyTile) {
      const int64_t keys = std::min(kKeyTile, s.N - key);
      multiply_block(s, keys, block, from_row(k, key), scratch.q_t, q.data + alone * q.stride, scale * kLog2E,
                     scratch.scores, between);
      multiply_block(s, keys, block, from_row(v, key), scratch.dout_t, g.data + alone * g.stride, 1.0f, scratch.dscores,
                     between);
      softmax_backward(keys, stride, scratch);
      multiply<float>(!first, keys, block.count, across, {scratch.scores, stride, 1}, block_g, from_row(dv_to, key),
                      kUnscaled, between);
      multiply<float>(!first, keys, block.count, across, {scratch.dscores, stride, 1}, block_q, from_row(dk_to, key),
                      last ? Factors{&scale, 0} : kUnscaled, between);
      multiply<float>(key > 0, block.count, keys, across, {scratch.dscores, 1, stride}, from_row(k, key), dq_to,
                      key + keys == s.N ? Factors{&scale, 0} : kUnscaled, between);
    }
    write_rows(s, block.count, dq_to, block_dq);
  });
  write_rows(s, s.N, dk_to, dk);
  write_rows(s, s.N, dv_to, dv);
  ahead.ask_all();
}

}  // namespace
}  // namespace autoprog

using namespace autoprog;

int ap_attention_forward(ap_context* context, int32_t type, int64_t B, int64_t N, int64_t H, int64_t D, float scale,
                         const void* qkv, void* out, float* log_sum_exp) {
  return guarded(context, type, [&](auto as) {
    const AttentionShape s{B, N, H, D};
    each_head<ForwardScratch>(context, s, [&](int64_t task, const ForwardScratch& scratch) {
      forward_head(s, scale, as(qkv), as(out), log_sum_exp, task, scratch);
    });
  });
}

int ap_attention_backward(ap_context* context, int32_t type, int64_t B, int64_t N, int64_t H, int64_t D, float scale,
                          const void* qkv, const void* out, const float* log_sum_exp, const void* dout, void* dqkv) {
  return guarded(context, type, [&](auto as) {
    const AttentionShape s{B, N, H, D};
    each_head<BackwardScratch>(context, s, [&](int64_t task, const BackwardScratch& scratch) {
      backward_head(s, scale, as(qkv), as(out), log_sum_exp, as(dout), as(dqkv), task, scratch);
    });
  });
}
