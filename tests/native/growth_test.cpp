// growth.cuh against its definition.
#include "check.hpp"

using namespace check;

namespace {

struct Segment {
  int64_t from, to, length;
};

void copy(const std::vector<Segment>& segments, int64_t from_size, int64_t to_size, int64_t offset) {
  auto from = normal(from_size), to = normal(to_size);
  from[from_size / 2] = kNaN;
  Array device_from(AP_FLOAT32, from, offset), device_to(AP_FLOAT32, to, offset);
  std::vector<int64_t> from_offsets, to_offsets, lengths;
  for (const Segment& s : segments) {
    from_offsets.push_back(s.from);
    to_offsets.push_back(s.to);
    lengths.push_back(s.length);
  }
  run(ap_copy_segments(context, static_cast<int64_t>(segments.size()), from_offsets.data(), to_offsets.data(),
                       lengths.data(), device_from, device_to));
  for (const Segment& s : segments) {
    for (int64_t i = 0; i < s.length; i++) to[s.to + i] = from[s.from + i];
  }
  expect_equal("to", device_to, to);
  expect_equal("from", device_from, from);
}

// More segments than one launch takes, of lengths 0 ... 10, each at another place modulo a vector's size.
void many(int64_t count) {
  std::vector<Segment> segments;
  int64_t from = 3, to = 0;
  for (int64_t s = 0; s < count; s++) {
    segments.push_back({from, to, s * 7 % 11});
    from += s % 3;
    to += segments.back().length + s % 2;
  }
  copy(segments, from + 20, to + 1, 0);
}

}  // namespace

int main(int argc, char** argv) {
  Suite suite;
  for (const int64_t n : {1, 2, 63, 65, 197, 4096, 9001}) {
    for (const int64_t offset : {0, 1}) {
      suite.add("one segment" + sizes({n}, offset), [=] { copy({{0, 0, n}}, n, n, offset); });
      suite.add("one segment inside" + sizes({n}, offset), [=] { copy({{4, 8, n}}, n + 9, n + 10, offset); });
      suite.add("askew" + sizes({n}, offset), [=] { copy({{1, 2, n}}, n + 3, n + 3, offset); });
    }
  }
  suite.add("no segment", [] { copy({}, 5, 5, 0); });
  suite.add("several segments",
            [] { copy({{0, 9000, 5000}, {5000, 0, 8193}, {0, 8195, 1}, {3, 14000, 4}}, 14000, 14010, 0); });
  for (const int64_t count : {63, 64, 65, 197}) {
    suite.add("many segments" + sizes({count}), [=] { many(count); });
  }
  return suite.run(argc, argv);
}
