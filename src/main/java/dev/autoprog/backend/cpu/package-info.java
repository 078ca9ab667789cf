/**
 * The backend {@code cpu}: finds out which instruction set the processor has, and loads the kernels
 * that were compiled for it from {@code src/main/native}.
 *
 * <p>Not public API: free to change.
 */
package dev.autoprog.backend.cpu;
