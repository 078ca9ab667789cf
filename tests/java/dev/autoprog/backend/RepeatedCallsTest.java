package dev.autoprog.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.autoprog.kernel.Kernels;
import dev.autoprog.tensor.DType;
import dev.autoprog.tensor.DeviceMemoryException;
import dev.autoprog.tensor.Shape;
import dev.autoprog.tensor.Tensor;
import dev.autoprog.testing.Candidate;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class RepeatedCallsTest {
  private int made;

  static List<Candidate> candidates() {
    return Candidate.all();
  }

  private void addTwice(Session session, Tensor x, Tensor sum) {
    made++;
    Kernels kernels = session.kernels();
    Tensor twice = session.arena().allocate(DType.FLOAT32, Shape.of(3));
    kernels.add(x, x, twice);
    kernels.add(sum, twice, sum);
  }

  /** They read what lies there each time, and Java has its part of the work no more than twice. */
  @ParameterizedTest
  @MethodSource("candidates")
  void theyAreMadeEachTime(Candidate candidate) {
    try (Session session = candidate.open();
        RepeatedCalls calls = new RepeatedCalls(session)) {
      Tensor x = session.zeros(Shape.of(3));
      Tensor sum = session.zeros(Shape.of(3));
      for (int step = 1; step <= 5; step++) {
        session.arena().reset();
        x.set(new float[] {step, 10 * step, -step});
        calls.run("sum", () -> addTwice(session, x, sum));
      }
      assertThat(sum.toFloats()).containsExactly(30, 300, -30);
      // the arena's first step is one of its own: it has no memory yet
      assertThat(made).isEqualTo(session.captures() ? 3 : 5);
    }
  }

  @ParameterizedTest
  @MethodSource("candidates")
  void whatDiffersIsKeptApart(Candidate candidate) {
    try (Session session = candidate.open();
        RepeatedCalls calls = new RepeatedCalls(session)) {
      Tensor x = session.zeros(Shape.of(3)).set(new float[] {1, 2, 3});
      Tensor[] sums = new Tensor[RepeatedCalls.MOST + 3];
      for (int i = 0; i < sums.length; i++) {
        sums[i] = session.zeros(Shape.of(3));
      }
      for (int round = 0; round < 4; round++) {
        for (Tensor sum : sums) {
          session.arena().reset();
          calls.run(List.of("sum", sum.address()), () -> addTwice(session, x, sum));
        }
      }
      for (Tensor sum : sums) {
        assertThat(sum.toFloats()).containsExactly(8, 16, 24);
      }
    }
  }

  /** What is in the arena before the calls is not where they write. */
  @ParameterizedTest
  @MethodSource("candidates")
  void whatTheArenaHoldsIsLeftAlone(Candidate candidate) {
    try (Session session = candidate.open();
        RepeatedCalls calls = new RepeatedCalls(session)) {
      Tensor x = session.zeros(Shape.of(3)).set(new float[] {1, 2, 3});
      Tensor sum = session.zeros(Shape.of(3));
      for (int step = 0; step < 8; step++) {
        session.arena().reset();
        Tensor[] held = new Tensor[step % 3];
        for (int i = 0; i < held.length; i++) {
          held[i] = session.arena().allocate(DType.FLOAT32, Shape.of(3)).set(new float[] {7, 8, 9});
        }
        calls.run("sum", () -> addTwice(session, x, sum));
        for (Tensor tensor : held) {
          assertThat(tensor.toFloats()).containsExactly(7, 8, 9);
        }
      }
      assertThat(sum.toFloats()).containsExactly(16, 32, 48);
    }
  }

  /** An upload among them would bring what was there once: the device refuses, and they go on. */
  @ParameterizedTest
  @MethodSource("candidates")
  void whatCannotBeCapturedIsMadeAllTheSame(Candidate candidate) {
    try (Session session = candidate.open();
        RepeatedCalls calls = new RepeatedCalls(session)) {
      Tensor x = session.zeros(Shape.of(3));
      Tensor sum = session.zeros(Shape.of(3));
      for (int step = 1; step <= 4; step++) {
        float value = step;
        session.arena().reset();
        calls.run(
            "upload",
            () -> {
              x.set(new float[] {value, value, value});
              addTwice(session, x, sum);
            });
      }
      assertThat(sum.toFloats()).containsExactly(20, 20, 20);
      assertThat(made).isEqualTo(4);
    }
  }

  /** The device's memory may hold the calls' tensors, and not a graph beside them. */
  @ParameterizedTest
  @MethodSource("candidates")
  void callsThatThereIsNoRoomToCaptureAreMadeAllTheSame(Candidate candidate) {
    try (Session session = candidate.open();
        RepeatedCalls calls = new RepeatedCalls(session)) {
      Tensor x = session.zeros(Shape.of(3)).set(new float[] {1, 2, 3});
      Tensor sum = session.zeros(Shape.of(3));
      int captured = session.captures() ? 3 : 0; // the arena's first step is one of its own
      for (int step = 1; step <= 4; step++) {
        session.arena().reset();
        calls.run(
            "no room",
            () -> {
              addTwice(session, x, sum);
              if (made == captured) {
                throw new DeviceMemoryException("the device", 1, 0, "wait");
              }
            });
      }
      assertThat(sum.toFloats()).containsExactly(8, 16, 24);
      assertThat(made).isEqualTo(session.captures() ? 5 : 4);
      assertThat(calls.captured()).isZero();
    }
  }

  @ParameterizedTest
  @MethodSource("candidates")
  void whatTheyThrowIsThrownAndTheSessionStaysUsable(Candidate candidate) {
    try (Session session = candidate.open();
        RepeatedCalls calls = new RepeatedCalls(session)) {
      Tensor x = session.zeros(Shape.of(3)).set(new float[] {1, 2, 3});
      Tensor sum = session.zeros(Shape.of(3));
      Tensor other = session.zeros(Shape.of(4));
      session.arena().allocate(DType.FLOAT32, Shape.of(3));
      for (int step = 0; step < 3; step++) {
        session.arena().reset();
        boolean fails = step > 0;
        Runnable run =
            () -> {
              addTwice(session, x, sum);
              session.kernels().add(x, fails ? other : x, sum);
            };
        if (fails) {
          assertThatThrownBy(() -> calls.run("throws", run))
              .isInstanceOf(IllegalArgumentException.class)
              .hasMessageContaining("add");
        } else {
          calls.run("throws", run);
        }
      }
      calls.clear();
      session.kernels().fill(sum, 0);
      for (int step = 0; step < 3; step++) {
        session.arena().reset();
        calls.run("sum", () -> addTwice(session, x, sum));
      }
      assertThat(sum.toFloats()).containsExactly(6, 12, 18);
    }
  }
}
