// What the library of CPU kernels has beside the kernels.
#pragma once
#include "autoprog.h"

#pragma GCC visibility push(default)
extern "C" {

// The version of the oneDNN that was loaded, such as "3.11.0".
const char* ap_onednn_version(void);

// ---- machine.cpp: what this machine can do at most, on the context's threads -------------------------------------
// float32 operations per second (a multiply-add is two) of a loop that touches registers alone, the best of the
// runs that fit in `seconds`
double ap_measure_multiply_adds(ap_context*, double seconds);
// the same for bfloat16 dot products summed in float32 (AVX512-BF16); 0 on a processor without them
double ap_measure_bf16_dot_products(ap_context*, double seconds);
// bytes_per_second (1) = the rate of a = b + 3 c over arrays that together are six times the third-level cache, the
// best of the runs that fit in `seconds` by ordinary stores, and as many by stores past the caches. Counted as three
// streams: b, c and a once each, not what an ordinary store reads first; an update in place, which has read all that it
// writes, can exceed it by half. McCalpin 1995
int ap_measure_triad(ap_context*, double seconds, double* bytes_per_second);

}  // extern "C"
#pragma GCC visibility pop
