/**
 * Typed views onto memory of a device: element types, shapes, tensors, step-lived arenas, and the
 * counter-based random numbers that every random decision of the library is drawn from.
 *
 * <p>Nothing here computes, and nothing here knows a backend.
 */
package dev.autoprog.tensor;
