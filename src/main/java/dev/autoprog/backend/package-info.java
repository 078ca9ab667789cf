/**
 * Where kernels run: the ladder {@code cuda → cpu → reference} that picks a {@link
 * dev.autoprog.backend.Backend}, the interface that a further one implements, and the {@link
 * dev.autoprog.backend.Session} in which everything else happens.
 */
package dev.autoprog.backend;
