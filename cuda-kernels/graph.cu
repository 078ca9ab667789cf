// A sequence of calls as a CUDA graph: captured once, launched again as a whole.
#include <algorithm>
#include <vector>

#include "context.cuh"

using namespace autoprog;

namespace {

// The graphs of a context, which end with it.
class Graphs {
 public:
  ~Graphs() {
    for (cudaGraphExec_t graph : graphs_) cudaGraphExecDestroy(graph);
  }
  Graphs() = default;
  Graphs(const Graphs&) = delete;
  Graphs& operator=(const Graphs&) = delete;

  void add(cudaGraphExec_t graph) { graphs_.push_back(graph); }
  void destroy(cudaGraphExec_t graph) {
    const auto found = std::find(graphs_.begin(), graphs_.end(), graph);
    if (found == graphs_.end()) throw std::runtime_error("no graph of this context");
    graphs_.erase(found);
    check(cudaGraphExecDestroy(graph), "a graph");
  }

 private:
  std::vector<cudaGraphExec_t> graphs_;
};

Graphs& graphs_of(ap_context* context) {
  if (context->graphs == nullptr) context->graphs = std::make_shared<Graphs>();
  return *static_cast<Graphs*>(context->graphs.get());
}

}  // namespace

int ap_capture_begin(ap_context* context) {
  return guarded(context, [&] {
    check_not_capturing(context, "another capture");
    check(cudaStreamBeginCapture(context->stream, cudaStreamCaptureModeThreadLocal), "a capture");
    context->capturing = true;
  });
}

int ap_capture_end(ap_context* context, int64_t* graph) {
  *graph = 0;
  return guarded(context, [&] {
    if (!context->capturing) throw std::runtime_error("nothing is being captured");
    context->capturing = false;
    cudaGraph_t captured = nullptr;
    check(cudaStreamEndCapture(context->stream, &captured), "a capture");
    cudaGraphExec_t made = nullptr;
    const cudaError_t status = cudaGraphInstantiateWithFlags(&made, captured, 0);
    cudaGraphDestroy(captured);
    check(status, "a graph");
    graphs_of(context).add(made);
    // here, where it may fail, and not at the first launch
    const cudaError_t uploaded = cudaGraphUpload(made, context->stream);
    if (uploaded != cudaSuccess) graphs_of(context).destroy(made);
    check(uploaded, "a graph");
    *graph = static_cast<int64_t>(reinterpret_cast<intptr_t>(made));
  });
}

int ap_graph_launch(ap_context* context, void* graph) {
  return guarded(context, [&] {
    check_not_capturing(context, "a graph");
    check(cudaGraphLaunch(static_cast<cudaGraphExec_t>(graph), context->stream), "a graph");
  });
}

int ap_graph_destroy(ap_context* context, void* graph) {
  return guarded(context, [&] {
    check(cudaStreamSynchronize(context->stream), "a kernel that was called before");
    graphs_of(context).destroy(static_cast<cudaGraphExec_t>(graph));
  });
}
