// What the CUDA library has beside the kernels of autoprog.h: the device, its memory, and the way there and back.
//
// There, addresses are the device's, and a context is a stream: a kernel's call returns before the kernel has run, and
// what a context is asked for happens in the order of the calls. An error of the device may show in a later call.
// ap_linear_forward to bfloat16 rounds its bias to bfloat16 first, as the weight was: so cuBLASLt can add it.
// In bfloat16, ap_linear_gelu_forward does that, too, and rounds h; and with a scale, ap_linear_backward_input rounds
// dy * weight before it is scaled. PyTorch's autocast rounds at the same places; an error is at most twice its own. One
// product, of all rows, is gone over again in place: that moves 2 rows out, or 2 rows in, more.
// ap_group_norm_*: x is read once for the sums and once for the result, and so is dy, by a cache at best.
// ap_convolution_*: the windows are laid out as rows (ap_unfold), and multiplied as by ap_linear_*; to dx, the products
// are summed pixel by pixel, in a fixed order. At most 32 MiB of windows at a time, or 128 of them, or of dx one
// sample's. What is outside x counts as 0: infinity times it is NaN.
#pragma once
#include "autoprog.h"

#pragma GCC visibility push(default)
extern "C" {

// What a call with a context returns where it fails. AP_OUT_OF_MEMORY: the context stays usable. AP_DEVICE_LOST: no
// call will succeed any more, and the process has to end before the device can be used again.
enum { AP_FAILED = 1, AP_OUT_OF_MEMORY = 2, AP_DEVICE_LOST = 3 };

// Why kernels cannot run here (no driver, one that is too old, no device, no cuBLASLt) and what to do; NULL if they
// can. The answer is that of the first call.
const char* ap_device_problem(void);
// The device, its driver, and the cuBLASLt that was found and where; NULL where there is a problem.
const char* ap_device_description(void);
// Bytes of the device's memory that are free now, and all of them; both 0 where there is a problem.
void ap_device_memory(int64_t* free, int64_t* total);

// The cudaStream_t on which a context's kernels run, in the order of the calls; NULL if it has no device. Every call
// returns as soon as its kernels are queued there.
void* ap_context_stream(const ap_context* context);
// The bytes that the last AP_OUT_OF_MEMORY of this context asked for.
int64_t ap_wanted_bytes(const ap_context*);

// address = memory of `bytes` bytes, aligned to 256, its content undefined; it is taken from a pool of the context, in
// the order of its calls.
int ap_device_allocate(ap_context*, int64_t bytes, int64_t* address);
// Gives that back, once what was called before has run. After the context's end: ap_free.
int ap_device_free(ap_context*, void* memory);

// address = where the host writes what ap_upload will take: ap_staging_bytes() bytes that no transfer reads any more.
int ap_staging(ap_context*, int64_t* address);
int64_t ap_staging_bytes(void);
// to = the first `bytes` bytes at the last ap_staging; the call returns before they are there. Kernels that are called
// later see them.
int ap_upload(ap_context*, int64_t bytes, void* to);
// The same, beside what was called before, which must not touch that memory: what is called after ap_await_aside sees
// them.
int ap_upload_aside(ap_context*, int64_t bytes, void* to);
int ap_await_aside(ap_context*);
// The first `bytes` bytes at the last ap_staging = from, once what was called before has run; returns when they are
// there.
int ap_download(ap_context*, int64_t bytes, const void* from);
// Waits until everything that was called has run.
int ap_synchronize(ap_context*);

// From here to ap_capture_end, calls of kernels with this context do not run: they are noted, with their arguments, as a
// graph. Everything else above fails meanwhile, and so does a kernel that needs more memory than any call before.
int ap_capture_begin(ap_context*);
// graph = what was called since ap_capture_begin; 0 where that failed. Either way, calls run again.
int ap_capture_end(ap_context*, int64_t* graph);
// Calls everything in a graph again: with the same numbers, and with what lies at the same addresses by then.
int ap_graph_launch(ap_context*, void* graph);
// Waits until it has run, and gives back what it holds; the context's end does so for all.
int ap_graph_destroy(ap_context*, void* graph);

}  // extern "C"
#pragma GCC visibility pop
