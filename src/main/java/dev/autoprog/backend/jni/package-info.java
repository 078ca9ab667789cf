/**
 * Kernels in native libraries. The CPU's and CUDA's have the same functions, those of {@code
 * autoprog.h}; {@link dev.autoprog.backend.jni.KernelFunctions} declares them once, and one
 * interface per kernel family, named as its C++ file, hands a tensor's arguments over.
 *
 * <p>Not public API: free to change.
 */
package dev.autoprog.backend.jni;
