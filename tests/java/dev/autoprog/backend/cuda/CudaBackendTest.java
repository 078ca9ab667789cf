package dev.autoprog.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.autoprog.backend.Availability;
import dev.autoprog.backend.Backend;
import dev.autoprog.backend.BackendException;
import dev.autoprog.backend.Session;
import dev.autoprog.tensor.DType;
import dev.autoprog.tensor.DeviceMemoryException;
import dev.autoprog.tensor.Memory;
import dev.autoprog.tensor.Shape;
import dev.autoprog.tensor.Tensor;
import dev.autoprog.testing.RandomData;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

/** What the backend says where it cannot serve, and the device's memory where it can. */
class CudaBackendTest {
  private static Availability availability() {
    return new CudaBackendProvider().probe();
  }

  private static Session open() {
    Assumptions.assumeTrue(availability().available(), availability().detail());
    return Session.open(Backend.named("cuda"));
  }

  @Test
  void saysWhatItRunsOnOrWhatKeepsItFromThat() {
    Availability availability = availability();
    if (availability.available()) {
      assertThat(availability.detail()).contains("compute capability", "driver", "cuBLASLt");
    } else {
      assertThat(availability.detail())
          .containsAnyOf("nvcc", "driver", "device", "cuBLASLt")
          .doesNotContain("Exception", "UnsatisfiedLinkError");
    }
    assertThat(availability()).as("the second time").isEqualTo(availability);
  }

  @Test
  void whatWasAskedForByNameIsNeverReplaced() {
    Assumptions.assumeFalse(availability().available(), "there is a device");
    assertThatThrownBy(() -> Backend.named("cuda"))
        .isInstanceOf(BackendException.class)
        .hasMessageContaining(availability().detail());
    assertThatThrownBy(() -> new CudaBackendProvider().open(1))
        .isInstanceOf(BackendException.class)
        .hasMessageContaining(availability().detail());
    assertThat(Backend.auto().name()).isNotEqualTo("cuda");
  }

  /** More than one transfer takes, and no multiple of anything. */
  @Test
  void everyByteArrivesAndComesBack() {
    byte[] bytes = new byte[(9 << 20) + 7];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) (i * 31 + (i >> 12));
    }
    try (Session session = open();
        Memory memory = session.device().allocate(bytes.length)) {
      ByteBuffer back = ByteBuffer.allocateDirect(bytes.length);
      session.device().upload(ByteBuffer.wrap(bytes), memory.address());
      session.device().download(memory.address(), back);
      assertThat(back.flip()).isEqualTo(ByteBuffer.wrap(bytes));
    }
  }

  /** Uploads return before they have arrived: none may see what the host writes for a later one. */
  @Test
  void manyUploadsInARowKeepTheirBytes() {
    int n = 40;
    try (Session session = open()) {
      RandomData random = RandomData.of("uploads");
      List<float[]> values = new ArrayList<>();
      List<Tensor> tensors = new ArrayList<>();
      for (int i = 0; i < n; i++) {
        values.add(random.gaussian(300_000));
        tensors.add(session.allocate(DType.FLOAT32, Shape.of(300_000)).set(values.get(i)));
      }
      Tensor sum = session.zeros(Shape.of(300_000));
      tensors.forEach(tensor -> session.kernels().add(sum, tensor, sum));
      for (int i = 0; i < n; i++) {
        assertThat(tensors.get(i).toFloats()).isEqualTo(values.get(i));
      }
    }
  }

  /** Kernels that were called before do not wait, and those that come after see every byte. */
  @Test
  void whatIsUploadedAsideIsThereOnceItIsAwaited() {
    int n = 3_000_000; // more than one transfer takes
    try (Session session = open()) {
      Tensor a = session.zeros(Shape.of(n));
      Tensor sum = session.zeros(Shape.of(n));
      for (int round = 1; round <= 3; round++) {
        float[] values = RandomData.of("aside", round).gaussian(n);
        ByteBuffer bytes = ByteBuffer.allocate(4 * n).order(ByteOrder.nativeOrder());
        bytes.asFloatBuffer().put(values);
        session.kernels().fill(sum, round);
        session.device().uploadAside(bytes, a.address());
        session.kernels().add(sum, sum, sum);
        session.device().awaitAside();
        session.kernels().add(sum, a, sum);
        float[] found = sum.toFloats();
        for (int i = 0; i < n; i++) {
          assertThat(found[i]).isEqualTo(2 * round + values[i]);
        }
      }
    }
  }

  @Test
  void bytesAreCountedAndGivenBack() {
    Memory outlived;
    try (Session session = open()) {
      long before = session.allocatedBytes();
      Tensor tensor = session.allocate(DType.FLOAT32, Shape.of(1000));
      assertThat(session.allocatedBytes()).isEqualTo(before + 4000);
      session.free(tensor);
      assertThat(session.allocatedBytes()).isEqualTo(before);
      outlived = session.device().allocate(100);
    }
    outlived.close();
  }

  @Test
  void whereThereIsNoRoomTheSessionStaysUsable() {
    try (Session session = open()) {
      long tooMany = 1L << 44;
      DeviceMemoryException e =
          catchThrowableOfType(
              DeviceMemoryException.class, () -> session.device().allocate(tooMany));
      assertThat(e.requestedBytes()).isEqualTo(tooMany);
      assertThat(e).hasMessageContaining("bytes are free").hasMessageContaining("smaller batch");
      assertThat(session.zeros(Shape.of(3)).toFloats()).containsExactly(0, 0, 0);
    }
  }
}
