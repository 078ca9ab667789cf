/**
 * Where kernels run: the ladder {@code cuda → cpu → reference} that picks a {@link
 * dev.autoprog.backend.Backend}, the interface that a further one implements, and the {@link
 * dev.autoprog.backend.Session} in which everything else happens. For a device beside the host:
 * {@link dev.autoprog.backend.RepeatedCalls}, a step's kernels called as one, and {@link
 * dev.autoprog.backend.AheadBuffer}, what the next step reads brought while it is at the present.
 */
package dev.autoprog.backend;
