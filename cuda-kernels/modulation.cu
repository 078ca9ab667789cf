#include "elementwise.cuh"
#include "modulation.cuh"

using namespace autoprog;

namespace {

// Tokens of B samples, and chunks of C elements that modulate each.
struct Shape {
  int64_t B, N, C, chunks;

  template <class T>
  Chunk<T> chunk(T* modulation, int64_t index) const {
    return {modulation + index * C, chunks * C};
  }
};

// Whether Width elements of each row at these addresses can be loaded at once; at a null one they can.
template <int Width, class... P>
bool rows_loadable(const Shape& s, const P*... addresses) {
  return s.C % Width == 0 && loadable<Width>(addresses...);
}

// The chunks = the sums of source(row, column, lanes) over each sample's tokens.
template <int Sums, int Width, class T, class Source>
void sum_over_tokens(ap_context* context, const Shape& s, ChunkSums<Sums, T> chunks, Source source) {
  launch(sum_rows<Sums, Width, Source, ChunkSums<Sums, T>>, blocks_for(s.B * blocks_for(s.C, kWarp * Width), 1),
         dim3(kWarp, kSumWarps), 0, context->stream, s.B * s.N, s.C, s.N, source, chunks);
}

}  // namespace

int ap_modulated_norm_forward(ap_context* context, int32_t type, int64_t B, int64_t N, int64_t C, int64_t chunks,
                              int64_t shift, int64_t scale, float epsilon, const void* x, const void* modulation,
                              void* y, float* mean, float* rstd) {
  return guarded(context, type, [&](auto as) {
    using T = typename decltype(as)::Type;
    constexpr int kWidth = kVector<T>;
    const Shape s{B, N, C, chunks};
    with_walk<T, kNormForward>(rows_loadable<kWidth>(s, as(x), as(modulation), as(y)), C, [&](auto walk) {
      launch(modulated_norm_forward<T, decltype(walk)>, row_blocks(B * N), kRowBlock, 0, context->stream, B, N, C,
             s.chunk(as(modulation), shift), s.chunk(as(modulation), scale), epsilon, as(x), as(y), mean, rstd);
    });
  });
}

int ap_modulated_norm_backward(ap_context* context, int32_t type, int64_t B, int64_t N, int64_t C, int64_t chunks,
                               int64_t shift, int64_t scale, const void* x, const void* modulation, const float* mean,
                               const float* rstd, const void* dy, const void* base, void* dx, void* dmodulation) {
  return guarded(context, type, [&](auto as) {
    using T = typename decltype(as)::Type;
    constexpr int kWidth = kVector<T>;
    const Shape s{B, N, C, chunks};
    if (dmodulation != nullptr) {
      with_width<kSumWidth>(rows_loadable<kSumWidth>(s, as(x), as(dy)), [&](auto wide) {
        const ChunkSums<2, T> sums{{s.chunk(as(dmodulation), scale), s.chunk(as(dmodulation), shift)}};
        sum_over_tokens<2, wide()>(context, s, sums, NormTerms<T, wide()>{C, as(x), as(dy), mean, rstd});
      });
    }
    if (dx == nullptr) return;
    with_walk<T, kNormBackward>(
        rows_loadable<kWidth>(s, as(x), as(modulation), as(dy), as(base), as(dx)), C, [&](auto walk) {
          launch(modulated_norm_backward<T, decltype(walk)>, row_blocks(B * N), kRowBlock, 0, context->stream, B, N, C,
                 s.chunk(as(modulation), scale), as(x), mean, rstd, as(dy), as(base), as(dx));
        });
  });
}

int ap_gate_forward(ap_context* context, int32_t type, int64_t B, int64_t N, int64_t C, int64_t chunks, int64_t gate,
                    const void* x, const void* branch, const void* modulation, void* y) {
  return guarded(context, type, [&](auto as) {
    using T = typename decltype(as)::Type;
    constexpr int kWidth = kVector<T>;
    const Shape s{B, N, C, chunks};
    with_width<kWidth>(rows_loadable<kWidth>(s, as(x), as(branch), as(modulation), as(y)), [&](auto wide) {
      launch(gate_forward<T, wide()>, flat_blocks<wide()>(B * N * C), kFlatThreads, 0, context->stream, B, N, C,
             s.chunk(as(modulation), gate), as(x), as(branch), as(y));
    });
  });
}

int ap_gate_backward(ap_context* context, int32_t type, int64_t B, int64_t N, int64_t C, int64_t chunks, int64_t gate,
                     const void* dy, const void* branch, const void* modulation, void* dbranch, void* dmodulation) {
  return guarded(context, type, [&](auto as) {
    using T = typename decltype(as)::Type;
    constexpr int kWidth = kVector<T>;
    const Shape s{B, N, C, chunks};
    if (dmodulation != nullptr) {
      with_width<kSumWidth>(rows_loadable<kSumWidth>(s, as(dy), as(branch)), [&](auto wide) {
        const ChunkSums<1, T> sums{{s.chunk(as(dmodulation), gate)}};
        sum_over_tokens<1, wide()>(context, s, sums, GateTerms<T, wide()>{C, as(dy), as(branch)});
      });
    }
    if (dbranch == nullptr) return;
    with_width<kWidth>(rows_loadable<kWidth>(s, as(dy), as(modulation), as(dbranch)), [&](auto wide) {
      launch(gate_backward<T, wide()>, flat_blocks<wide()>(B * N * C), kFlatThreads, 0, context->stream, B, N, C,
             s.chunk(as(modulation), gate), as(dy), as(dbranch));
    });
  });
}

int ap_add_to_tokens(ap_context* context, int32_t type, int64_t B, int64_t N, int64_t C, const void* x, const void* t,
                     void* y) {
  return guarded(context, type, [&](auto as) {
    using T = typename decltype(as)::Type;
    constexpr int kWidth = kVector<T>;
    const Shape s{B, N, C, 1};
    with_width<kWidth>(rows_loadable<kWidth>(s, as(x), as(t), as(y)), [&](auto wide) {
      launch(add_to_tokens<T, wide()>, flat_blocks<wide()>(B * N * C), kFlatThreads, 0, context->stream, B, N, C, as(x),
             as(t), as(y));
    });
  });
}

int ap_sum_over_tokens(ap_context* context, int32_t type, int64_t B, int64_t N, int64_t C, const void* dy, void* dt) {
  return guarded(context, type, [&](auto as) {
    using T = typename decltype(as)::Type;
    const Shape s{B, N, C, 1};
    with_width<kSumWidth>(rows_loadable<kSumWidth>(s, as(dy)), [&](auto wide) {
      const ChunkSums<1, T> sums{{s.chunk(as(dt), 0)}};
      sum_over_tokens<1, wide()>(context, s, sums, StridedRows<T, wide()>{C, as(dy)});
    });
  });
}
