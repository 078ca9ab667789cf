/** The rung that is always there: the kernels of {@link dev.autoprog.kernel.reference}. */
package dev.autoprog.backend.reference;
