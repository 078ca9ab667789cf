package dev.autoprog.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.autoprog.tensor.DType;
import dev.autoprog.tensor.DeviceMemoryException;
import dev.autoprog.tensor.HostDevice;
import dev.autoprog.tensor.Memory;
import dev.autoprog.tensor.Shape;
import dev.autoprog.tensor.Tensor;
import dev.autoprog.testing.Candidate;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class SessionTest {
  private static final Backend REFERENCE = Backend.named("reference");

  static List<Candidate> candidates() {
    return Candidate.all();
  }

  @ParameterizedTest
  @MethodSource("candidates")
  void bytesReturnToWhereTheyWere(Candidate candidate) {
    Session session = candidate.open();
    long before = session.allocatedBytes();
    Tensor a = session.allocate(DType.FLOAT32, Shape.of(3, 5));
    Tensor b = session.zeros(Shape.of(7));
    assertThat(session.allocatedBytes()).isEqualTo(before + 60 + 28);
    assertThat(b.toFloats()).containsOnly(0f);
    session.free(a.reshape(15));
    assertThat(session.allocatedBytes()).isEqualTo(before + 28);
    session.arena().allocate(DType.FLOAT32, Shape.of(9));
    session.close();
    assertThat(session.device().allocatedBytes()).isZero();
    assertThatThrownBy(b::address).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void freedTensorsAreDeadAndCannotBeFreedAgain() {
    try (Session session = Session.open(REFERENCE)) {
      Tensor tensor = session.zeros(Shape.of(2));
      session.free(tensor);
      assertThatThrownBy(() -> session.kernels().fill(tensor, 1))
          .isInstanceOf(IllegalStateException.class);
      assertThatThrownBy(() -> session.free(tensor))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("not allocated by this session");
    }
  }

  @Test
  void freesOnlyItsOwn() {
    try (Session one = Session.open(REFERENCE);
        Session other = Session.open(REFERENCE)) {
      Tensor foreign = other.zeros(Shape.of(2));
      Tensor step = one.arena().allocate(DType.FLOAT32, Shape.of(2));
      assertThatThrownBy(() -> one.free(foreign)).isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> one.free(step)).isInstanceOf(IllegalArgumentException.class);
      assertThat(foreign.toFloats()).containsExactly(0, 0);
    }
  }

  @Test
  void wrapsSomebodyElsesMemory() {
    HostDevice host = new HostDevice();
    try (Memory theirs = host.allocate(16);
        Session session = Session.open(REFERENCE)) {
      Tensor tensor = session.wrap(theirs.address() + 4, DType.FLOAT32, Shape.of(3));
      session.kernels().fill(tensor, 2.5f);
      assertThat(HostDevice.view(theirs.address(), 16).getFloat(12)).isEqualTo(2.5f);
      assertThat(session.allocatedBytes()).isZero();
      assertThatThrownBy(() -> session.free(tensor)).isInstanceOf(IllegalArgumentException.class);
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 1, 66})
  void refusesAddressesThatCannotHoldTheType(long address) {
    try (Session session = Session.open(REFERENCE)) {
      assertThatThrownBy(() -> session.wrap(address, DType.FLOAT32, Shape.of(1)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("0x" + Long.toHexString(address))
          .hasMessageContaining("FLOAT32");
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1L << 58, Long.MAX_VALUE / 4, (1L << 62) + 1})
  void saysWhenATensorIsTooLargeAndStaysUsable(long elements) {
    try (Session session = Session.open(REFERENCE)) {
      assertThatThrownBy(() -> session.allocate(DType.FLOAT32, Shape.of(elements)))
          .isInstanceOfAny(DeviceMemoryException.class, IllegalArgumentException.class);
      assertThat(session.allocatedBytes()).isZero();
      assertThat(session.zeros(Shape.of(1)).toFloats()).containsExactly(0);
    }
  }

  @Test
  void belongsToOneThread() throws InterruptedException {
    try (Session session = Session.open(REFERENCE)) {
      Tensor tensor = session.zeros(Shape.of(2));
      List<Runnable> uses =
          List.of(
              () -> session.kernels().fill(tensor, 1),
              () -> session.allocate(DType.FLOAT32, Shape.of(1)),
              () -> session.free(tensor),
              () -> session.wrap(64, DType.FLOAT32, Shape.of(1)),
              session::arena,
              session::close);
      for (Runnable use : uses) {
        assertThat(inThread("intruder", use))
            .isInstanceOf(IllegalStateException.class)
            .hasMessageContaining(Thread.currentThread().getName())
            .hasMessageContaining("intruder")
            .hasMessageContaining("moveToCurrentThread");
      }
      assertThat(tensor.toFloats()).containsExactly(0, 0);
    }
  }

  @Test
  void movesToAnotherThread() throws InterruptedException {
    Session session = Session.open(REFERENCE);
    Tensor tensor = session.zeros(Shape.of(2));
    assertThat(
            inThread(
                "heir",
                () -> {
                  session.moveToCurrentThread();
                  session.kernels().fill(tensor, 1);
                }))
        .isNull();
    assertThatThrownBy(() -> session.kernels().fill(tensor, 2))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("heir");
    session.moveToCurrentThread();
    assertThat(tensor.toFloats()).containsExactly(1, 1);
    session.close();
  }

  @Test
  void isOverOnceClosed() {
    Session session = Session.open(REFERENCE);
    session.close();
    session.close();
    assertThatThrownBy(session::arena)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("closed");
    assertThatThrownBy(() -> session.zeros(Shape.of(1))).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void knowsItsBackendAndThreads() {
    try (Session session = Session.open(REFERENCE, 3)) {
      assertThat(session.backend().name()).isEqualTo("reference");
      assertThat(session.threads()).isEqualTo(3);
      assertThat(session.device().isHost()).isTrue();
    }
    assertThatThrownBy(() -> Session.open(REFERENCE, 0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("threads is 0");
  }

  private static Throwable inThread(String name, Runnable body) throws InterruptedException {
    AtomicReference<Throwable> thrown = new AtomicReference<>();
    Thread thread = new Thread(() -> thrown.set(catchThrowable(body::run)), name);
    thread.start();
    thread.join();
    return thrown.get();
  }
}
