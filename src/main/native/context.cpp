#include "context.hpp"

ap_context* ap_context_create(int32_t threads) {
  try {
    return new ap_context(threads);
  } catch (const std::exception&) {
    return nullptr;  // no memory, or no threads
  }
}

void ap_context_destroy(ap_context* context) {
  delete context;
}

const char* ap_last_error(const ap_context* context) {
  return context->error;
}

const char* ap_isa(void) {
  return AP_ISA;
}
