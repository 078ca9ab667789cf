// What libautoprog_cuda.so has beside the kernels of autoprog.h.
#pragma once
#include "autoprog.h"

#pragma GCC visibility push(default)
extern "C" {

// The cudaStream_t on which a context's kernels run, in the order of the calls; NULL if it has no device. Every call
// returns as soon as its kernels are queued there.
void* ap_context_stream(const ap_context* context);

}  // extern "C"
#pragma GCC visibility pop
