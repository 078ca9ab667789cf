package dev.autoprog.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.autoprog.testing.RandomData;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TensorTest {
  /** One element beyond the pieces in which copies go through the Java heap. */
  private static final int PIECE = (1 << 20) / 4;

  /** How many there are. */
  private static final int BFLOAT16S = 1 << 16;

  private final HostDevice device = new HostDevice();
  private final Memory memory = device.allocate(4 * (2 * PIECE + 2));

  @AfterEach
  void close() {
    memory.close();
    assertThat(device.allocatedBytes()).isZero();
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 197, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE + 1})
  void floatsGoInAndOut(int n) {
    float[] values = RandomData.of("floats", n).gaussian(n);
    Tensor tensor = Tensor.over(memory, 4, DType.FLOAT32, Shape.of(n));
    assertThat(tensor.set(values)).isSameAs(tensor);
    assertThat(tensor.toFloats()).isEqualTo(values);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 197, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE + 1})
  void integersGoInAndOut(int n) {
    int[] values = RandomData.of("integers", n).integers(n, -1000, 1000);
    Tensor tensor = Tensor.over(memory, 4, DType.INT32, Shape.of(n));
    assertThat(tensor.set(values)).isSameAs(tensor);
    assertThat(tensor.toInts()).isEqualTo(values);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 197, 2 * PIECE - 1, 2 * PIECE, 2 * PIECE + 1, 4 * PIECE + 1})
  void bfloat16sGoInRoundedAndOutExactly(int n) {
    float[] values = RandomData.of("bfloat16s", n).gaussian(n);
    Tensor tensor = Tensor.over(memory, 2, DType.BFLOAT16, Shape.of(n));
    assertThat(tensor.set(values)).isSameAs(tensor);
    float[] rounded = new float[n];
    for (int i = 0; i < n; i++) {
      rounded[i] = Bfloat16.toFloat(Bfloat16.of(values[i]));
    }
    assertThat(tensor.toFloats()).isEqualTo(rounded);
    assertThat(tensor.set(rounded).toFloats()).isEqualTo(rounded);
  }

  @Test
  void everyBfloat16ComesBackAsItWas() {
    Tensor all = Tensor.over(memory, 0, DType.BFLOAT16, Shape.of(BFLOAT16S));
    ByteBuffer bits = ByteBuffer.allocate(BFLOAT16S * Short.BYTES).order(ByteOrder.nativeOrder());
    for (int i = 0; i < BFLOAT16S; i++) {
      bits.putShort(i * Short.BYTES, (short) i);
    }
    float[] values = all.set(bits).toFloats();
    float[] back = all.set(values).toFloats();
    for (int i = 0; i < BFLOAT16S; i++) {
      assertThat(Float.floatToIntBits(values[i])).isEqualTo(canonical(i << 16));
      assertThat(Float.floatToIntBits(back[i])).isEqualTo(canonical(i << 16));
    }
  }

  /** The bits of a float, but of every NaN the same. */
  private static int canonical(int bits) {
    return Float.floatToIntBits(Float.intBitsToFloat(bits));
  }

  @Test
  void halfWayRoundsToEvenAndBesideItToTheNearer() {
    Tensor three = Tensor.over(memory, 0, DType.BFLOAT16, Shape.of(3));
    for (int sign : new int[] {0, 0x80000000}) {
      for (int bits = 0; bits < 0x7F80; bits++) {
        int middle = sign | bits << 16 | 0x8000;
        three.set(
            Float.intBitsToFloat(middle - 1),
            Float.intBitsToFloat(middle),
            Float.intBitsToFloat(middle + 1));
        assertThat(three.toFloats())
            .containsExactly(
                Float.intBitsToFloat(sign | bits << 16),
                Float.intBitsToFloat(sign | bits + (bits & 1) << 16),
                Float.intBitsToFloat(sign | bits + 1 << 16));
      }
    }
  }

  @Test
  void anyNanStaysOneInBfloat16() {
    Tensor one = Tensor.over(memory, 0, DType.BFLOAT16, Shape.of(1));
    for (int bits : new int[] {0x7F800001, 0x7FC00000, 0x7FFFFFFF, 0xFF800001, 0xFFFFFFFF}) {
      assertThat(one.set(Float.intBitsToFloat(bits)).toFloats()[0]).isNaN();
    }
  }

  @Test
  void bytesGoIntoATensorOfAnyType() {
    ByteBuffer bits = ByteBuffer.allocate(8).order(ByteOrder.nativeOrder());
    bits.putFloat(0, 1.5f).putFloat(4, -2f);
    Tensor floats = Tensor.over(memory, 0, DType.FLOAT32, Shape.of(2)).set(bits);
    assertThat(floats.toFloats()).containsExactly(1.5f, -2f);

    Tensor pixels = Tensor.over(memory, 3, DType.UINT8, Shape.of(3));
    pixels.set(ByteBuffer.wrap(new byte[] {1, (byte) 200, 3}));
    assertThat(HostDevice.view(pixels.address(), 3).get(1)).isEqualTo((byte) 200);

    ByteBuffer direct = ByteBuffer.allocateDirect(4).order(ByteOrder.nativeOrder());
    direct.putInt(0, 42);
    assertThat(Tensor.over(memory, 8, DType.INT32, Shape.of()).set(direct).toInts())
        .containsExactly(42);
  }

  @Test
  void refusesAnotherTypeOrNumber() {
    Tensor floats = Tensor.over(memory, 0, DType.FLOAT32, Shape.of(2, 3));
    assertThatThrownBy(() -> floats.set(1f, 2f))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("FLOAT32(2, 3)")
        .hasMessageContaining("2 elements");
    assertThatThrownBy(() -> floats.set(1, 2, 3, 4, 5, 6))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("INT32");
    assertThatThrownBy(floats::toInts).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> floats.set(ByteBuffer.allocate(23)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("23 bytes");
    Tensor ints = Tensor.over(memory, 0, DType.INT32, Shape.of(2));
    assertThatThrownBy(ints::toFloats)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("FLOAT32 or BFLOAT16");
    Tensor bfloat16s = Tensor.over(memory, 0, DType.BFLOAT16, Shape.of(2));
    assertThatThrownBy(() -> bfloat16s.set(1f)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(bfloat16s::toInts).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void whatNoArrayHoldsIsRefusedBeforeOneIsMade() {
    Memory large = new Memory(device, memory.address(), 1L << 35, () -> {});
    Shape shape = Shape.of(1L << 32);
    assertThatThrownBy(() -> Tensor.over(large, 0, DType.FLOAT32, shape).toFloats())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "This tensor is FLOAT32(4294967296), more than an array holds; take its rows or parts");
    assertThatThrownBy(() -> Tensor.over(large, 0, DType.INT32, shape).toFloats())
        .hasMessage("This tensor is INT32(4294967296), not of FLOAT32 or BFLOAT16");
  }

  @Test
  void viewsShareTheElements() {
    Tensor matrix = Tensor.over(memory, 8, DType.FLOAT32, Shape.of(3, 2)).set(1, 2, 3, 4, 5, 6f);
    Tensor row = matrix.rows(1, 2);
    assertThat(row.shape()).isEqualTo(Shape.of(1, 2));
    assertThat(row.address()).isEqualTo(matrix.address() + 8);
    row.set(30, 40f);
    assertThat(matrix.reshape(2, 3).rows(0, 1).toFloats()).containsExactly(1, 2, 30);
    assertThat(matrix.rows(1, 3).rows(1, 2).toFloats()).containsExactly(5, 6);
    assertThat(matrix.toFloats()).containsExactly(1, 2, 30, 40, 5, 6);
  }

  @Test
  void refusesViewsThatDoNotFit() {
    Tensor matrix = Tensor.over(memory, 0, DType.FLOAT32, Shape.of(3, 2));
    assertThatThrownBy(() -> matrix.reshape(4, 2))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("(3, 2)")
        .hasMessageContaining("(4, 2)");
    for (long[] range : new long[][] {{-1, 1}, {0, 4}, {2, 2}, {3, 4}}) {
      assertThatThrownBy(() -> matrix.rows(range[0], range[1]))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("(3, 2)");
    }
    assertThatThrownBy(() -> matrix.rows(0, 1).reshape().rows(0, 1))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void refusesPlacesOutsideTheMemory() {
    long end = memory.bytes();
    for (long offset : new long[] {-4, 2, end - 4, end, Long.MAX_VALUE - 3}) {
      assertThatThrownBy(() -> Tensor.over(memory, offset, DType.FLOAT32, Shape.of(2)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("at byte " + offset)
          .hasMessageContaining(end + " bytes");
    }
    assertThatThrownBy(() -> Tensor.over(memory, 0, DType.FLOAT32, Shape.of(1L << 62)))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void knowsWhatItIs() {
    Tensor tensor = Tensor.over(memory, 4, DType.BFLOAT16, Shape.of(2, 5));
    assertThat(tensor.dtype()).isEqualTo(DType.BFLOAT16);
    assertThat(tensor.elements()).isEqualTo(10);
    assertThat(tensor.bytes()).isEqualTo(20);
    assertThat(tensor.memory()).isSameAs(memory);
    assertThat(tensor.device()).isSameAs(device);
    assertThat(tensor.address()).isEqualTo(memory.address() + 4);
    assertThat(tensor).hasToString("BFLOAT16(2, 5) on host");
  }

  @Test
  void isDeadOnceItsMemoryIsClosed() {
    Memory shortLived = device.allocate(8);
    Tensor tensor = Tensor.over(shortLived, 0, DType.FLOAT32, Shape.of(2)).set(1, 2f);
    Tensor view = tensor.rows(1, 2);
    shortLived.close();
    assertThatThrownBy(tensor::toFloats).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> tensor.set(1, 2f)).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(view::address).isInstanceOf(IllegalStateException.class);
  }
}
