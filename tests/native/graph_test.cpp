// graph.cu: calls that are captured, and repeated as a whole.
#include "autoprog_cuda.h"
#include "check.hpp"

using namespace check;

namespace {

// A context of its own, so that a capture that goes wrong is no other case's.
struct Own {
  Own() : context(ap_context_create(1)) {}
  ~Own() { ap_context_destroy(context); }
  ap_context* context;
};

void succeed(const Own& own, int code) {
  if (code != 0) fail(ap_last_error(own.context));
}

void expect_refused(const Own& own, int code, const std::string& words) {
  if (code == 0) fail("what was to be refused was done: " + words);
  const std::string message = ap_last_error(own.context);
  if (message.find(words) == std::string::npos) fail("another message: " + message);
}

void* end(const Own& own) {
  int64_t graph = 0;
  succeed(own, ap_capture_end(own.context, &graph));
  if (graph == 0) fail("no graph");
  return reinterpret_cast<void*>(graph);
}

// Nothing runs while it is captured; then everything does, in order, as often as it is launched, with what is there.
void repeated() {
  Own own;
  Array x(AP_FLOAT32, {1, 2, 3}), sum(AP_FLOAT32, {10, 20, 30}), squares(AP_FLOAT32, {0});
  succeed(own, ap_sum_of_squares(own.context, 3, x, squares));
  succeed(own, ap_capture_begin(own.context));
  succeed(own, ap_add(own.context, AP_FLOAT32, 3, sum, x, sum));
  succeed(own, ap_sum_of_squares(own.context, 3, sum, squares));
  void* graph = end(own);
  expect_equal("sum before", sum, {10, 20, 30});
  succeed(own, ap_graph_launch(own.context, graph));
  expect_equal("sum", sum, {11, 22, 33});
  expect_equal("squares", squares, {14.0 + 121 + 484 + 1089});
  succeed(own, ap_fill(own.context, AP_FLOAT32, 3, 100, x));
  succeed(own, ap_graph_launch(own.context, graph));
  succeed(own, ap_graph_launch(own.context, graph));
  expect_equal("sum after three", sum, {211, 222, 233});
  succeed(own, ap_graph_destroy(own.context, graph));
  expect_refused(own, ap_graph_destroy(own.context, graph), "no graph of this context");
}

// Memory that a graph uses stays when later calls need more.
void scratch_that_grows() {
  Own own;
  const std::vector<double> few = normal(300), many = normal(70001);
  Array x(AP_FLOAT32, few), more(AP_FLOAT32, many), squares(AP_FLOAT32, {0}), other(AP_FLOAT32, {0});
  succeed(own, ap_sum_of_squares(own.context, 300, x, squares));
  succeed(own, ap_capture_begin(own.context));
  succeed(own, ap_sum_of_squares(own.context, 300, x, squares));
  void* graph = end(own);
  succeed(own, ap_sum_of_squares(own.context, 70001, more, other));
  succeed(own, ap_graph_launch(own.context, graph));
  double expected = 0;
  for (const double value : few) expected += 2 * value * value;
  expect_close("squares", squares, {expected}, 1e-6);
}

// What cannot be part of a graph is refused, and the capture goes on, or ends, without harm to what comes after.
void refused() {
  Own own;
  Array x(AP_FLOAT32, {1, 2}), sum(AP_FLOAT32, {0});
  int64_t address = 0;
  succeed(own, ap_capture_begin(own.context));
  expect_refused(own, ap_capture_begin(own.context), "among calls that are captured");
  expect_refused(own, ap_device_allocate(own.context, 64, &address), "an allocation among");
  expect_refused(own, ap_device_free(own.context, x), "given back among");
  expect_refused(own, ap_staging(own.context, &address), "a transfer among");
  expect_refused(own, ap_upload(own.context, 4, x), "a transfer among");
  expect_refused(own, ap_download(own.context, 4, x), "a transfer among");
  expect_refused(own, ap_synchronize(own.context), "a wait among");
  succeed(own, ap_fill(own.context, AP_FLOAT32, 2, 5, x));
  void* graph = end(own);
  succeed(own, ap_graph_launch(own.context, graph));
  expect_equal("x", x, {5, 5});

  succeed(own, ap_capture_begin(own.context));
  if (ap_sum_of_squares(own.context, 2, x, sum) == 0) fail("scratch memory was allocated in a capture");
  if (ap_capture_end(own.context, &address) == 0 || address != 0) fail("a capture that failed gave a graph");
  expect_refused(own, ap_capture_end(own.context, &address), "nothing is being captured");
  succeed(own, ap_sum_of_squares(own.context, 2, x, sum));
  expect_equal("sum", sum, {50});
}

}  // namespace

int main(int argc, char** argv) {
  Suite suite;
  suite.add("calls that are repeated", repeated);
  suite.add("scratch memory that grows", scratch_that_grows);
  suite.add("what is refused", refused);
  return suite.run(argc, argv);
}
