// The functions of the CUDA runtime that launchers call, for a device that is the host: whatever is queued has run when
// the call returns, unless the thread captures. What would wait then, or is not the stream's, ends the capture, as it
// does on a device. With AUTOPROG_EMULATION=idle nothing that is queued runs, and memory is zero: what is left is the
// work of the host. AUTOPROG_EMULATION_BYTES is how much memory the device has.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <map>
#include <mutex>
#include <set>

#include "simt.hpp"

namespace {

constexpr int kVersion = 13000;
constexpr int kMajor = 9;  // of the compute capability
constexpr size_t kAlignment = 256;
thread_local cudaError_t last_error = cudaSuccess;

// As the device says; without a wish, how much there is the host decides.
size_t device_bytes() {
  static const size_t bytes = [] {
    const char* wish = std::getenv("AUTOPROG_EMULATION_BYTES");
    return wish == nullptr ? size_t{1} << 40 : std::strtoull(wish, nullptr, 10);
  }();
  return bytes;
}

// What is allocated, and where.
class Ledger {
 public:
  void* take(size_t bytes) {
    const std::lock_guard lock(mutex_);
    if (bytes > device_bytes() - taken_) return nullptr;
    void* memory = std::aligned_alloc(kAlignment, bytes);
    if (memory != nullptr) {
      sizes_[memory] = bytes;
      taken_ += bytes;
    }
    return memory;
  }
  void give_back(void* memory) {
    const std::lock_guard lock(mutex_);
    const auto found = sizes_.find(memory);
    if (found == sizes_.end()) return;
    taken_ -= found->second;
    sizes_.erase(found);
    std::free(memory);
  }
  size_t bytes(void* memory) {
    const std::lock_guard lock(mutex_);
    const auto found = sizes_.find(memory);
    return found == sizes_.end() ? 0 : found->second;
  }
  size_t free_bytes() {
    const std::lock_guard lock(mutex_);
    return device_bytes() - taken_;
  }

 private:
  std::mutex mutex_;
  std::map<void*, size_t> sizes_;
  size_t taken_ = 0;
};
Ledger ledger;

bool idle() {
  static const bool idle = [] {
    const char* wish = std::getenv("AUTOPROG_EMULATION");
    return wish != nullptr && std::strcmp(wish, "idle") == 0;
  }();
  return idle;
}

cudaError_t noted(cudaError_t status) {
  if (status != cudaSuccess) last_error = status;
  return status;
}

}  // namespace

struct CUgraph_st {
  std::vector<std::function<void()>> work;
};
struct CUgraphExec_st : CUgraph_st {};

namespace {

thread_local CUgraph_st* capture = nullptr;
thread_local bool capture_is_valid = false;

// What must not come between captured calls.
cudaError_t unless_capturing() {
  if (capture == nullptr) return cudaSuccess;
  capture_is_valid = false;
  return noted(cudaErrorStreamCaptureUnsupported);
}

std::recursive_mutex streams_mutex;  // of all streams, and what they have queued
std::set<cudaStream_t> streams;

}  // namespace

// Copies to the device arrive as late as they may: when the stream does something else, or somebody waits for it.
struct CUstream_st {
  struct Copy {
    void* to;
    const void* from;
    size_t bytes;
  };
  void add(const Copy& copy) {
    const std::lock_guard lock(streams_mutex);
    copies.push_back(copy);
  }
  // Until so many have arrived since the stream began.
  void flush(size_t wanted = SIZE_MAX) {
    const std::lock_guard lock(streams_mutex);
    for (; arrived < wanted && !copies.empty(); arrived++) {
      std::memcpy(copies.front().to, copies.front().from, copies.front().bytes);
      copies.pop_front();
    }
  }
  size_t queued() const {
    const std::lock_guard lock(streams_mutex);
    return arrived + copies.size();
  }
  // Whether one is on its way to the memory that begins there.
  bool fills(const void* memory, size_t bytes) const {
    const auto begin = reinterpret_cast<uintptr_t>(memory);
    return std::any_of(copies.begin(), copies.end(), [&](const Copy& copy) {
      const auto to = reinterpret_cast<uintptr_t>(copy.to);
      return to < begin + bytes && begin < to + copy.bytes;
    });
  }
  std::deque<Copy> copies;  // still on their way
  size_t arrived = 0;
};
struct CUevent_st {
  void wait() const {
    if (recorded_in != nullptr) recorded_in->flush(copies);
  }
  cudaStream_t recorded_in = nullptr;
  size_t copies = 0;
};

namespace {

// As a device does that is asked to wait, or to give memory back.
void flush_all() {
  const std::lock_guard lock(streams_mutex);
  for (cudaStream_t stream : streams) stream->flush();
}

}  // namespace

void simt::enqueue(cudaStream_t stream, std::function<void()> work) {
  if (capture != nullptr) {
    capture->work.push_back(std::move(work));
    return;
  }
  if (stream != nullptr) stream->flush();
  if (!idle()) work();
}

cudaError_t cudaStreamBeginCapture(cudaStream_t, cudaStreamCaptureMode) {
  if (capture != nullptr) return noted(cudaErrorIllegalState);
  capture = new CUgraph_st;
  capture_is_valid = true;
  return cudaSuccess;
}
cudaError_t cudaStreamEndCapture(cudaStream_t, cudaGraph_t* graph) {
  if (capture == nullptr) return noted(cudaErrorIllegalState);
  *graph = capture;
  capture = nullptr;
  if (capture_is_valid) return cudaSuccess;
  cudaGraphDestroy(*graph);
  *graph = nullptr;
  return noted(cudaErrorStreamCaptureInvalidated);
}
cudaError_t cudaGraphInstantiateWithFlags(cudaGraphExec_t* made, cudaGraph_t graph, unsigned long long) {
  *made = new CUgraphExec_st{*graph};
  return cudaSuccess;
}
cudaError_t cudaGraphUpload(cudaGraphExec_t, cudaStream_t) {
  return unless_capturing();
}
cudaError_t cudaGraphLaunch(cudaGraphExec_t graph, cudaStream_t stream) {
  stream->flush();
  if (idle()) return cudaSuccess;
  for (const auto& work : graph->work) work();
  return cudaSuccess;
}
cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  delete graph;
  return cudaSuccess;
}
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t graph) {
  delete graph;
  return cudaSuccess;
}

// The memory is NaN, whichever type it is read as.
cudaError_t cudaMalloc(void** memory, size_t bytes) {
  *memory = nullptr;
  if (const cudaError_t status = unless_capturing(); status != cudaSuccess) return status;
  const size_t rounded = (bytes + kAlignment - 1) / kAlignment * kAlignment;
  *memory = ledger.take(rounded);
  if (*memory == nullptr) return noted(cudaErrorMemoryAllocation);
  std::memset(*memory, idle() ? 0 : 0xff, rounded);
  return cudaSuccess;
}
cudaError_t cudaFree(void* memory) {
  flush_all();
  ledger.give_back(memory);
  return cudaSuccess;
}
cudaError_t cudaHostAlloc(void** memory, size_t bytes, unsigned) {
  *memory = nullptr;
  if (const cudaError_t status = unless_capturing(); status != cudaSuccess) return status;
  *memory = std::calloc(1, bytes);
  return noted(*memory == nullptr ? cudaErrorMemoryAllocation : cudaSuccess);
}
cudaError_t cudaFreeHost(void* memory) {
  std::free(memory);
  return cudaSuccess;
}
cudaError_t cudaMemcpy(void* to, const void* from, size_t bytes, cudaMemcpyKind) {
  std::memcpy(to, from, bytes);
  return unless_capturing();
}
cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t bytes, cudaMemcpyKind kind, cudaStream_t stream) {
  if (capture != nullptr || kind == cudaMemcpyDeviceToHost) {
    simt::enqueue(stream, [=] { std::memcpy(to, from, bytes); });
  } else {
    stream->add({to, from, bytes});
  }
  return cudaSuccess;
}

// A pool is the heap.
struct CUmemPoolHandle_st {};
cudaError_t cudaMemPoolCreate(cudaMemPool_t* pool, const cudaMemPoolProps*) {
  *pool = new CUmemPoolHandle_st;
  return cudaSuccess;
}
cudaError_t cudaMemPoolDestroy(cudaMemPool_t pool) {
  delete pool;
  return cudaSuccess;
}
cudaError_t cudaMemPoolSetAttribute(cudaMemPool_t, cudaMemPoolAttr, void*) {
  return cudaSuccess;
}
cudaError_t cudaMemPoolTrimTo(cudaMemPool_t, size_t) {
  return cudaSuccess;
}
cudaError_t cudaMallocFromPoolAsync(void** memory, size_t bytes, cudaMemPool_t, cudaStream_t stream) {
  stream->flush();
  return cudaMalloc(memory, bytes);
}
// What the stream itself still does comes before; what another one writes there, does not.
cudaError_t cudaFreeAsync(void* memory, cudaStream_t stream) {
  stream->flush();
  const std::lock_guard lock(streams_mutex);
  for (cudaStream_t other : streams) {
    if (other->fills(memory, ledger.bytes(memory))) return noted(cudaErrorIllegalState);
  }
  ledger.give_back(memory);
  return cudaSuccess;
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) {
  *stream = new CUstream_st;
  const std::lock_guard lock(streams_mutex);
  streams.insert(*stream);
  return cudaSuccess;
}
cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  stream->flush();
  {
    const std::lock_guard lock(streams_mutex);
    streams.erase(stream);
  }
  delete stream;
  return cudaSuccess;
}
cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  stream->flush();
  return unless_capturing();
}
cudaError_t cudaStreamQuery(cudaStream_t) {
  return unless_capturing();
}
cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned) {
  if (event->recorded_in != stream) event->wait();
  return cudaSuccess;
}
cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) {
  *event = new CUevent_st;
  return cudaSuccess;
}
cudaError_t cudaEventDestroy(cudaEvent_t event) {
  delete event;
  return cudaSuccess;
}
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  event->recorded_in = stream;
  event->copies = stream->queued();
  return cudaSuccess;
}
cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  event->wait();
  return cudaSuccess;
}

cudaError_t cudaRuntimeGetVersion(int* version) {
  *version = kVersion;
  return cudaSuccess;
}
cudaError_t cudaDriverGetVersion(int* version) {
  *version = kVersion;
  return cudaSuccess;
}
cudaError_t cudaGetDeviceCount(int* count) {
  *count = 1;
  return cudaSuccess;
}
cudaError_t cudaGetDevice(int* device) {
  *device = 0;
  return cudaSuccess;
}
cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int) {
  switch (attribute) {
    case cudaDevAttrComputeCapabilityMajor:
      *value = kMajor;
      break;
    case cudaDevAttrMaxSharedMemoryPerBlockOptin:
      *value = static_cast<int>(simt::options.most_shared);
      break;
    default:
      *value = 1;
  }
  return cudaSuccess;
}
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int) {
  std::snprintf(properties->name, sizeof properties->name, "an emulated GPU");
  properties->major = kMajor;
  properties->minor = 0;
  return cudaSuccess;
}
cudaError_t cudaMemGetInfo(size_t* free, size_t* total) {
  *free = ledger.free_bytes();
  *total = device_bytes();
  return cudaSuccess;
}
cudaError_t cudaDeviceSynchronize() {
  flush_all();
  return unless_capturing();
}
cudaError_t cudaGetLastError() {
  const cudaError_t error = last_error;
  last_error = cudaSuccess;
  return error;
}
const char* cudaGetErrorString(cudaError_t error) {
  switch (error) {
    case cudaErrorMemoryAllocation:
      return "out of memory";
    case cudaErrorStreamCaptureUnsupported:
      return "not while a stream captures";
    case cudaErrorStreamCaptureInvalidated:
      return "the capture was ended by an earlier call";
    default:
      return "an error of the emulated runtime";
  }
}
