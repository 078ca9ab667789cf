package dev.autoprog.kernel.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.autoprog.tensor.Bfloat16;
import dev.autoprog.tensor.DType;
import dev.autoprog.tensor.HostDevice;
import dev.autoprog.tensor.Memory;
import dev.autoprog.tensor.Shape;
import dev.autoprog.tensor.Tensor;
import dev.autoprog.testing.Closeness;
import dev.autoprog.testing.Libtorch;
import dev.autoprog.testing.RandomData;
import java.nio.ByteBuffer;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ValuesTest {
  /** More than what is looked at through one buffer. */
  private static final int MANY = (1 << 20) + 3;

  private final HostDevice device = new HostDevice();
  private final Memory memory = device.allocate(4L * MANY);

  @AfterEach
  void close() {
    memory.close();
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 65, MANY})
  void floatsComeBackAsTheyWere(int n) {
    float[] values = RandomData.of("values", n).gaussian(n);
    Tensor tensor = tensor(DType.FLOAT32, n).set(values);
    double[] read = Values.read(tensor);
    assertThat(read).isEqualTo(Closeness.widen(values));
    Values.write(new double[n], tensor);
    Values.add(read, tensor);
    assertThat(tensor.toFloats()).isEqualTo(values);
  }

  @Test
  void sumsAreRoundedOnce() {
    Tensor tensor = tensor(DType.FLOAT32, 1).set(1f);
    double halfUnit = 0x1p-24;
    Values.add(new double[] {halfUnit}, tensor);
    assertThat(tensor.toFloats()).containsExactly(1f);
    Values.add(new double[] {halfUnit * (1 + 0x1p-20)}, tensor);
    assertThat(tensor.toFloats()).containsExactly(Math.nextUp(1f));
  }

  @Test
  void integersAndPixelsAreRead() {
    assertThat(Values.read(tensor(DType.INT32, 3).set(-7, 0, Integer.MAX_VALUE)))
        .containsExactly(-7, 0, Integer.MAX_VALUE);
    Tensor pixels = tensor(DType.UINT8, 3).set(ByteBuffer.wrap(new byte[] {0, 127, (byte) 255}));
    assertThat(Values.read(pixels)).containsExactly(0, 127, 255);
  }

  @Test
  void integersAreNotWritten() {
    assertThatThrownBy(() -> Values.write(new double[1], tensor(DType.INT32, 1)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("INT32");
  }

  @Test
  void refusesAnotherNumberOfValues() {
    assertThatThrownBy(() -> Values.write(new double[2], tensor(DType.FLOAT32, 3)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("2 values for FLOAT32(3)");
  }

  @Test
  void saysWhatToDoWithTensorsBeyondAnArray() {
    Memory vast = new Memory(device, 64, 1L << 40, () -> {});
    Tensor tensor = Tensor.over(vast, 0, DType.FLOAT32, Shape.of(1L << 31));
    assertThatThrownBy(() -> Values.read(tensor))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("use another backend");
  }

  @Test
  void everyBfloat16ComesBackAsItWas() {
    for (int bits = 0; bits < 1 << 16; bits++) {
      double value = Bfloat16.toFloat((short) bits);
      short back = Values.toBfloat16(value);
      if (Double.isNaN(value)) {
        assertThat(Bfloat16.toFloat(back)).isNaN();
      } else {
        assertThat(back).isEqualTo((short) bits);
      }
    }
  }

  @Test
  void halfWayRoundsToEvenAndBesideItToTheNearer() {
    for (int bits = 0; bits < 0x7F7F; bits++) {
      double below = Bfloat16.toFloat((short) bits);
      double above = Bfloat16.toFloat((short) (bits + 1));
      double middle = (below + above) / 2;
      assertRounds(middle, bits + (bits & 1));
      assertRounds(Math.nextDown(middle), bits);
      assertRounds(Math.nextUp(middle), bits + 1);
    }
  }

  @Test
  void beyondTheLargestIsInfinite() {
    double largest = Bfloat16.toFloat((short) 0x7F7F);
    assertRounds(largest * (1 + 0x1p-10), 0x7F7F);
    for (double value :
        new double[] {0x1.ffp127, Float.MAX_VALUE, 1e300, Double.POSITIVE_INFINITY}) {
      assertRounds(value, 0x7F80);
    }
  }

  @Test
  void bfloat16RoundsAsLibtorchDoes() {
    float[] values = RandomData.of("bfloat16").gaussian(10_007);
    double[] rounded = new double[values.length];
    Tensor tensor = tensor(DType.BFLOAT16, values.length);
    Values.write(Closeness.widen(values), tensor);
    double[] read = Values.read(tensor);
    Libtorch.scoped(
        () -> {
          var floats = org.bytedeco.pytorch.Tensor.create(values);
          System.arraycopy(
              Libtorch.values(floats.to(torch.ScalarType.BFloat16)), 0, rounded, 0, rounded.length);
        });
    assertThat(read).isEqualTo(rounded);
  }

  private static void assertRounds(double value, int bits) {
    assertThat(Values.toBfloat16(value)).as("%s", value).isEqualTo((short) bits);
    assertThat(Values.toBfloat16(-value)).as("%s", -value).isEqualTo((short) (bits | 0x8000));
  }

  private Tensor tensor(DType dtype, int elements) {
    return Tensor.over(memory, 0, dtype, Shape.of(elements));
  }
}
