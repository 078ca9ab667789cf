package dev.autoprog.testing;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.autoprog.kernel.Kernels;
import dev.autoprog.kernel.reference.ReferenceKernels;
import dev.autoprog.tensor.HostDevice;
import dev.autoprog.tensor.Tensor;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;

/** The check itself: kernels with a fault planted must not pass it. */
class KernelCheckTest {
  private static final int SIZE = 65;

  /** What goes wrong behind a kernel's back: dx = dy·x. */
  private interface Fault {
    void plant(Tensor x, Tensor dy, Tensor dx);
  }

  @Test
  void aRightKernelPasses() {
    assertThatCode(() -> check((x, dy, dx) -> {})).doesNotThrowAnyException();
  }

  @Test
  void findsWritesBesideTheOutput() {
    assertFound((x, dy, dx) -> put(dx, SIZE, 0), "red zone behind");
    assertFound((x, dy, dx) -> put(dx, -1, 0), "red zone before");
  }

  @Test
  void findsChangedInputs() {
    assertFound((x, dy, dx) -> put(x, 7, get(x, 7) + 1), "changed its input x");
  }

  @Test
  void findsElementsThatWereNotWritten() {
    assertFound((x, dy, dx) -> put(dx, SIZE - 1, Float.NaN), "dx[64 of 65] is NaN");
  }

  @Test
  void findsWrongValues() {
    assertFound((x, dy, dx) -> scale(dx, 1.0001f), "relative error 0.000100");
    assertFound((x, dy, dx) -> put(dx, 3, Float.POSITIVE_INFINITY), "dx[3 of 65] is Infinity");
  }

  @Test
  void findsOtherBitsInASecondRun() {
    int[] runs = {0};
    assertFound(
        (x, dy, dx) -> put(dx, 0, get(dx, 0) + runs[0]++ % 2 * Math.ulp(get(dx, 0))), "second run");
  }

  @Test
  void findsWhatGoesWrongOnlyUnaligned() {
    assertFound(
        (x, dy, dx) -> scale(dx, dx.address() % 64 == 0 ? 1 : 2), "geluBackward (unaligned), dx");
  }

  @Test
  void findsWhatGoesWrongOnlyInPlace() {
    assertFound((x, dy, dx) -> scale(dx, dx == dy ? 2 : 1), "Alias[output=dx, input=dy]");
  }

  private static void assertFound(Fault fault, String message) {
    assertThatThrownBy(() -> check(fault))
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining(message);
  }

  private static void check(Fault fault) {
    RandomData data = RandomData.of("planted");
    KernelCall call =
        new KernelCall("geluBackward")
            .input("x", data.gaussian(SIZE))
            .input("dy", data.gaussian(SIZE))
            .output("dx", SIZE)
            .mayBe("dx", "dy")
            .body((k, t) -> k.geluBackward(t.get("x"), t.get("dy"), t.get("dx")));
    KernelCheck.check(call, faulty(fault), new HostDevice(), 1e-5);
  }

  private static Kernels faulty(Fault fault) {
    ReferenceKernels right = new ReferenceKernels();
    return (Kernels)
        Proxy.newProxyInstance(
            Kernels.class.getClassLoader(),
            new Class<?>[] {Kernels.class},
            (proxy, method, arguments) -> {
              method.invoke(right, arguments);
              fault.plant((Tensor) arguments[0], (Tensor) arguments[1], (Tensor) arguments[2]);
              return null;
            });
  }

  private static void scale(Tensor tensor, float factor) {
    for (int i = 0; i < SIZE; i++) {
      put(tensor, i, get(tensor, i) * factor);
    }
  }

  private static float get(Tensor tensor, int i) {
    return element(tensor, i).getFloat(0);
  }

  private static void put(Tensor tensor, int i, float value) {
    element(tensor, i).putFloat(0, value);
  }

  private static ByteBuffer element(Tensor tensor, int i) {
    return HostDevice.view(tensor.address() + (long) i * Float.BYTES, Float.BYTES);
  }
}
