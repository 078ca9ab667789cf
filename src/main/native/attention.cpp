#include "attention.hpp"

#include <limits>

#include "math.hpp"

// One task is one head of one sample. It walks over blocks of queries and, for each, over tiles of keys. Scores lie
// transposed, (keys, queries): a lane is a query, so that the softmax runs down the columns without crossing lanes,
// and keys need no padding. What is at hand stays in the second-level cache whatever N is.

namespace autoprog {
namespace {

template <class E>
E* as(float* scratch) {
  return reinterpret_cast<E*>(scratch);
}
// Elements along a depth of n.
template <class E>
int64_t depth(int64_t n) {
  return (n + kDepth<E> - 1) / kDepth<E>;
}

struct ForwardScratch {
  float *q, *k, *v;                          // of every token, where a product cannot read them as they lie
  float *q_t, *largest, *sum, *scale, *out;  // of a block of queries; _t is transposed
  float* scores;                             // of a tile of keys by a block of queries

  ForwardScratch(const AttentionShape& s, Pieces& pieces)
      : q(pieces.take(s.N * s.width())),
        k(pieces.take(s.M * s.width())),
        v(pieces.take(s.M * s.width())),
        q_t(pieces.take(s.D * s.queries())),
        largest(pieces.take(s.queries())),
        sum(pieces.take(s.queries())),
        scale(pieces.take(s.queries())),
        out(pieces.take(s.queries() * s.width())),
        scores(pieces.take(s.keys() * s.queries())) {}
};

// Stores rows j and j + 1 of a column as the left factor of a product whose depth is keys. What is read and what is
// written may be the same place.
void store_keys(float* column, int64_t stride, int64_t j, Vec first, Vec second, int64_t count) {
  store(column + j * stride, first);
  if (count > 1) store(column + (j + 1) * stride, second);
}
#if defined(__AVX512BF16__)
void store_keys(Pair* column, int64_t stride, int64_t j, Vec first, Vec second, int64_t) {
  store(column + j / 2 * stride, paired(first, second));
}
#endif

// Turns the scores (keys, stride), in units of log 2, into exp2(score - largest), stored as elements E in their place.
// The largest and the sum go on from earlier tiles; `scale` is what a sum over those must be multiplied by.
template <class E>
void softmax_columns(int64_t keys, int64_t stride, const ForwardScratch& scratch) {
  for (int64_t i = 0; i < stride; i += kLanes) {
    const float* column = scratch.scores + i;
    const Vec before = load(scratch.largest + i);
    Vec tops[2] = {before, before};
    int64_t j = 0;
    for (; j + 2 <= keys; j += 2) {
      tops[0] = maximum(load(column + j * stride), tops[0]);
      tops[1] = maximum(load(column + (j + 1) * stride), tops[1]);
    }
    if (j < keys) tops[0] = maximum(load(column + j * stride), tops[0]);
    const Vec top = maximum(tops[0], tops[1]);
    Vec total{};
    for (j = 0; j < keys; j += 2) {
      const Vec first = exp2(load(column + j * stride) - top);
      const Vec second = j + 1 < keys ? exp2(load(column + (j + 1) * stride) - top) : Vec{};
      store_keys(reinterpret_cast<E*>(scratch.scores) + i, stride, j, first, second, keys - j);
      total += first + second;
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
void forward_head(const AttentionShape& s, float scale, const Forward<T>& a, int64_t task,
                  const ForwardScratch& scratch) {
  const auto o = head(s, a.out, task);
  Ahead ahead(s.D * static_cast<int64_t>(sizeof(T)), s.N * (s.M + s.D));
  ahead.add(o, s.N);
  if (task + 1 < s.tasks()) {
    for (const auto& heads : {a.q, a.k, a.v}) ahead.add(head(s, heads, task + 1), heads.tokens);
  }
  auto between = [&] { ahead.ask(); };

  using E = Element<T>;
  const auto q = elements(s, s.N, head(s, a.q, task), as<E>(scratch.q));
  const auto k = elements(s, s.M, head(s, a.k, task), as<E>(scratch.k));
  const auto v_rows = head(s, a.v, task);
  const auto v = by_depth(s, s.M, v_rows, elements(s, s.M, v_rows, as<E>(scratch.v)), as<E>(scratch.v));
  each_block(s.N, [&](const QueryBlock& block) {
    const int64_t stride = block.stride();
    const auto block_out = from_row(o, block.begin);
    const auto to = target(s, block_out, scratch.out);
    const auto block_q = from_row(q, block.begin);
    copy_transposed(std::min(block.count, block.whole()), s.D / kDepth<E>, block_q, as<E>(scratch.q_t), block.whole());
    std::fill_n(scratch.largest, stride, -std::numeric_limits<float>::infinity());
    std::fill_n(scratch.sum, stride, 0.0f);
    for (int64_t key = 0; key < s.M; key += kKeyTile) {
      const int64_t keys = std::min(kKeyTile, s.M - key);
      multiply_block(s, keys, block, from_row(k, key), block_q, as<const E>(scratch.q_t), scale * kLog2E,
                     scratch.scores, between);
      softmax_columns<E>(keys, stride, scratch);
      if (key > 0) scale_rows(block.count, s.width(), scratch.scale, to);
      if (key + keys == s.M) {
        for (int64_t i = 0; i < stride; i += kLanes) store(scratch.scale + i, 1.0f / load(scratch.sum + i));
      }
      const Factors factors = key + keys == s.M ? Factors{scratch.scale, 1} : kUnscaled;
      multiply<E>(key > 0, block.count, depth<E>(keys), vectors(s.D), {as<E>(scratch.scores), 1, stride},
                  from_row(v, key / kDepth<E>), to, factors, between);
    }
    write_rows(s, block.count, to, block_out);
    each_vector(0, block.count, [&](int64_t i, auto lanes) {
      const Vec log_sum = load(scratch.largest + i) * kLn2 + log(load(scratch.sum + i));
      lanes.store(a.log_sum_exp + task * s.N + block.begin + i, log_sum);
    });
  });
  ahead.ask_all();
}

struct BackwardScratch {
  float *q, *k, *v, *dout, *dk, *dv;           // of every token, where a product cannot use them as they lie
  float *q_t, *dout_t, *dq, *log_sum, *delta;  // of a block of queries; _t is transposed
  float *scores, *dscores, *p, *ds;            // of a tile of keys by a block of queries; p and ds in BFloat16

  BackwardScratch(const AttentionShape& s, Pieces& pieces)
      : q(pieces.take(s.N * s.width())),
        k(pieces.take(s.M * s.width())),
        v(pieces.take(s.M * s.width())),
        dout(pieces.take(s.N * s.width())),
        dk(pieces.take(s.M * s.width())),
        dv(pieces.take(s.M * s.width())),
        q_t(pieces.take(s.D * s.queries())),
        dout_t(pieces.take(s.D * s.queries())),
        dq(pieces.take(s.queries() * s.width())),
        log_sum(pieces.take(s.queries())),
        delta(pieces.take(s.queries())),
        scores(pieces.take(s.keys() * s.queries())),
        dscores(pieces.take(s.keys() * s.queries())),
        p(pieces.take(s.keys() * s.queries() / 2)),
        ds(pieces.take(s.keys() * s.queries() / 2)) {}
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

// The left factors of the products that give the gradients: p and ds with queries as depth, ds with keys as depth.
template <class E>
struct BackwardLeft {
  Left<E> p, ds, ds_keys;
};

// From scores, in units of log 2, and the gradient dscores by probabilities p.
BackwardLeft<float> softmax_backward(int64_t keys, const QueryBlock& block, const BackwardScratch& scratch, float*) {
  const int64_t stride = block.stride();
  for (int64_t j = 0; j < keys; j++) {
    for (int64_t i = 0; i < stride; i += kLanes) {
      float *score = scratch.scores + j * stride + i, *dscore = scratch.dscores + j * stride + i;
      const Vec p = exp2(load(score) - load(scratch.log_sum + i));
      store(score, p);
      store(dscore, p * (load(dscore) - load(scratch.delta + i)));
    }
  }
  return {{scratch.scores, stride, 1}, {scratch.dscores, stride, 1}, {scratch.dscores, 1, stride}};
}
#if defined(__AVX512BF16__)
BackwardLeft<Pair> softmax_backward(int64_t keys, const QueryBlock& block, const BackwardScratch& scratch, Pair*) {
  const int64_t stride = block.stride();
  auto *p_rows = as<BFloat16>(scratch.p), *ds_rows = as<BFloat16>(scratch.ds);
  for (int64_t j = 0; j < keys; j += 2) {
    each_vector(0, block.count, [&](int64_t i, auto lanes) {
      Vec ds[2] = {};
      for (int64_t row = 0; row < std::min<int64_t>(2, keys - j); row++) {
        const int64_t at = (j + row) * stride + i;
        // nothing but zeros beyond the queries: they may have a place in the last pair
        const Vec p = lanes.keep(exp2(load(scratch.scores + at) - load(scratch.log_sum + i)), 0.0f);
        ds[row] = lanes.keep(p * (load(scratch.dscores + at) - load(scratch.delta + i)), 0.0f);
        store(p_rows + at, p);
        store(ds_rows + at, ds[row]);
      }
      store(as<Pair>(scratch.dscores) + j / 2 * stride + i, paired(ds[0], ds[1]));
    });
  }
  return {{as<Pair>(scratch.p), stride / 2, 1},
          {as<Pair>(scratch.ds), stride / 2, 1},
          {as<Pair>(scratch.dscores), 1, stride}};
}
#endif

template <class T>
void backward_head(const AttentionShape& s, float scale, const Backward<T>& a, int64_t task,
                   const BackwardScratch& scratch) {
  const auto dq = head(s, a.dq, task), dk = head(s, a.dk, task), dv = head(s, a.dv, task);
  Ahead ahead(s.D * static_cast<int64_t>(sizeof(T)), 2 * s.N * s.M + (s.N + 2 * s.M) * s.D);
  ahead.add(dv, s.M);
  ahead.add(dk, s.M);
  ahead.add(dq, s.N);
  if (task + 1 < s.tasks()) {
    for (const auto& heads : {a.q, a.k, a.v, a.out, a.dout}) ahead.add(head(s, heads, task + 1), heads.tokens);
  }
  auto between = [&] { ahead.ask(); };

  using E = Element<T>;
  const auto q_rows = head(s, a.q, task), k_rows = head(s, a.k, task);
  const auto g_rows = head(s, a.dout, task), o = head(s, a.out, task);
  const auto q = elements(s, s.N, q_rows, as<E>(scratch.q)), k = elements(s, s.M, k_rows, as<E>(scratch.k));
  const auto v = elements(s, s.M, head(s, a.v, task), as<E>(scratch.v));
  const auto g = elements(s, s.N, g_rows, as<E>(scratch.dout));
  const auto q_depth = by_depth(s, s.N, q_rows, q, as<E>(scratch.q));
  const auto k_depth = by_depth(s, s.M, k_rows, k, as<E>(scratch.k));
  const auto g_depth = by_depth(s, s.N, g_rows, g, as<E>(scratch.dout));
  const auto dk_to = target(s, dk, scratch.dk), dv_to = target(s, dv, scratch.dv);
  const int64_t across = vectors(s.D);
  each_block(s.N, [&](const QueryBlock& block) {
    const int64_t whole = std::min(block.count, block.whole()), queries = depth<E>(block.count);
    const bool first = block.begin == 0, last = block.begin + block.count == s.N;
    const auto block_q = from_row(q, block.begin), block_g = from_row(g, block.begin);
    const auto block_dq = from_row(dq, block.begin);
    const auto dq_to = target(s, block_dq, scratch.dq);
    copy_transposed(whole, s.D / kDepth<E>, block_q, as<E>(scratch.q_t), block.whole());
    copy_transposed(whole, s.D / kDepth<E>, block_g, as<E>(scratch.dout_t), block.whole());
    row_products(s, block.count, from_row(o, block.begin), from_row(g_rows, block.begin), scratch.delta);
    std::fill_n(scratch.log_sum, block.stride(), 0.0f);
    for (int64_t i = 0; i < block.count; i++) scratch.log_sum[i] = a.log_sum_exp[task * s.N + block.begin + i] * kLog2E;
    for (int64_t key = 0; key < s.M; key += kKeyTile) {
      const int64_t keys = std::min(kKeyTile, s.M - key);
      multiply_block(s, keys, block, from_row(k, key), block_q, as<const E>(scratch.q_t), scale * kLog2E,
                     scratch.scores, between);
      multiply_block(s, keys, block, from_row(v, key), block_g, as<const E>(scratch.dout_t), kOne, scratch.dscores,
                     between);
      const auto left = softmax_backward(keys, block, scratch, static_cast<E*>(nullptr));
      multiply(!first, keys, queries, across, left.p, from_row(g_depth, block.begin / kDepth<E>), from_row(dv_to, key),
               kUnscaled, between);
      multiply(!first, keys, queries, across, left.ds, from_row(q_depth, block.begin / kDepth<E>), from_row(dk_to, key),
               last ? Factors{&scale, 0} : kUnscaled, between);
      multiply(key > 0, block.count, depth<E>(keys), across, left.ds_keys, from_row(k_depth, key / kDepth<E>), dq_to,
               key + keys == s.M ? Factors{&scale, 0} : kUnscaled, between);
    }
    write_rows(s, block.count, dq_to, block_dq);
  });
  write_rows(s, s.M, dk_to, dk);
  write_rows(s, s.M, dv_to, dv);
  ahead.ask_all();
}

template <class T>
void forward(ap_context* context, const AttentionShape& s, float scale, const Forward<T>& a) {
  each_head<ForwardScratch>(
      context, s, [&](int64_t task, const ForwardScratch& scratch) { forward_head(s, scale, a, task, scratch); });
}

template <class T>
void backward(ap_context* context, const AttentionShape& s, float scale, const Backward<T>& a) {
  each_head<BackwardScratch>(
      context, s, [&](int64_t task, const BackwardScratch& scratch) { backward_head(s, scale, a, task, scratch); });
}

}  // namespace
}  // namespace autoprog

using namespace autoprog;

int ap_attention_forward(ap_context* context, int32_t type, int64_t B, int64_t N, int64_t H, int64_t D, float scale,
                         const void* qkv, void* out, float* log_sum_exp) {
  return guarded(context, type, [&](auto as) {
    using T = typename decltype(as)::Type;
    const AttentionShape s{B, N, N, H, D};
    const auto in = [&](int64_t which) { return packed(s, as(qkv), N, 3, which); };
    forward(context, s, scale, Forward<T>{in(0), in(1), in(2), alone(s, as(out)), log_sum_exp});
  });
}

int ap_attention_backward(ap_context* context, int32_t type, int64_t B, int64_t N, int64_t H, int64_t D, float scale,
                          const void* qkv, const void* out, const float* log_sum_exp, const void* dout, void* dqkv) {
  return guarded(context, type, [&](auto as) {
    using T = typename decltype(as)::Type;
    const AttentionShape s{B, N, N, H, D};
    const auto in = [&](int64_t which) { return packed(s, as(qkv), N, 3, which); };
    const auto gradient = [&](int64_t which) { return packed(s, as(dqkv), N, 3, which); };
    backward(context, s, scale,
             Backward<T>{in(0), in(1), in(2), alone(s, as(out)), alone(s, as(dout)), gradient(0), gradient(1),
                         gradient(2), log_sum_exp});
  });
}

int ap_cross_attention_forward(ap_context* context, int32_t type, int64_t B, int64_t N, int64_t M, int64_t H, int64_t D,
                               float scale, const void* q, const void* kv, void* out, float* log_sum_exp) {
  return guarded(context, type, [&](auto as) {
    using T = typename decltype(as)::Type;
    const AttentionShape s{B, N, M, H, D};
    const auto in = [&](int64_t which) { return packed(s, as(kv), M, 2, which); };
    forward(context, s, scale, Forward<T>{alone(s, as(q)), in(0), in(1), alone(s, as(out)), log_sum_exp});
  });
}

int ap_cross_attention_backward(ap_context* context, int32_t type, int64_t B, int64_t N, int64_t M, int64_t H,
                                int64_t D, float scale, const void* q, const void* kv, const void* out,
                                const float* log_sum_exp, const void* dout, void* dq, void* dkv) {
  return guarded(context, type, [&](auto as) {
    using T = typename decltype(as)::Type;
    const AttentionShape s{B, N, M, H, D};
    const auto in = [&](int64_t which) { return packed(s, as(kv), M, 2, which); };
    const auto gradient = [&](int64_t which) { return packed(s, as(dkv), M, 2, which); };
    backward(context, s, scale,
             Backward<T>{alone(s, as(q)), in(0), in(1), alone(s, as(out)), alone(s, as(dout)), alone(s, as(dq)),
                         gradient(0), gradient(1), log_sum_exp});
  });
}
