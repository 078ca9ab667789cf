/**
 * The backend {@code cuda}. Everything that computes is native, compiled by nvcc from {@code
 * cuda-kernels}, except for matrix products, which the kernels' library asks cuBLASLt for. The
 * classes here load that library and hand arguments over, one interface per kernel family, named as
 * its CUDA file.
 *
 * <p>Not public API: free to change.
 */
package dev.autoprog.backend.cuda;
