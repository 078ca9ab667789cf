package dev.autoprog.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;

class BuiltinDatasetTest {
  @Test
  void isTheTestSetOfFashionMnistInTwoParts() throws Exception {
    DataSplit split = BuiltinDataset.open();
    assertThat(split.name()).isEqualTo("Fashion-MNIST (embedded)");
    assertThat(split.train().size()).isEqualTo(9_000);
    assertThat(split.test().size()).isEqualTo(1_000);
    assertThat(split.train().imageBytes()).isEqualTo(28 * 28);
    assertThat(split.train().classNames()).hasSize(10).startsWith("T-shirt/top");
    assertThat(split.train().classNames().get(split.train().label(0))).isEqualTo("Ankle boot");
  }

  @Test
  void hasAllClassesInBothParts() throws Exception {
    DataSplit split = BuiltinDataset.open();
    assertThat(histogram(split.train()))
        .containsExactly(892, 890, 905, 916, 913, 900, 889, 910, 886, 899);
    assertThat(histogram(split.test()))
        .containsExactly(108, 110, 95, 84, 87, 100, 111, 90, 114, 101);
  }

  @Test
  void hasTheOriginalPixels() throws Exception {
    DataSplit split = BuiltinDataset.open();
    var checksum = new CRC32();
    for (ImageDataset part : new ImageDataset[] {split.train(), split.test()}) {
      for (int i = 0; i < part.size(); i++) {
        checksum.update(Fixtures.image(part, i));
      }
    }
    assertThat(checksum.getValue()).isEqualTo(0x12728439L);
  }

  private static int[] histogram(ImageDataset dataset) {
    int[] histogram = new int[10];
    for (int i = 0; i < dataset.size(); i++) {
      histogram[dataset.label(i)]++;
    }
    return histogram;
  }
}
