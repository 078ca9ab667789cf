// cuBLASLt, which comes from the machine: found, and loaded, when it is first needed. Host code.
//
// What is declared here is the part of its interface that linear.cu uses, as version 12 and 13 have it: so the library
// is built without cuBLAS, and loads without it.
#pragma once
#include <dlfcn.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include "context.cuh"

namespace autoprog::lt {

// ---- declarations ------------------------------------------------------------------------------------------------

using Status = int;
using Handle = struct HandleOpaque*;
using Operation = struct OperationOpaque*;
using Layout = struct LayoutOpaque*;
using Preference = struct PreferenceOpaque*;

struct Algorithm {
  uint64_t data[8];
};
struct Heuristic {
  Algorithm algorithm;
  size_t workspace;
  Status state;
  float waves;
  int reserved[4];
};
static_assert(sizeof(Heuristic) == 96, "as cublasLtMatmulHeuristicResult_t");

constexpr Status kSuccess = 0;
enum Type : int32_t { kFloat32 = 0, kBFloat16 = 14 };
enum Transposed : int32_t { kAsItIs = 0, kTransposed = 1 };
// Products of float32 without TF32, sums in float32.
constexpr int32_t kCompute = 68;
enum Epilogue : uint32_t { kNoEpilogue = 1, kBias = 4 };
enum OperationAttribute : int32_t { kTransposeA = 3, kTransposeB = 4, kEpilogue = 7, kBiasAddress = 8 };
enum PreferenceAttribute : int32_t {
  kMostWorkspace = 1,
  kReductions = 3,
  kAlignmentA = 5,
  kAlignmentB = 6,
  kAlignmentC = 7,
  kAlignmentD = 8
};
// Parts of a sum meet in the workspace, in float32: no rounding between, and always in the same order.
constexpr uint32_t kReduceInFloat32 = 2;

// ---- where it lies -----------------------------------------------------------------------------------------------

namespace fs = std::filesystem;

// The directories in `folder` whose names begin with `prefix`.
inline std::vector<fs::path> folders(const fs::path& folder, const std::string& prefix) {
  std::vector<fs::path> found;
  std::error_code ignored;
  for (fs::directory_iterator i(folder, ignored), end; i != end; i.increment(ignored)) {
    if (i->path().filename().string().rfind(prefix, 0) == 0 && i->is_directory(ignored)) found.push_back(i->path());
  }
  std::sort(found.rbegin(), found.rend());  // the newest first
  return found;
}

inline std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// Where Pythons keep what is installed: the one on the PATH, virtual environments, the system's, the user's.
inline std::vector<fs::path> python_prefixes() {
  std::vector<fs::path> prefixes;
  for (const char* name : {"VIRTUAL_ENV", "CONDA_PREFIX"}) {
    if (!variable(name).empty()) prefixes.push_back(variable(name));
  }
  std::error_code ignored;
  const std::string path = variable("PATH");
  for (size_t begin = 0; begin <= path.size();) {
    const size_t end = std::min(path.find(':', begin), path.size());
    fs::path python = fs::path(path.substr(begin, end - begin)) / "python3";
    // a link may lead to that of a virtual environment, and on to the Python that it was made from
    for (int links = 0; end > begin && links < 8 && fs::exists(python, ignored); links++) {
      prefixes.push_back(python.parent_path().parent_path());
      const fs::path next = fs::read_symlink(python, ignored);
      if (next.empty()) break;
      python = (python.parent_path() / next).lexically_normal();
    }
    begin = end + 1;
  }
  prefixes.insert(prefixes.end(), {"/usr/local", "/usr", "/usr/lib"});
  for (const fs::path& folder : folders("/opt", "")) {
    prefixes.insert(prefixes.end(), {folder, folder / ".venv", folder / "venv"});
  }
  if (!variable("HOME").empty()) prefixes.push_back(variable("HOME") + "/.local");
  return prefixes;
}

inline std::vector<fs::path> library_folders() {
  std::vector<fs::path> found;
  for (const char* name : {"CUDA_HOME", "CUDA_PATH"}) {
    if (!variable(name).empty()) found.push_back(fs::path(variable(name)) / "lib64");
  }
  found.push_back("/usr/local/cuda/lib64");
  for (const fs::path& cuda : folders("/usr/local", "cuda-")) found.push_back(cuda / "lib64");
  for (const fs::path& prefix : python_prefixes()) {
    std::vector<fs::path> pythons = folders(prefix / "lib", "python3");
    pythons.push_back(prefix / "python3");  // Debian's, of /usr/lib
    for (const fs::path& python : pythons) {
      for (const char* packages : {"site-packages", "dist-packages"}) {
        for (const char* package : {"nvidia/cu13/lib", "nvidia/cublas/lib"}) {
          found.push_back(python / packages / package);
        }
      }
    }
  }
  return found;
}

// ---- the library -------------------------------------------------------------------------------------------------

class Library {
 public:
  // The library, found and loaded by the first call.
  static const Library& get() {
    static const Library library;
    return library;
  }

  // Why it cannot be used, and what to do; empty if it can.
  const std::string& problem() const { return problem_; }
  // Its version and where it was found.
  std::string description() const {
    const size_t version = get_version();
    return "cuBLASLt " + std::to_string(version / 10000) + "." + std::to_string(version / 100 % 100) + "." +
           std::to_string(version % 100) + " (" + place_ + ")";
  }

  size_t (*get_version)() = nullptr;
  Status (*create)(Handle*) = nullptr;
  Status (*operation_create)(Operation*, int32_t compute, int32_t scale_type) = nullptr;
  Status (*operation_destroy)(Operation) = nullptr;
  Status (*operation_set)(Operation, int32_t attribute, const void* value, size_t bytes) = nullptr;
  Status (*layout_create)(Layout*, int32_t type, uint64_t rows, uint64_t columns, int64_t stride) = nullptr;
  Status (*layout_destroy)(Layout) = nullptr;
  Status (*preference_create)(Preference*) = nullptr;
  Status (*preference_destroy)(Preference) = nullptr;
  Status (*preference_set)(Preference, int32_t attribute, const void* value, size_t bytes) = nullptr;
  Status (*heuristic)(Handle, Operation, Layout a, Layout b, Layout c, Layout d, Preference, int wanted, Heuristic*,
                      int* found) = nullptr;
  Status (*multiply)(Handle, Operation, const void* alpha, const void* a, Layout, const void* b, Layout,
                     const void* beta, const void* c, Layout, void* d, Layout, const Algorithm*, void* workspace,
                     size_t workspace_bytes, cudaStream_t) = nullptr;

 private:
  static constexpr const char* kVariable = "AUTOPROG_CUBLASLT";

  Library() {
    void* library = load();
    if (library == nullptr) {
      if (problem_.empty()) {
        problem_ = std::string("cuBLASLt was not found: no libcublasLt.so.13 or .12 on the library path, in ") +
                   "CUDA_HOME, in /usr/local/cuda*, nor among the packages of a Python. Install it (the CUDA toolkit " +
                   "has it, and so has pip install nvidia-cublas), or name the file: " + kVariable +
                   "=/path/to/libcublasLt.so.13";
      }
      return;
    }
    resolve(library, "cublasLtGetVersion", get_version);
    resolve(library, "cublasLtCreate", create);
    resolve(library, "cublasLtMatmulDescCreate", operation_create);
    resolve(library, "cublasLtMatmulDescDestroy", operation_destroy);
    resolve(library, "cublasLtMatmulDescSetAttribute", operation_set);
    resolve(library, "cublasLtMatrixLayoutCreate", layout_create);
    resolve(library, "cublasLtMatrixLayoutDestroy", layout_destroy);
    resolve(library, "cublasLtMatmulPreferenceCreate", preference_create);
    resolve(library, "cublasLtMatmulPreferenceDestroy", preference_destroy);
    resolve(library, "cublasLtMatmulPreferenceSetAttribute", preference_set);
    resolve(library, "cublasLtMatmulAlgoGetHeuristic", heuristic);
    resolve(library, "cublasLtMatmul", multiply);
  }

  template <class Function>
  void resolve(void* library, const char* name, Function& function) {
    function = reinterpret_cast<Function>(dlsym(library, name));
    if (function == nullptr && problem_.empty()) problem_ = "cuBLASLt (" + place_ + ") has no " + name;
  }

  // The file that was named, else what the process has or the linker finds, else what lies in the usual places.
  void* load() {
    const std::string named = variable(kVariable);
    if (!named.empty()) {
      void* library = open(named);
      if (library == nullptr) problem_ = std::string(kVariable) + " names what cannot be loaded: " + dlerror();
      return library;
    }
    if (dlsym(RTLD_DEFAULT, "cublasLtCreate") != nullptr) {
      place_ = "in the process already";
      return dlopen(nullptr, RTLD_NOW);
    }
    const char* const names[] = {"libcublasLt.so.13", "libcublasLt.so.12"};
    for (const char* name : names) {
      if (void* library = open(name)) return library;
    }
    for (const char* name : names) {
      for (const fs::path& folder : library_folders()) {
        std::error_code ignored;
        if (!fs::exists(folder / name, ignored)) continue;
        if (void* library = open((folder / name).string())) return library;
      }
    }
    return nullptr;
  }

  void* open(const std::string& file) {
    void* library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) return nullptr;
    place_ = file;
    Dl_info info;
    const void* function = dlsym(library, "cublasLtCreate");
    if (function != nullptr && dladdr(function, &info) != 0) place_ = info.dli_fname;
    return library;
  }

  std::string place_, problem_;
};

inline void check(Status status, const char* what) {
  if (status != kSuccess) {
    throw std::runtime_error(std::string(what) + ": cuBLASLt returned status " + std::to_string(status));
  }
}

}  // namespace autoprog::lt
