// context.cu: memory, and what a context says of its failures.
#include "check.hpp"

using namespace check;

namespace {

void memory() {
  for (const int64_t bytes : {1, 63, 65, 1 << 20}) {
    void* memory = ap_allocate(bytes);
    if (memory == nullptr) fail("no memory of " + std::to_string(bytes) + " bytes");
    if (reinterpret_cast<uintptr_t>(memory) % 64 != 0) fail("memory that is not aligned to 64");
    ap_free(memory);
  }
  ap_free(nullptr);
}

// Two contexts side by side; each has its own error text.
void contexts() {
  ap_context *first = ap_context_create(1), *second = ap_context_create(2);
  if (first == nullptr || second == nullptr) fail("no context");
  Array x(AP_FLOAT32, 5);
  if (ap_fill(first, AP_FLOAT32, int64_t{1} << 60, 1, x) == 0) fail("a grid that does not exist was launched");
  if (std::string(ap_last_error(first)).find("more than a grid holds") == std::string::npos) {
    fail(std::string("another message: ") + ap_last_error(first));
  }
  if (ap_last_error(second)[0] != '\0') fail("another context's error");
  if (ap_fill(first, AP_FLOAT32, 5, 1, x) != 0) fail("a context does not work after a failure");
  expect_equal("x", x, {1, 1, 1, 1, 1});
  ap_context_destroy(second);
  ap_context_destroy(first);
  ap_context_destroy(nullptr);
}

// Nothing to do is no failure.
void nothing() {
  Array x(AP_FLOAT32, {1.0});
  run(ap_fill(context, AP_FLOAT32, 0, 2, x));
  expect_equal("x", x, {1.0});
}

}  // namespace

int main(int argc, char** argv) {
  Suite suite;
  suite.add("memory", memory);
  suite.add("contexts", contexts);
  suite.add("nothing to do", nothing);
  return suite.run(argc, argv);
}
