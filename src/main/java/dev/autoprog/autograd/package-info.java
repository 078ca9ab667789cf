/**
 * Reverse-mode differentiation: a {@link dev.autoprog.autograd.Tape} records what the forward code
 * does, {@link dev.autoprog.autograd.Operations} are what it can do, and a {@link
 * dev.autoprog.autograd.GradientSink} decides what becomes of the parameters' gradients.
 *
 * <p>Only what leads to something trainable is recorded, so frozen parts cost no backward pass. A
 * parameter's gradient is handed over as its factors, never formed first: training, NTK and ZiCo
 * are three sinks on the same pass.
 */
package dev.autoprog.autograd;
