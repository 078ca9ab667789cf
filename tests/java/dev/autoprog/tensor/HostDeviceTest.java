package dev.autoprog.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HostDeviceTest {
  private final HostDevice device = new HostDevice();

  @ParameterizedTest
  @ValueSource(longs = {1, 63, 64, 65, 1 << 20})
  void memoryIsAlignedAndCounted(long bytes) {
    Memory memory = device.allocate(bytes);
    assertThat(memory.address() % 64).isZero();
    assertThat(memory.bytes()).isEqualTo(bytes);
    assertThat(memory.device()).isSameAs(device);
    assertThat(device.allocatedBytes()).isEqualTo(bytes);
    memory.close();
    assertThat(device.allocatedBytes()).isZero();
  }

  @Test
  void closingTwiceFreesOnce() {
    Memory memory = device.allocate(8);
    assertThat(memory.isOpen()).isTrue();
    memory.close();
    memory.close();
    assertThat(memory.isOpen()).isFalse();
    assertThat(device.allocatedBytes()).isZero();
    assertThatThrownBy(memory::address)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("closed");
  }

  @ParameterizedTest
  @ValueSource(longs = {0, -1})
  void refusesSizesBelowOne(long bytes) {
    assertThatThrownBy(() -> device.allocate(bytes))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(Long.toString(bytes));
  }

  @ParameterizedTest
  @ValueSource(longs = {1L << 60, Long.MAX_VALUE})
  void saysWhenThereIsNoRoom(long bytes) {
    assertThatThrownBy(() -> device.allocate(bytes))
        .isInstanceOfSatisfying(
            DeviceMemoryException.class, e -> assertThat(e.requestedBytes()).isEqualTo(bytes))
        .hasMessageContaining("host")
        .hasMessageContaining("smaller batch");
    assertThat(device.allocatedBytes()).isZero();
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 7, 4096})
  void aViewHasAsManyBytesAsAskedFor(int bytes) {
    try (Memory memory = device.allocate(4096)) {
      ByteBuffer view = HostDevice.view(memory.address(), bytes);
      assertThat(view.capacity()).isEqualTo(bytes);
      assertThat(view.remaining()).isEqualTo(bytes);
      assertThat(view.order()).isEqualTo(ByteOrder.nativeOrder());
    }
  }

  @Test
  void aViewSharesTheMemory() {
    try (Memory memory = device.allocate(16)) {
      HostDevice.view(memory.address(), 16).putInt(4, 0x12345678);
      ByteBuffer view = HostDevice.view(memory.address() + 4, 4);
      assertThat(view.getInt(0)).isEqualTo(0x12345678);
      assertThat(HostDevice.addressOf(view)).isEqualTo(memory.address() + 4);
    }
  }

  @Test
  void onlyDirectBuffersHaveAnAddress() {
    assertThatThrownBy(() -> HostDevice.addressOf(ByteBuffer.allocate(4)))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void copiesThereAndBackAndNothingMore() {
    try (Memory memory = device.allocate(8)) {
      device.upload(ByteBuffer.wrap(new byte[] {9, 9, 9, 9, 9, 9, 9, 9}), memory.address());
      ByteBuffer source = ByteBuffer.wrap(new byte[] {1, 2, 3, 4, 5}, 1, 3);
      device.upload(source, memory.address() + 2);
      assertThat(source.hasRemaining()).isFalse();

      ByteBuffer all = ByteBuffer.allocate(8);
      device.download(memory.address(), all);
      assertThat(all.hasRemaining()).isFalse();
      assertThat(all.array()).containsExactly(9, 9, 2, 3, 4, 9, 9, 9);
    }
  }
}
