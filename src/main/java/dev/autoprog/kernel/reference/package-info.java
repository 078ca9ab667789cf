/**
 * The kernel contract in plain Java, float64 inside: each formula as it stands in the contract,
 * with no regard for speed. It is the oracle that every other backend is compared with, and a
 * backend that can be selected where nothing else runs.
 *
 * <p>One interface per family holds that family's kernels as default methods; {@link
 * dev.autoprog.kernel.reference.ReferenceKernels} puts them together. A kernel reads its inputs
 * into arrays of doubles, computes, and rounds once, on the way out. Tensors lie in host memory.
 */
package dev.autoprog.kernel.reference;
