package dev.autoprog.jmh;

import dev.autoprog.backend.Backend;
import dev.autoprog.backend.Session;
import dev.autoprog.kernel.Kernels;
import dev.autoprog.tensor.DType;
import dev.autoprog.tensor.Shape;
import dev.autoprog.tensor.Tensor;
import java.util.List;
import java.util.function.Supplier;

/** This library's side of a comparison: a session on the CPU and its tensors. */
final class Ours {
  private final Implementation implementation;
  private final Session session;

  Ours(Implementation implementation, int threads) {
    this.implementation = implementation;
    session = Session.open(Backend.named("cpu"), threads);
  }

  /** Which of ours: it decides the precision. */
  Implementation implementation() {
    return implementation;
  }

  Session session() {
    return session;
  }

  Kernels kernels() {
    return session.kernels();
  }

  /** A tensor of these values. */
  Tensor tensor(float[] values, long... dims) {
    return empty(dims).set(values);
  }

  /** A tensor of undefined content. */
  Tensor empty(long... dims) {
    return session.allocate(DType.FLOAT32, Shape.of(dims));
  }

  /** A tensor of zeros. */
  Tensor zeros(long... dims) {
    return session.zeros(Shape.of(dims));
  }

  /** A contender whose outputs always lie in the same places. */
  Contender contender(Runnable work, Tensor... outputs) {
    List<Tensor> places = List.of(outputs);
    return contender(work, () -> places);
  }

  /** A contender that says after each run where its outputs lie. */
  Contender contender(Runnable work, Supplier<List<Tensor>> outputs) {
    return new Contender(
        work,
        () -> {
          work.run();
          return Agreement.joined(outputs.get().stream().map(Tensor::toFloats).toList());
        },
        session::close);
  }
}
