// embedding.cuh against its definition.
#include "check.hpp"

using namespace check;

namespace {

struct Shape {
  int64_t count, rows, width, offset;
};
constexpr Shape kShapes[] = {{1, 1, 1, 0},    {7, 100, 63, 0}, {197, 3, 8, 0},  {65, 5, 64, 1},
                             {40, 9, 264, 0}, {2, 4, 197, 0},  {70, 6, 264, 3}, {33, 2, 130, 0}};

// Rows of the table, of which the first does not exist where there are several.
std::vector<double> indices(const Shape& s) {
  auto result = integers(s.count, 0, s.rows - 1);
  if (s.count > 1) result[0] = s.rows;
  if (s.count > 2) result[1] = -1;
  return result;
}

bool exists(const Shape& s, double index) {
  return index >= 0 && index < static_cast<double>(s.rows);
}

void forward(int32_t type, const Shape& s) {
  const auto which = indices(s), table = normal(s.rows * s.width);
  Array device_which(kInt32, which), device_table(type, table, s.offset), y(type, s.count * s.width, s.offset);
  run(ap_embedding_forward(context, type, s.count, s.rows, s.width, device_which, device_table, y));
  const auto row = [&](size_t i) {
    const double index = which[i / s.width];
    return exists(s, index) ? table[static_cast<int64_t>(index) * s.width + static_cast<int64_t>(i) % s.width] : kNaN;
  };
  expect_equal("y", y, made(s.count * s.width, row));
}

void backward(int32_t type, const Shape& s) {
  const auto which = indices(s), dy = normal(s.count * s.width);
  auto table = normal(s.rows * s.width, 1, 3);
  Array device_which(kInt32, which), device_dy(type, dy, s.offset), dtable(AP_FLOAT32, table, s.offset);
  run(ap_embedding_backward(context, type, s.count, s.rows, s.width, device_which, device_dy, dtable));
  for (int64_t i = 0; i < s.count * s.width; i++) {
    const double index = which[i / s.width];
    if (exists(s, index)) table[static_cast<int64_t>(index) * s.width + i % s.width] += dy[i];
  }
  expect_close("dtable", dtable, table, kFloat32Bound);
}

void timesteps(int32_t type, int64_t count, int64_t width, int64_t offset) {
  auto t = normal(count, 300, 500);
  t[0] = 999;
  Array device_t(AP_FLOAT32, t), y(type, count * width, offset);
  run(ap_timestep_embedding(context, count, width, 10000, device_t, type, y));
  const int64_t half = width / 2;
  const auto value = [&](size_t i) {
    const int64_t j = static_cast<int64_t>(i) % width;
    const double angle = t[i / width] * std::pow(10000.0, -static_cast<double>(j % half) / static_cast<double>(half));
    return j < half ? std::cos(angle) : j < 2 * half ? std::sin(angle) : 0;
  };
  expect_close("y", y, made(count * width, value), type == AP_FLOAT32 ? 1e-6 : bound(type));
}

}  // namespace

int main(int argc, char** argv) {
  Suite suite;
  for (const int32_t type : kTypes) {
    for (const Shape& s : kShapes) {
      const std::string of = name(type) + sizes({s.count, s.rows, s.width}, s.offset);
      suite.add("forward" + of, [=] { forward(type, s); });
      suite.add("backward" + of, [=] { backward(type, s); });
    }
    suite.add("timesteps" + name(type) + " 1x2", [=] { timesteps(type, 1, 2, 0); });
    suite.add("timesteps" + name(type) + " 5x256", [=] { timesteps(type, 5, 256, 0); });
    suite.add("timesteps" + name(type) + " 3x67", [=] { timesteps(type, 3, 67, 1); });
  }
  return suite.run(argc, argv);
}
