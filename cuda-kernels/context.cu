#include <cstdlib>
#include <mutex>
#include <new>
#include <string>
#include <unordered_set>

#include "autoprog_cuda.h"
#include "context.cuh"

using namespace autoprog;

namespace {

// Whether kernels with the products of a warpgroup can run: on Hopper alone, where they were compiled for it.
bool has_wgmma() {
#if defined(AP_HOPPER) || !defined(__CUDACC__)
  int device = 0, major = 0;
  return cudaGetDevice(&device) == cudaSuccess &&
         cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, device) == cudaSuccess && major == 9;
#else
  return false;
#endif
}

// AUTOPROG_ATTENTION=mma, wgmma or wgmma-pairs asks for one kind.
AttentionKernels attention_kernels() {
  const char* variable = std::getenv("AUTOPROG_ATTENTION");
  const std::string wanted = variable == nullptr ? "" : variable;
  if (!has_wgmma() || wanted == "mma") return AttentionKernels::mma;
  if (wanted == "wgmma") return AttentionKernels::wgmma;
  return wanted == "wgmma-pairs" ? AttentionKernels::wgmma_pairs : AttentionKernels::faster;
}

// AUTOPROG_SHARED_BYTES asks for kernels that do with less than the device has.
size_t shared_of_block() {
  int device = 0, most = 0;
  if (cudaGetDevice(&device) != cudaSuccess ||
      cudaDeviceGetAttribute(&most, cudaDevAttrMaxSharedMemoryPerBlockOptin, device) != cudaSuccess) {
    return kLeastShared;
  }
  const char* variable = std::getenv("AUTOPROG_SHARED_BYTES");
  const size_t wanted = variable == nullptr ? SIZE_MAX : std::strtoull(variable, nullptr, 10);
  return std::max(kLeastShared, std::min(static_cast<size_t>(most), wanted));
}

}  // namespace

#ifdef __CUDACC__
void autoprog::allow_all_shared(const void* kernel) {
  static std::mutex mutex;
  static std::unordered_set<const void*> allowed;
  const std::lock_guard<std::mutex> lock(mutex);
  if (allowed.count(kernel) > 0) return;
  int device = 0, most = 0;
  cudaFuncAttributes attributes{};
  check(cudaGetDevice(&device), "the device");
  check(cudaDeviceGetAttribute(&most, cudaDevAttrMaxSharedMemoryPerBlockOptin, device), "the device");
  check(cudaFuncGetAttributes(&attributes, kernel), "a kernel");
  const int dynamic = most - static_cast<int>(attributes.sharedSizeBytes);
  check(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, dynamic), "a kernel's shared memory");
  allowed.insert(kernel);
}
#endif

ap_context::ap_context() {
  const cudaError_t status = cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking);
  usable = status == cudaSuccess;
  if (!usable) std::snprintf(error, sizeof error, "no CUDA device can be used: %s", cudaGetErrorString(status));
  if (usable) attention = attention_kernels();
  if (usable) most_shared = shared_of_block();
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
