package dev.autoprog.testing;

import dev.autoprog.tensor.Bfloat16;
import dev.autoprog.tensor.DType;
import dev.autoprog.tensor.Device;
import dev.autoprog.tensor.Memory;
import dev.autoprog.tensor.Shape;
import dev.autoprog.tensor.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The tensors of one {@link KernelCall} on a device, each in memory of its own between two red
 * zones. Outputs hold NaN until the kernel writes them.
 */
public final class GuardedTensors implements KernelCall.Tensors, AutoCloseable {
  private static final int ZONE_BYTES = 256;
  private static final byte ZONE = (byte) 0xA5;

  private final Device device;
  private final KernelCall call;
  private final Map<String, Tensor> tensors = new LinkedHashMap<>();
  private final List<Memory> memories = new ArrayList<>();
  private final int misalignment;

  /**
   * The tensors of {@code call}, filled.
   *
   * @param misalignment bytes from a 64-byte boundary to the start of every tensor, or the next
   *     multiple of its elements
   * @param alias an output that is to be the tensor of an input, or null for none
   */
  public GuardedTensors(Device device, KernelCall call, int misalignment, KernelCall.Alias alias) {
    this.device = device;
    this.call = call;
    this.misalignment = misalignment;
    for (KernelCall.Argument argument : call.arguments()) {
      boolean shared = alias != null && alias.output().equals(argument.name());
      tensors.put(argument.name(), shared ? tensors.get(alias.input()) : guarded(argument));
    }
  }

  @Override
  public Tensor get(String name) {
    return tensors.get(name);
  }

  /** Puts another tensor in an argument's place. */
  public void replace(String name, Tensor tensor) {
    tensors.put(name, tensor);
  }

  /** What outputs and updated arguments hold now. */
  public Map<String, float[]> results() {
    Map<String, float[]> results = new LinkedHashMap<>();
    for (KernelCall.Argument argument : call.arguments()) {
      if (argument.role() != KernelCall.Role.INPUT) {
        results.put(argument.name(), floats(tensors.get(argument.name())));
      }
    }
    return results;
  }

  private static float[] floats(Tensor tensor) {
    return tensor.dtype() == DType.FLOAT64
        ? Closeness.narrow(tensor.toDoubles())
        : tensor.toFloats();
  }

  /** Throws if anything but outputs and updated arguments has changed. */
  public void assertNothingElseTouched() {
    for (KernelCall.Argument argument : call.arguments()) {
      Tensor tensor = tensors.get(argument.name());
      int offset = offset(argument);
      long begin = tensor.address() - offset;
      int tail = (int) (tensor.memory().bytes() - offset - tensor.bytes());
      assertZone(argument.name() + ": red zone before", begin, offset);
      assertZone(argument.name() + ": red zone behind", tensor.address() + tensor.bytes(), tail);
      boolean written =
          call.arguments().stream()
              .anyMatch(a -> a.role() != KernelCall.Role.INPUT && tensors.get(a.name()) == tensor);
      if (!written && !Arrays.equals(content(argument), bytes(tensor.address(), tensor.bytes()))) {
        throw new AssertionError(call + " changed its input " + argument.name());
      }
    }
  }

  @Override
  public void close() {
    memories.forEach(Memory::close);
  }

  /** Bytes in front of a tensor; where the misalignment is no multiple of its elements, more. */
  private int offset(KernelCall.Argument argument) {
    int size = argument.dtype().bytes();
    return ZONE_BYTES + (misalignment + size - 1) / size * size;
  }

  private Tensor guarded(KernelCall.Argument argument) {
    byte[] content = content(argument);
    int offset = offset(argument);
    Memory memory = device.allocate(offset + content.length + ZONE_BYTES);
    memories.add(memory);
    byte[] zones = new byte[(int) memory.bytes()];
    Arrays.fill(zones, ZONE);
    System.arraycopy(content, 0, zones, offset, content.length);
    device.upload(ByteBuffer.wrap(zones), memory.address());
    return Tensor.over(memory, offset, argument.dtype(), Shape.of(argument.elements()));
  }

  private static byte[] content(KernelCall.Argument argument) {
    ByteBuffer content =
        ByteBuffer.allocate(argument.elements() * argument.dtype().bytes())
            .order(ByteOrder.nativeOrder());
    if (argument.values() instanceof float[] floats) {
      put(content, argument.dtype(), floats);
    } else if (argument.values() instanceof int[] ints) {
      content.asIntBuffer().put(ints);
    } else if (argument.values() instanceof byte[] bytes) {
      content.put(bytes);
    } else {
      float[] poison = new float[argument.elements()];
      Arrays.fill(poison, Float.NaN);
      put(content, argument.dtype(), poison);
    }
    return content.array();
  }

  private static void put(ByteBuffer content, DType dtype, float[] values) {
    for (float value : values) {
      if (dtype == DType.BFLOAT16) {
        content.putShort(Bfloat16.of(value));
      } else if (dtype == DType.FLOAT64) {
        content.putDouble(value);
      } else {
        content.putFloat(value);
      }
    }
  }

  private void assertZone(String what, long address, int bytes) {
    for (byte b : bytes(address, bytes)) {
      if (b != ZONE) {
        throw new AssertionError(call + " wrote into " + what);
      }
    }
  }

  private byte[] bytes(long address, long n) {
    ByteBuffer copy = ByteBuffer.allocate((int) n);
    device.download(address, copy);
    return copy.array();
  }
}
