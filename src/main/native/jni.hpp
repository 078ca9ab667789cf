// What Java calls, through the glue that JavaCPP writes: the functions of a library that was opened at run time. So one
// piece of glue serves every library of kernels, and links to none.
//
// functions.inc, which build.sh makes, has AP_FUNCTION(name) for each function of autoprog.h and AP_OWN_FUNCTION(name)
// for those of autoprog_cpu.h and autoprog_cuda.h, which one library alone has.
#pragma once
#include <dlfcn.h>

#include <new>
#include <type_traits>

#include "autoprog.h"
#include "autoprog_cpu.h"
#include "autoprog_cuda.h"

namespace autoprog::jni {

// The addresses of a library's functions; NULL for those that only another has.
struct Library {
#define AP_FUNCTION(name) decltype(&::name) name = nullptr;
#define AP_OWN_FUNCTION(name) AP_FUNCTION(name)
#include "functions.inc"
#undef AP_OWN_FUNCTION
#undef AP_FUNCTION
};

// A context, and the library that it comes from.
struct Context {
  const Library* library;
  ap_context* context;
};

// library = the library in the file, which stays open for good. NULL, or what is wrong with the file.
inline const char* open(const char* file, int64_t* library) {
  void* handle = dlopen(file, RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) return dlerror();
  auto* opened = new (std::nothrow) Library;
  if (opened == nullptr) return "there is no memory for it";
  const char* missing = nullptr;
  const auto find = [&](auto& function, const char* name) {
    function = reinterpret_cast<std::decay_t<decltype(function)>>(dlsym(handle, name));
    return function != nullptr;
  };
#define AP_FUNCTION(name) \
  if (!find(opened->name, #name)) missing = "it has no " #name;
#define AP_OWN_FUNCTION(name) find(opened->name, #name);
#include "functions.inc"
#undef AP_OWN_FUNCTION
#undef AP_FUNCTION
  *library = static_cast<int64_t>(reinterpret_cast<intptr_t>(opened));
  return missing;
}

// A context of the library; NULL if there is no memory for it.
inline Context* create(const Library* library, int32_t threads) {
  ap_context* context = library->ap_context_create(threads);
  if (context == nullptr) return nullptr;
  auto* created = new (std::nothrow) Context{library, context};
  if (created == nullptr) library->ap_context_destroy(context);
  return created;
}
inline void destroy(Context* context) {
  context->library->ap_context_destroy(context->context);
  delete context;
}

// A function of a library, called with a context of it, or with the library where it takes no context.
template <auto Function>
struct Call {
  template <class... Arguments>
  auto operator()(const Context* context, Arguments... arguments) const {
    return (context->library->*Function)(context->context, arguments...);
  }
  template <class... Arguments>
  auto operator()(const Library* library, Arguments... arguments) const {
    return (library->*Function)(arguments...);
  }
};
#define AP_FUNCTION(name) inline constexpr Call<&Library::name> name;
#define AP_OWN_FUNCTION(name) AP_FUNCTION(name)
#include "functions.inc"
#undef AP_OWN_FUNCTION
#undef AP_FUNCTION

}  // namespace autoprog::jni

// JavaCPP writes types without their namespace
using autoprog::jni::Context;
using autoprog::jni::Library;
