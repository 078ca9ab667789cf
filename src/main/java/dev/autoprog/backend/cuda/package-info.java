/**
 * The backend {@code cuda}: loads the kernels that nvcc compiled from {@code cuda-kernels}, where
 * there is a device to run them, and manages its memory.
 *
 * <p>Not public API: free to change.
 */
package dev.autoprog.backend.cuda;
