package dev.autoprog.jmh;

import dev.autoprog.backend.Backend;
import dev.autoprog.backend.Session;
import dev.autoprog.kernel.Kernels;
import dev.autoprog.nn.Precision;
import dev.autoprog.tensor.Shape;
import dev.autoprog.tensor.Tensor;
import java.util.stream.Stream;

/** This library's side of a comparison: a session on the CPU, and tensors in the precision. */
final class Ours {
  private final Implementation implementation;
  private final Session session;

  Ours(Implementation implementation, int threads) {
    this.implementation = implementation;
    session = Session.open(Backend.named("cpu"), threads);
  }

  /** What networks compute with. */
  Precision precision() {
    return implementation.isBfloat16() ? Precision.BF16 : Precision.FP32;
  }

  Session session() {
    return session;
  }

  Kernels kernels() {
    return session.kernels();
  }

  /** A tensor in the implementation's precision. */
  Tensor tensor(float[] values, long... dims) {
    return empty(dims).set(values);
  }

  /** A tensor in the implementation's precision, its content undefined. */
  Tensor empty(long... dims) {
    return session.allocate(precision().activations(), Shape.of(dims));
  }

  /** A float32 tensor. */
  Tensor float32(float[] values, long... dims) {
    return zeros(dims).set(values);
  }

  /** A float32 tensor of zeros. */
  Tensor zeros(long... dims) {
    return session.zeros(Shape.of(dims));
  }

  /** A contender whose outputs always lie in the same places. */
  Contender contender(Runnable work, Tensor... outputs) {
    return new Contender(
        work,
        () -> {
          work.run();
          return Agreement.joined(Stream.of(outputs).map(Tensor::toFloats).toList());
        },
        session::close);
  }
}
