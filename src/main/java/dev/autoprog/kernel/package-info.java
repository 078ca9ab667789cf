/**
 * The kernel contract, one interface per family, and {@link
 * dev.autoprog.kernel.reference.ReferenceKernels}, its plain-Java oracle in a package of its own.
 *
 * <p>Conventions: tensors are row-major and contiguous; {@code y =} overwrites and {@code dw +=}
 * adds, as each method says; outputs alias no input unless a method allows it; statistics, softmax
 * and losses are computed in float32 or better; every kernel gives the same bits again for the same
 * input, backend and number of threads. Bounds are relative, ‖out − ref‖/‖ref‖, against float64.
 *
 * <p>Letters: B batch, N tokens, C width, H heads, D head dim, R image side in pixels.
 */
package dev.autoprog.kernel;
