#include <new>

#include "autoprog_cuda.h"
#include "context.cuh"

using namespace autoprog;

ap_context::ap_context() {
  const cudaError_t status = cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking);
  usable = status == cudaSuccess;
  if (!usable) std::snprintf(error, sizeof error, "no CUDA device can be used: %s", cudaGetErrorString(status));
}

ap_context::~ap_context() {
  if (usable) cudaStreamDestroy(stream);
}

// A device has threads of its own: `threads` changes nothing.
ap_context* ap_context_create(int32_t) {
  return new (std::nothrow) ap_context();
}

void ap_context_destroy(ap_context* context) {
  if (context != nullptr && context->usable) cudaStreamSynchronize(context->stream);
  delete context;
}

void* ap_context_stream(const ap_context* context) {
  return context->stream;
}

const char* ap_last_error(const ap_context* context) {
  return context->error;
}

const char* ap_isa(void) {
  return AP_ISA;
}

void* ap_allocate(int64_t bytes) {
  void* memory = nullptr;
  if (cudaMalloc(&memory, static_cast<size_t>(bytes)) == cudaSuccess) return memory;
  cudaGetLastError();  // or the next launch would take it for its own
  return nullptr;
}

void ap_free(void* memory) {
  cudaFree(memory);
}
