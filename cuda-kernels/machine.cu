// What this machine has to run kernels on.
#include "cublaslt.cuh"

using namespace autoprog;

namespace {

constexpr int kLeastMajor = 8;  // Ampere: tensor cores for bfloat16, and copies past the registers

std::string version(int number) {
  return std::to_string(number / 1000) + "." + std::to_string(number % 1000 / 10);
}

struct Machine {
  std::string problem, description;

  Machine() {
    int driver = 0, runtime = 0, count = 0;
    cudaRuntimeGetVersion(&runtime);
    if (cudaDriverGetVersion(&driver) != cudaSuccess || driver == 0) {
      problem = "no NVIDIA driver: libcuda.so.1 is not there, or cannot be loaded; install the driver of your GPU";
    } else if (const cudaError_t status = cudaGetDeviceCount(&count); status != cudaSuccess || count == 0) {
      problem = driver / 1000 < runtime / 1000
                    ? "the driver is too old: it can do CUDA " + version(driver) + ", and this build needs " +
                          version(runtime) + "; update the driver, or build with an older CUDA toolkit"
                    : std::string("no device can be used: ") +
                          cudaGetErrorString(status == cudaSuccess ? cudaErrorNoDevice : status);
    } else {
      describe(driver);
    }
    cudaGetLastError();
  }

  void describe(int driver) {
    cudaDeviceProp device{};
    size_t free = 0, total = 0;
    cudaError_t status = cudaGetDeviceProperties(&device, 0);
    if (status == cudaSuccess) status = cudaMemGetInfo(&free, &total);
    if (status != cudaSuccess) {
      problem = std::string("the device cannot be used: ") + cudaGetErrorString(status);
      return;
    }
    const std::string text = std::string(device.name) + " (compute capability " + std::to_string(device.major) + "." +
                             std::to_string(device.minor) + ", " + std::to_string(total / 1'000'000'000) +
                             " GB), driver for CUDA " + version(driver);
    if (device.major < kLeastMajor) {
      problem = text + ": the kernels need compute capability 8.0 (Ampere) or later";
    } else if (!lt::Library::get().problem().empty()) {
      problem = lt::Library::get().problem();
    } else {
      description = text + ", " + lt::Library::get().description();
    }
  }
};

const Machine& machine() {
  static const Machine machine;
  return machine;
}

}  // namespace

const char* ap_device_problem(void) {
  return machine().problem.empty() ? nullptr : machine().problem.c_str();
}

const char* ap_device_description(void) {
  return machine().problem.empty() ? machine().description.c_str() : nullptr;
}

void ap_device_memory(int64_t* free, int64_t* total) {
  size_t free_bytes = 0, all_bytes = 0;
  if (!machine().problem.empty() || cudaMemGetInfo(&free_bytes, &all_bytes) != cudaSuccess) {
    cudaGetLastError();
    free_bytes = all_bytes = 0;
  }
  *free = static_cast<int64_t>(free_bytes);
  *total = static_cast<int64_t>(all_bytes);
}
