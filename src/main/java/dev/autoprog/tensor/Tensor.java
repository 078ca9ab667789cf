package dev.autoprog.tensor;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A typed, row-major, contiguous view onto memory of a device. It owns nothing: it is usable while
 * its {@link Memory} is open and, for memory of an {@link Arena}, until that arena's next reset. A
 * later use throws {@link IllegalStateException}.
 */
public final class Tensor {
  /** Copies through the Java heap go in pieces of this size. */
  private static final int CHUNK_BYTES = 1 << 20;

  private final Memory memory;
  private final int generation;
  private final long offset;
  private final DType dtype;
  private final Shape shape;

  private Tensor(Memory memory, int generation, long offset, DType dtype, Shape shape) {
    this.memory = memory;
    this.generation = generation;
    this.offset = offset;
    this.dtype = dtype;
    this.shape = shape;
  }

  /**
   * The view of {@code shape} that begins {@code offset} bytes into {@code memory}.
   *
   * @throws IllegalArgumentException if it does not fit, or {@code offset} is no multiple of the
   *     element's size
   */
  public static Tensor over(Memory memory, long offset, DType dtype, Shape shape) {
    long bytes = dtype.bytes(shape);
    if (offset < 0 || offset % dtype.bytes() != 0 || offset > memory.bytes() - bytes) {
      throw new IllegalArgumentException(
          "A tensor "
              + dtype
              + shape
              + " at byte "
              + offset
              + " does not fit memory of "
              + memory.bytes()
              + " bytes");
    }
    return new Tensor(memory, memory.generation(), offset, dtype, shape);
  }

  /** The element type. */
  public DType dtype() {
    return dtype;
  }

  /** The shape. */
  public Shape shape() {
    return shape;
  }

  /** How many elements there are. */
  public long elements() {
    return shape.elements();
  }

  /** How many bytes the elements take. */
  public long bytes() {
    return shape.elements() * dtype.bytes();
  }

  /** The memory that this is a view of. */
  public Memory memory() {
    return memory;
  }

  /** The device on which the elements lie. */
  public Device device() {
    return memory.device();
  }

  /**
   * The device address of the first element.
   *
   * @throws IllegalStateException if the memory is closed or was given up by an arena's reset
   */
  public long address() {
    if (generation != memory.generation()) {
      throw new IllegalStateException(
          "This tensor "
              + dtype
              + shape
              + " was given back: its last reader is done, or its step is over (its arena was reset)");
    }
    return memory.address() + offset;
  }

  /** The same elements under another shape of as many elements. */
  public Tensor reshape(long... dims) {
    Shape other = Shape.of(dims);
    if (other.elements() != shape.elements()) {
      throw new IllegalArgumentException("Cannot view " + shape + " as " + other);
    }
    return new Tensor(memory, generation, offset, dtype, other);
  }

  /** Rows {@code from} (inclusive) to {@code to} (exclusive) of the outermost dimension. */
  public Tensor rows(long from, long to) {
    if (shape.rank() == 0 || from < 0 || to <= from || to > shape.dim(0)) {
      throw new IllegalArgumentException("No rows " + from + " to " + to + " in " + shape);
    }
    long[] dims = shape.toArray();
    long rowBytes = bytes() / dims[0];
    dims[0] = to - from;
    return new Tensor(memory, generation, offset + from * rowBytes, dtype, Shape.of(dims));
  }

  /**
   * A part of the elements, under a shape of its own.
   *
   * @param first element of the part
   * @throws IllegalArgumentException if the part is not inside this tensor
   */
  public Tensor part(long first, long... dims) {
    Shape part = Shape.of(dims);
    if (first < 0 || first > elements() - part.elements()) {
      throw new IllegalArgumentException("No " + part + " from element " + first + " of " + shape);
    }
    return new Tensor(memory, generation, offset + first * dtype.bytes(), dtype, part);
  }

  /**
   * Fills this FLOAT32 or BFLOAT16 tensor from the array, which must have as many elements; of
   * BFLOAT16 each is rounded to nearest, ties to even.
   */
  public Tensor set(float... values) {
    require(values.length, DType.FLOAT32, DType.BFLOAT16);
    int step = CHUNK_BYTES / dtype.bytes();
    ByteBuffer chunk = chunk();
    for (int i = 0; i < values.length; i += step) {
      int n = Math.min(step, values.length - i);
      chunk.clear().limit(n * dtype.bytes());
      if (dtype == DType.FLOAT32) {
        chunk.asFloatBuffer().put(values, i, n);
      } else {
        for (int k = 0; k < n; k++) {
          chunk.putShort(k * Short.BYTES, Bfloat16.of(values[i + k]));
        }
      }
      device().upload(chunk, address() + (long) i * dtype.bytes());
    }
    return this;
  }

  /** Fills this FLOAT64 tensor from the array, which must have as many elements. */
  public Tensor set(double... values) {
    require(values.length, DType.FLOAT64);
    int step = CHUNK_BYTES / Double.BYTES;
    ByteBuffer chunk = chunk();
    for (int i = 0; i < values.length; i += step) {
      int n = Math.min(step, values.length - i);
      chunk.clear().limit(n * Double.BYTES);
      chunk.asDoubleBuffer().put(values, i, n);
      device().upload(chunk, address() + (long) i * Double.BYTES);
    }
    return this;
  }

  /** Fills this INT32 tensor from the array, which must have as many elements. */
  public Tensor set(int... values) {
    require(values.length, DType.INT32);
    int step = CHUNK_BYTES / Integer.BYTES;
    ByteBuffer chunk = chunk();
    for (int i = 0; i < values.length; i += step) {
      int n = Math.min(step, values.length - i);
      chunk.clear().limit(n * Integer.BYTES);
      chunk.asIntBuffer().put(values, i, n);
      device().upload(chunk, address() + (long) i * Integer.BYTES);
    }
    return this;
  }

  /** Fills this tensor, of any type, from the buffer's remaining bytes, which must be as many. */
  public Tensor set(ByteBuffer source) {
    if (source.remaining() != bytes()) {
      throw new IllegalArgumentException(
          source.remaining() + " bytes given for a tensor " + dtype + shape);
    }
    device().upload(source, address());
    return this;
  }

  /** This FLOAT32 or BFLOAT16 tensor's elements in a fresh array, exactly. */
  public float[] toFloats() {
    float[] values = new float[arrayLength(DType.FLOAT32, DType.BFLOAT16)];
    int step = CHUNK_BYTES / dtype.bytes();
    ByteBuffer chunk = chunk();
    for (int i = 0; i < values.length; i += step) {
      int n = Math.min(step, values.length - i);
      chunk.clear().limit(n * dtype.bytes());
      device().download(address() + (long) i * dtype.bytes(), chunk);
      chunk.flip().order(ByteOrder.nativeOrder());
      if (dtype == DType.FLOAT32) {
        chunk.asFloatBuffer().get(values, i, n);
      } else {
        for (int k = 0; k < n; k++) {
          values[i + k] = Bfloat16.toFloat(chunk.getShort(k * Short.BYTES));
        }
      }
    }
    return values;
  }

  /** This FLOAT64 tensor's elements in a fresh array. */
  public double[] toDoubles() {
    double[] values = new double[arrayLength(DType.FLOAT64)];
    int step = CHUNK_BYTES / Double.BYTES;
    ByteBuffer chunk = chunk();
    for (int i = 0; i < values.length; i += step) {
      int n = Math.min(step, values.length - i);
      chunk.clear().limit(n * Double.BYTES);
      device().download(address() + (long) i * Double.BYTES, chunk);
      chunk.flip().order(ByteOrder.nativeOrder()).asDoubleBuffer().get(values, i, n);
    }
    return values;
  }

  /** This INT32 tensor's elements in a fresh array. */
  public int[] toInts() {
    int[] values = new int[arrayLength(DType.INT32)];
    int step = CHUNK_BYTES / Integer.BYTES;
    ByteBuffer chunk = chunk();
    for (int i = 0; i < values.length; i += step) {
      int n = Math.min(step, values.length - i);
      chunk.clear().limit(n * Integer.BYTES);
      device().download(address() + (long) i * Integer.BYTES, chunk);
      chunk.flip().order(ByteOrder.nativeOrder()).asIntBuffer().get(values, i, n);
    }
    return values;
  }

  private ByteBuffer chunk() {
    return ByteBuffer.allocate((int) Math.min(CHUNK_BYTES, bytes())).order(ByteOrder.nativeOrder());
  }

  private void require(long elements, DType... expected) {
    if (!List.of(expected).contains(dtype) || elements() != elements) {
      throw new IllegalArgumentException(
          "This tensor is "
              + dtype
              + shape
              + ", not "
              + elements
              + " elements of "
              + any(expected));
    }
  }

  /** Of an array with all elements, which are of one of these types. */
  private int arrayLength(DType... expected) {
    if (!List.of(expected).contains(dtype)) {
      throw new IllegalArgumentException(
          "This tensor is " + dtype + shape + ", not of " + any(expected));
    }
    if (elements() > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "This tensor is " + dtype + shape + ", more than an array holds; take its rows or parts");
    }
    return (int) elements();
  }

  private static String any(DType... types) {
    return Stream.of(types).map(DType::name).collect(Collectors.joining(" or "));
  }

  @Override
  public String toString() {
    return dtype + shape.toString() + " on " + device().name();
  }
}
