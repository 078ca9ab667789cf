// The device's memory for tensors, and the way there and back.
#include "context.cuh"

using namespace autoprog;

namespace {

constexpr int64_t kSlotBytes = int64_t{4} << 20;
constexpr int kSlots = 4;

// Pinned memory of the host, and the event after the last transfer that read it.
class Slot {
 public:
  ~Slot() {
    if (event_ != nullptr) cudaEventDestroy(event_);
    if (memory_ != nullptr) cudaFreeHost(memory_);
  }
  Slot() = default;
  Slot(const Slot&) = delete;
  Slot& operator=(const Slot&) = delete;

  // The memory, once no transfer reads it.
  void* ready() {
    if (event_ == nullptr) check(cudaEventCreateWithFlags(&event_, cudaEventDisableTiming), "an event");
    if (memory_ == nullptr) check(cudaHostAlloc(&memory_, kSlotBytes, cudaHostAllocDefault), "pinned memory");
    check(cudaEventSynchronize(event_), "an upload");
    return memory_;
  }
  void* memory() const {
    if (memory_ == nullptr) throw std::runtime_error("no memory was staged");
    return memory_;
  }
  void used(cudaStream_t stream) { check(cudaEventRecord(event_, stream), "an event"); }

 private:
  void* memory_ = nullptr;
  cudaEvent_t event_ = nullptr;
};

// A context's pool of device memory, and its slots, which uploads take in turn: so the host fills one while others are
// still read. A device without pools is asked for each allocation by itself, which waits for everything that runs.
class Transfers {
 public:
  Transfers() {
    int device = 0, has_pools = 0;
    check(cudaGetDevice(&device), "the device");
    check(cudaDeviceGetAttribute(&has_pools, cudaDevAttrMemoryPoolsSupported, device), "the device");
    if (has_pools == 0) return;
    cudaMemPoolProps properties{};
    properties.allocType = cudaMemAllocationTypePinned;
    properties.handleTypes = cudaMemHandleTypeNone;
    properties.location.type = cudaMemLocationTypeDevice;
    properties.location.id = device;
    if (cudaMemPoolCreate(&pool_, &properties) != cudaSuccess) {
      cudaGetLastError();  // a virtual machine's device may have them in name only
      pool_ = nullptr;
      return;
    }
    // what is given back stays with the pool, for the next allocation, as long as the context lives
    uint64_t keep = ~uint64_t{0};
    const cudaError_t status = cudaMemPoolSetAttribute(pool_, cudaMemPoolAttrReleaseThreshold, &keep);
    if (status != cudaSuccess) cudaMemPoolDestroy(pool_);
    check(status, "a pool of memory");
  }
  ~Transfers() {
    if (arrived_ != nullptr) cudaEventDestroy(arrived_);
    if (aside_ != nullptr) {
      cudaStreamSynchronize(aside_);
      cudaStreamDestroy(aside_);
    }
    if (pool_ != nullptr) cudaMemPoolDestroy(pool_);
  }
  Transfers(const Transfers&) = delete;
  Transfers& operator=(const Transfers&) = delete;

  void* allocate(size_t bytes, cudaStream_t stream) {
    void* memory = nullptr;
    if (pool_ == nullptr) {
      check(cudaMalloc(&memory, bytes), "memory on the device", bytes);
      return memory;
    }
    cudaError_t status = cudaMallocFromPoolAsync(&memory, bytes, pool_, stream);
    if (status == cudaErrorMemoryAllocation) {
      // what the pool keeps in pieces of other sizes may be enough as a whole
      cudaGetLastError();
      check(cudaStreamSynchronize(stream), "a kernel that was called before");
      check(cudaMemPoolTrimTo(pool_, 0), "a pool of memory");
      status = cudaMallocFromPoolAsync(&memory, bytes, pool_, stream);
    }
    check(status, "memory on the device", bytes);
    return memory;
  }
  void free(void* memory, cudaStream_t stream) {
    check(pool_ == nullptr ? cudaFree(memory) : cudaFreeAsync(memory, stream), "memory that is given back");
  }

  Slot& next() {
    current_ = (current_ + 1) % kSlots;
    return slots_[current_];
  }
  Slot& current() { return slots_[current_]; }

  // Copies to the device that take their own way, beside what the context's stream does.
  cudaStream_t aside() {
    if (aside_ == nullptr) {
      check(cudaStreamCreateWithFlags(&aside_, cudaStreamNonBlocking), "a stream");
      check(cudaEventCreateWithFlags(&arrived_, cudaEventDisableTiming), "an event");
    }
    return aside_;
  }
  // Has what the stream does from now on wait for them.
  void await_aside(cudaStream_t stream) {
    if (aside_ == nullptr) return;
    check(cudaEventRecord(arrived_, aside_), "an event");
    check(cudaStreamWaitEvent(stream, arrived_, 0), "an upload");
  }

 private:
  cudaMemPool_t pool_ = nullptr;
  Slot slots_[kSlots];
  int current_ = 0;
  cudaStream_t aside_ = nullptr;
  cudaEvent_t arrived_ = nullptr;
};

Transfers& transfers_of(ap_context* context) {
  if (context->transfers == nullptr) context->transfers = std::make_shared<Transfers>();
  return *static_cast<Transfers*>(context->transfers.get());
}

void check_staged(int64_t bytes) {
  if (bytes < 0 || bytes > kSlotBytes) throw std::runtime_error("more than was staged: " + std::to_string(bytes));
}

// What was staged goes to the device, in the order of a stream's work.
void upload(ap_context* context, cudaStream_t stream, int64_t bytes, void* to) {
  check_not_capturing(context, "a transfer");
  check_staged(bytes);
  Slot& slot = transfers_of(context).current();
  check(cudaMemcpyAsync(to, slot.memory(), static_cast<size_t>(bytes), cudaMemcpyHostToDevice, stream), "an upload");
  slot.used(stream);
}

}  // namespace

int ap_device_allocate(ap_context* context, int64_t bytes, int64_t* address) {
  return guarded(context, [&] {
    check_not_capturing(context, "an allocation");
    void* memory = transfers_of(context).allocate(static_cast<size_t>(bytes), context->stream);
    *address = static_cast<int64_t>(reinterpret_cast<intptr_t>(memory));
  });
}

int ap_device_free(ap_context* context, void* memory) {
  return guarded(context, [&] {
    check_not_capturing(context, "memory that is given back");
    transfers_of(context).free(memory, context->stream);
  });
}

int64_t ap_staging_bytes(void) {
  return kSlotBytes;
}

int ap_staging(ap_context* context, int64_t* address) {
  return guarded(context, [&] {
    check_not_capturing(context, "a transfer");
    *address = static_cast<int64_t>(reinterpret_cast<intptr_t>(transfers_of(context).next().ready()));
  });
}

int ap_upload(ap_context* context, int64_t bytes, void* to) {
  return guarded(context, [&] { upload(context, context->stream, bytes, to); });
}

int ap_upload_aside(ap_context* context, int64_t bytes, void* to) {
  return guarded(context, [&] { upload(context, transfers_of(context).aside(), bytes, to); });
}

int ap_await_aside(ap_context* context) {
  return guarded(context, [&] {
    check_not_capturing(context, "a transfer");
    transfers_of(context).await_aside(context->stream);
  });
}

int ap_download(ap_context* context, int64_t bytes, const void* from) {
  return guarded(context, [&] {
    check_not_capturing(context, "a transfer");
    check_staged(bytes);
    Slot& slot = transfers_of(context).current();
    check(cudaMemcpyAsync(slot.memory(), from, static_cast<size_t>(bytes), cudaMemcpyDeviceToHost, context->stream),
          "a download");
    check(cudaStreamSynchronize(context->stream), "a kernel that was called before");
  });
}

int ap_synchronize(ap_context* context) {
  return guarded(context, [&] {
    check_not_capturing(context, "a wait");
    check(cudaStreamSynchronize(context->stream), "a kernel that was called before");
  });
}

int64_t ap_wanted_bytes(const ap_context* context) {
  return context->wanted_bytes;
}
