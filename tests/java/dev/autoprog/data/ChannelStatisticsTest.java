package dev.autoprog.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.autoprog.InputException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListSet;
import org.junit.jupiter.api.Test;

class ChannelStatisticsTest {
  @Test
  void agreesWithTheDefinition() throws Exception {
    var dataset = new Fixtures.Synthetic(50);
    ChannelStatistics statistics = ChannelStatistics.of(dataset);
    for (int c = 0; c < 2; c++) {
      double sum = 0;
      double squares = 0;
      for (int i = 0; i < 50; i++) {
        for (int p = 0; p < 15; p++) {
          double value = (Fixtures.Synthetic.pixel(i, c * 15 + p) & 0xff) / 255.0;
          sum += value;
          squares += value * value;
        }
      }
      double mean = sum / 750;
      assertThat(statistics.mean()[c]).isCloseTo((float) mean, within(1e-6f));
      assertThat(statistics.std()[c])
          .isCloseTo((float) Math.sqrt(squares / 750 - mean * mean), within(1e-6f));
    }
  }

  @Test
  void ofTheEmbeddedDataIsWhatIsKnown() throws Exception {
    ChannelStatistics statistics = ChannelStatistics.of(BuiltinDataset.open().train());
    assertThat(statistics.mean()).containsExactly(new float[] {0.286f}, within(0.002f));
    assertThat(statistics.std()).containsExactly(new float[] {0.353f}, within(0.002f));
  }

  @Test
  void readsAtMostTenThousandEvenlySpacedImages() throws Exception {
    var recording = new Constant(25_000);
    ChannelStatistics.of(recording);
    assertThat(recording.read).hasSize(10_000).contains(0, 2, 5, 7, 24_997);
  }

  @Test
  void aConstantChannelKeepsAPositiveDeviation() throws Exception {
    ChannelStatistics statistics = ChannelStatistics.of(new Constant(3));
    assertThat(statistics.mean()).containsExactly(77f / 255);
    assertThat(statistics.std()).containsExactly(1f / 255);
  }

  @Test
  void reportsAnImageThatCannotBeRead() {
    assertThatThrownBy(() -> ChannelStatistics.of(new Fixtures.Synthetic(100, 60)))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith("image-60");
  }

  /** One grey pixel of value 77 each; remembers what was read. */
  private record Constant(int size, Set<Integer> read) implements ImageDataset {
    Constant(int size) {
      this(size, new ConcurrentSkipListSet<>());
    }

    @Override
    public int channels() {
      return 1;
    }

    @Override
    public int height() {
      return 1;
    }

    @Override
    public int width() {
      return 1;
    }

    @Override
    public List<String> classNames() {
      return List.of("only");
    }

    @Override
    public int label(int index) {
      return 0;
    }

    @Override
    public void read(int index, ByteBuffer to) {
      read.add(index);
      to.put((byte) 77);
    }
  }
}
