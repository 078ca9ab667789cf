// Tables of embeddings, and sinusoidal ones.
#pragma once
#include "device.cuh"

namespace autoprog {

// y (count,width) = the rows of table (rows,width) that indices (count) name; NaN where there is none
template <class T, int Width>
__global__ void embedding_forward(int64_t count, int64_t rows, int64_t width, const int32_t* indices, const T* table,
                                  T* y) {
  own_token<Width>(1, count, width, [&](int64_t, int64_t i, int64_t c, auto lanes) {
    const int64_t row = indices[i];
    const bool exists = row >= 0 && row < rows;
    const auto none = lanes.make([](int) { return NAN; });
    lanes.store(y + i * width + c, exists ? lanes.load(table + row * width + c) : none);
  });
}

// dtable (rows,width): its row indices[i] += dy[i] (width). A warp has a row of the table and 32 Width of its columns,
// those of block row blockIdx.y; it looks for its index among all, 32 at a time.
template <class T, int Width>
__global__ void __launch_bounds__(kWarp* kRowWarps)
    embedding_backward(int64_t count, int64_t rows, int64_t width, const int32_t* indices, const T* dy, float* dtable) {
  const int64_t row = own_row(), lane = threadIdx.x;
  if (row >= rows) return;
  const int64_t column = (blockIdx.y * static_cast<int64_t>(kWarp) + lane) * Width;
  const Lanes<Width> lanes;
  Floats<Width> sum{};
  bool found = false;
  for (int64_t first = 0; first < count; first += kWarp) {
    const bool mine = first + lane < count && indices[first + lane] == row;
    for (unsigned left = __ballot_sync(kAllLanes, mine); left != 0; left &= left - 1) {
      found = true;
      if (column >= width) continue;
      const int64_t i = first + __ffs(static_cast<int>(left)) - 1;
      const auto gradient = lanes.load(dy + i * width + column);
      lanes.each([&](int k) { sum[k] += gradient[k]; });
    }
  }
  if (!found || column >= width) return;
  float* target = dtable + row * width + column;
  const auto before = lanes.load(target);
  lanes.store(target, lanes.make([&](int k) { return before[k] + sum[k]; }));
}

// y (count,width) = [cos(t w_j), sin(t w_j)] with j < half and w_j = max_period^(-j/half), and 0 at the end of an odd
// width. A thread has an angle, or such an end.
template <class T>
__global__ void timestep_embedding(int64_t count, int64_t width, float max_period, const float* t, T* y) {
  const int64_t half = width / 2, columns = width - half;
  own_group<1>(count * columns, [&](int64_t index, auto) {
    const int64_t i = index / columns, j = index % columns;
    T* row = y + i * width;
    if (j == half) {
      row[width - 1] = from_float<T>(0.0f);
      return;
    }
    const double exponent = -static_cast<double>(j) / static_cast<double>(half);
    const double angle = t[i] * pow(static_cast<double>(max_period), exponent);
    row[j] = from_float<T>(static_cast<float>(cos(angle)));
    row[half + j] = from_float<T>(static_cast<float>(sin(angle)));
  });
}

}  // namespace autoprog
