// Rows that a warp passes over several times: held in registers where they fit, else read again by each pass.
#pragma once
#include "context.cuh"
#include "device.cuh"

namespace autoprog {

// Rows of any length. row(C, source).each(body) is body(c, lanes, value) for the groups of columns that this lane has,
// with value = source(c, lanes), which each pass asks for anew.
template <int Width>
struct ReadAgain {
  template <class Source>
  struct Row {
    int64_t C;
    Source source;

    template <class Body>
    __device__ void each(Body body) const {
      each_group<Width>(threadIdx.x, kWarp, C, [&](int64_t c, auto lanes) { body(c, lanes, source(c, lanes)); });
    }
  };

  template <class Source>
  static __device__ Row<Source> row(int64_t C, Source source) {
    return {C, source};
  }
};

// The same for rows of more than Full and at most Steps times a step of the warp: the values are asked for once and
// kept, and a column is a constant away from the lane's first. Steps are short, so that few lanes are idle in the last.
constexpr int kHeldWidth = 4;
constexpr int kStep = kWarp * kHeldWidth;

template <int Steps, int Full>
struct Held {
  template <class Body>
  static __device__ void each_step(int C, Body body) {
#pragma unroll
    for (int step = 0; step < Steps; step++) {
      const int c = step * kStep + static_cast<int>(threadIdx.x) * kHeldWidth;
      if (step < Full || c < C) body(step, c, Lanes<kHeldWidth>{});
    }
  }

  template <class Value>
  struct Row {
    int C;
    Value values[Steps];

    template <class Body>
    __device__ void each(Body body) const {
      each_step(C, [&](int step, int c, auto lanes) { body(c, lanes, values[step]); });
    }
  };

  template <class Source>
  static __device__ auto row(int64_t C, Source source) {
    Row<decltype(source(0, Lanes<kHeldWidth>{}))> row;
    row.C = static_cast<int>(C);
    each_step(row.C, [&](int step, int c, auto lanes) { row.values[step] = source(c, lanes); });
    return row;
  }
};

// So many registers of a lane may hold a row: more would leave too few warps on a multiprocessor.
constexpr int kMostHeld = 144;

// body(Held) with the first of the numbers of steps, in rising order, that take a row of C columns; ReadAgain if none
// does, or it would hold too much.
template <class T, int Numbers, int Full, int Steps, int... More, class Body>
void with_steps(int64_t C, Body body) {
  if constexpr (Steps * kHeldWidth * Numbers > kMostHeld) {
    body(ReadAgain<kVector<T>>{});
  } else if (C <= int64_t{Steps} * kStep) {
    body(Held<Steps, Full>{});
  } else if constexpr (sizeof...(More) > 0) {
    with_steps<T, Numbers, Steps, More...>(C, body);
  } else {
    body(ReadAgain<kVector<T>>{});
  }
}

// body(walk) with the way in which a warp passes over rows of C columns of type T, for each of which it holds so many
// numbers; `wide` is whether they can be loaded by whole vectors.
template <class T, int Numbers, class Body>
void with_walk(bool wide, int64_t C, Body body) {
  if (wide) {
    with_steps<T, Numbers, 0, 1, 2, 3, 4, 6, 9, 12, 16>(C, body);
  } else {
    body(ReadAgain<1>{});
  }
}

}  // namespace autoprog
