package dev.autoprog.backend;

import dev.autoprog.kernel.Kernels;
import dev.autoprog.tensor.Arena;
import dev.autoprog.tensor.DType;
import dev.autoprog.tensor.Device;
import dev.autoprog.tensor.HostDevice;
import dev.autoprog.tensor.Memory;
import dev.autoprog.tensor.Shape;
import dev.autoprog.tensor.Tensor;
import java.nio.ByteBuffer;
import java.util.LinkedHashSet;
import java.util.Set;

/**
 * One use of a backend: its kernels, its memory, a step arena. A session belongs to one thread at a
 * time (at first the one that opened it); a call from another throws. Several sessions run side by
 * side in several threads. Closing it closes all memory that was allocated through it.
 */
public final class Session implements AutoCloseable {
  /**
   * The largest team. Each thread takes memory whether there is a processor for it or not, and too
   * many end the process.
   */
  public static final int MOST_THREADS = 1024;

  private final Backend backend;
  private final int threads;
  private final BackendResources resources;
  private final Kernels kernels;
  private final Arena arena;
  private final Set<Memory> memories = new LinkedHashSet<>();
  private volatile Thread owner = Thread.currentThread();
  private boolean open = true;

  private Session(Backend backend, int threads) {
    this.backend = backend;
    this.threads = threads;
    this.resources = backend.open(threads);
    this.kernels = Kernels.checked(resources.kernels(), resources.device(), this::check);
    this.arena = new Arena(resources.device());
  }

  /** A session with as many threads as the process has processors. */
  public static Session open(Backend backend) {
    return open(backend, Runtime.getRuntime().availableProcessors());
  }

  /**
   * A session whose kernels run on {@code threads} threads. Results are the same bits for the same
   * number.
   *
   * @throws IllegalArgumentException if it is below 1 or above {@link #MOST_THREADS}
   */
  public static Session open(Backend backend, int threads) {
    if (threads < 1 || threads > MOST_THREADS) {
      throw new IllegalArgumentException(
          "threads is " + threads + ", expected from 1 to " + MOST_THREADS);
    }
    return new Session(backend, threads);
  }

  /** The backend that this session uses. */
  public Backend backend() {
    return backend;
  }

  /** The size of its thread team. */
  public int threads() {
    return threads;
  }

  /** Its kernels, arguments checked. */
  public Kernels kernels() {
    return kernels;
  }

  /** Whether products of bfloat16 are faster here than those of float32. */
  public boolean multipliesBFloat16() {
    return resources.multipliesBFloat16();
  }

  /** Whether kernel calls can be noted and repeated as one. */
  boolean captures() {
    return resources.captures();
  }

  /**
   * Notes the kernel calls of {@code calls}.
   *
   * @throws BackendException if that is not possible
   */
  CapturedCalls capture(Runnable calls) {
    check();
    return resources.capture(calls);
  }

  /** Where its tensors lie. */
  public Device device() {
    return resources.device();
  }

  /** Memory for what lives as long as one step. */
  public Arena arena() {
    check();
    return arena;
  }

  /** A tensor with undefined content that lives until {@link #free} or the session's end. */
  public Tensor allocate(DType dtype, Shape shape) {
    check();
    Memory memory = device().allocate(dtype.bytes(shape));
    memories.add(memory);
    return Tensor.over(memory, 0, dtype, shape);
  }

  /** A tensor of zeros that lives until {@link #free} or the session's end. */
  public Tensor zeros(Shape shape) {
    Tensor tensor = allocate(DType.FLOAT32, shape);
    kernels.fill(tensor, 0);
    return tensor;
  }

  /**
   * Gives back what {@link #allocate} gave; {@code tensor} and every view of it become unusable.
   *
   * @throws IllegalArgumentException if it does not come from this session's allocate
   */
  public void free(Tensor tensor) {
    check();
    Memory memory = tensor.memory();
    if (!memories.remove(memory)) {
      throw new IllegalArgumentException(tensor + " was not allocated by this session");
    }
    memory.close();
  }

  /**
   * A tensor over somebody else's memory, which must stay valid while the tensor is used. Nothing
   * is copied and nothing will be freed.
   *
   * @param address on {@link #device()}, aligned to the element's size
   */
  public Tensor wrap(long address, DType dtype, Shape shape) {
    check();
    if (address == 0 || address % dtype.bytes() != 0) {
      throw new IllegalArgumentException(
          "Address 0x" + Long.toHexString(address) + " is no place for " + dtype);
    }
    Memory theirs = new Memory(device(), address, dtype.bytes(shape), () -> {});
    return Tensor.over(theirs, 0, dtype, shape);
  }

  /**
   * A tensor over a direct buffer's remaining bytes, for sessions on the host; the buffer must stay
   * reachable while the tensor is used.
   *
   * @throws IllegalArgumentException if the buffer is not direct or has another size, or this
   *     session's device is not the host
   */
  public Tensor wrap(ByteBuffer direct, DType dtype, Shape shape) {
    if (!device().isHost() || direct.remaining() != shape.elements() * dtype.bytes()) {
      throw new IllegalArgumentException(
          "A buffer of %d bytes of the host is no %s%s on %s"
              .formatted(direct.remaining(), dtype, shape, device().name()));
    }
    return wrap(HostDevice.addressOf(direct) + direct.position(), dtype, shape);
  }

  /** Makes the calling thread the session's owner; the one before must have stopped using it. */
  public void moveToCurrentThread() {
    owner = Thread.currentThread();
  }

  /** Bytes of its device's memory that are open now, arena included. */
  public long allocatedBytes() {
    return device().allocatedBytes();
  }

  @Override
  public void close() {
    if (open) {
      check();
      open = false;
      arena.close();
      memories.forEach(Memory::close);
      memories.clear();
      resources.close();
    }
  }

  private void check() {
    if (!open) {
      throw new IllegalStateException("This session is closed");
    }
    if (Thread.currentThread() != owner) {
      throw new IllegalStateException(
          "This session belongs to thread "
              + owner.getName()
              + " and was used by "
              + Thread.currentThread().getName()
              + "; call moveToCurrentThread first, or open a session per thread");
    }
  }
}
