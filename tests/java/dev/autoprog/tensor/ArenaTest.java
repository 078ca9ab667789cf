package dev.autoprog.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ArenaTest {
  /** A step's requests: small, odd, and together more than one first chunk. */
  private static final long[] STEP = {1, 63, 65, 300_000, 7, 1_000_000, 2};

  private final CountingDevice device = new CountingDevice();

  @Test
  void laterStepsGetTheSameAddressesAndAllocateNothing() {
    try (Arena arena = new Arena(device)) {
      step(arena);
      arena.reset();
      List<Long> second = step(arena);
      int allocations = device.allocations;
      long bytes = device.allocatedBytes();
      for (int i = 0; i < 3; i++) {
        arena.reset();
        assertThat(step(arena)).isEqualTo(second);
      }
      assertThat(device.allocations).isEqualTo(allocations);
      assertThat(device.allocatedBytes()).isEqualTo(bytes);
    }
    assertThat(device.allocatedBytes()).isZero();
  }

  @Test
  void aStepThatFitsItsFirstChunkKeepsItsAddresses() {
    try (Arena arena = new Arena(device)) {
      long first = arena.allocate(DType.FLOAT32, Shape.of(10)).address();
      arena.reset();
      assertThat(arena.allocate(DType.FLOAT32, Shape.of(10)).address()).isEqualTo(first);
      assertThat(device.allocations).isEqualTo(1);
    }
  }

  @Test
  void tensorsAreAlignedAndApart() {
    try (Arena arena = new Arena(device)) {
      List<Tensor> tensors = new ArrayList<>();
      for (long n : STEP) {
        tensors.add(arena.allocate(DType.FLOAT32, Shape.of(n)));
      }
      for (Tensor a : tensors) {
        assertThat(a.address() % 64).isZero();
        for (Tensor b : tensors) {
          assertThat(
                  a == b
                      || a.address() + a.bytes() <= b.address()
                      || b.address() + b.bytes() <= a.address())
              .isTrue();
        }
      }
    }
  }

  @Test
  void aResetMakesEarlierTensorsStale() {
    try (Arena arena = new Arena(device)) {
      Tensor small = arena.allocate(DType.FLOAT32, Shape.of(4)).set(1, 2, 3, 4f);
      Tensor view = small.rows(1, 2);
      arena.reset();
      Tensor fresh = arena.allocate(DType.FLOAT32, Shape.of(4));
      assertThat(fresh.set(5, 6, 7, 8f).toFloats()).containsExactly(5, 6, 7, 8);
      for (Tensor stale : List.of(small, view)) {
        assertThatThrownBy(stale::address)
            .isInstanceOf(IllegalStateException.class)
            .hasMessageContaining("arena was reset");
        assertThatThrownBy(stale::toFloats).isInstanceOf(IllegalStateException.class);
      }
    }
  }

  @Test
  void aReleasedTensorIsStaleAndTheNextHasItsPlace() {
    try (Arena arena = new Arena(device)) {
      Tensor first = arena.allocate(DType.FLOAT32, Shape.of(40));
      Tensor second = arena.allocate(DType.FLOAT32, Shape.of(40)).set(new float[40]);
      long address = first.address();
      arena.release(first.reshape(5, 8));
      assertThatThrownBy(first::address)
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("last reader");
      assertThat(arena.usedBytes()).isEqualTo(192);
      assertThat(arena.allocate(DType.FLOAT32, Shape.of(17)).address()).isEqualTo(address);
      assertThat(second.toFloats()).containsOnly(0);
      assertThatThrownBy(() -> arena.release(first))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("not in use");
    }
  }

  @Test
  void neighboursThatWereReleasedInAnyOrderMakeOnePlace() {
    for (int[] order : new int[][] {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {2, 1, 0}}) {
      try (Arena arena = new Arena(device)) {
        List<Tensor> tensors = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
          tensors.add(arena.allocate(DType.UINT8, Shape.of(64)));
        }
        long begin = tensors.get(0).address();
        for (int i : order) {
          arena.release(tensors.get(i));
        }
        assertThat(arena.allocate(DType.UINT8, Shape.of(192)).address()).isEqualTo(begin);
      }
    }
  }

  @Test
  void staleTensorsOfASpreadStepAreStaleToo() {
    try (Arena arena = new Arena(device)) {
      Tensor first = arena.allocate(DType.FLOAT32, Shape.of(4));
      arena.allocate(DType.FLOAT32, Shape.of(1_000_000));
      arena.reset();
      assertThatThrownBy(first::address).isInstanceOf(IllegalStateException.class);
    }
  }

  @Test
  void countsBytesInUseAndTheirPeak() {
    try (Arena arena = new Arena(device)) {
      arena.allocate(DType.FLOAT32, Shape.of(1));
      arena.allocate(DType.UINT8, Shape.of(65));
      assertThat(arena.usedBytes()).isEqualTo(64 + 128);
      arena.reset();
      assertThat(arena.usedBytes()).isZero();
      arena.allocate(DType.FLOAT32, Shape.of(16));
      assertThat(arena.usedBytes()).isEqualTo(64);
      assertThat(arena.peakBytes()).isEqualTo(64 + 128);
    }
  }

  @Test
  void startsFromNothingAfterClose() {
    Arena arena = new Arena(device);
    Tensor before = arena.allocate(DType.FLOAT32, Shape.of(4));
    arena.close();
    assertThat(device.allocatedBytes()).isZero();
    assertThatThrownBy(before::address).isInstanceOf(IllegalStateException.class);
    arena.allocate(DType.FLOAT32, Shape.of(4)).set(1, 2, 3, 4f);
    arena.close();
    assertThat(device.allocatedBytes()).isZero();
  }

  @Test
  void survivesARequestThatCannotBeMet() {
    try (Arena arena = new Arena(device)) {
      Tensor kept = arena.allocate(DType.FLOAT32, Shape.of(2)).set(1, 2f);
      for (long elements : new long[] {1L << 58, Long.MAX_VALUE / 4, 1L << 62}) {
        assertThatThrownBy(() -> arena.allocate(DType.FLOAT32, Shape.of(elements)))
            .isInstanceOfAny(DeviceMemoryException.class, IllegalArgumentException.class);
      }
      assertThat(kept.toFloats()).containsExactly(1, 2);
      assertThat(arena.allocate(DType.FLOAT32, Shape.of(1)).set(3f).toFloats()).containsExactly(3);
    }
    assertThat(device.allocatedBytes()).isZero();
  }

  /** A first chunk of a mebibyte, and room for half of one besides. */
  @Test
  void takesNoMoreThanItNeedsWhereThereIsNoRoomForMore() {
    device.most = 3 << 19;
    try (Arena arena = new Arena(device)) {
      arena.allocate(DType.UINT8, Shape.of(1 << 20));
      arena.allocate(DType.UINT8, Shape.of(1 << 18));
      arena.allocate(DType.UINT8, Shape.of(1 << 18));
      assertThat(device.allocatedBytes()).isEqualTo(device.most);
      assertThatThrownBy(() -> arena.allocate(DType.UINT8, Shape.of(1)))
          .isInstanceOf(DeviceMemoryException.class);
      arena.reset();
      arena.allocate(DType.UINT8, Shape.of(3 << 19));
    }
  }

  private static List<Long> step(Arena arena) {
    List<Long> addresses = new ArrayList<>();
    for (long n : STEP) {
      addresses.add(arena.allocate(DType.FLOAT32, Shape.of(n)).address());
    }
    return addresses;
  }

  /** The host, with an end, counting how often it is asked. */
  private static final class CountingDevice implements Device {
    private final HostDevice host = new HostDevice();
    private int allocations;
    private long most = Long.MAX_VALUE;

    @Override
    public String name() {
      return host.name();
    }

    @Override
    public boolean isHost() {
      return true;
    }

    @Override
    public Memory allocate(long bytes) {
      allocations++;
      if (bytes > most - host.allocatedBytes()) {
        throw new DeviceMemoryException(name(), bytes, "no more");
      }
      Memory memory = host.allocate(bytes);
      return new Memory(this, memory.address(), bytes, memory::close);
    }

    @Override
    public void upload(ByteBuffer from, long address) {
      host.upload(from, address);
    }

    @Override
    public void download(long address, ByteBuffer to) {
      host.download(address, to);
    }

    @Override
    public long allocatedBytes() {
      return host.allocatedBytes();
    }
  }
}
