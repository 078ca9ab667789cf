package dev.autoprog.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ClassesDatasetTest {
  @Test
  void itHoldsTheImagesOfItsClassesUnderTheirLabels() throws Exception {
    DataSplit all = DataSources.open("builtin", FolderOptions.ofSide(28));
    DataSplit some = all.ofClasses(Set.of(3, 7));
    ImageDataset train = all.train();
    int at = 0;
    for (int i = 0; i < train.size(); i++) {
      if (train.label(i) == 3 || train.label(i) == 7) {
        assertThat(some.train().label(at)).isEqualTo(train.label(i));
        if (at % 97 == 0) {
          assertThat(pixels(some.train(), at)).isEqualTo(pixels(train, i));
        }
        at++;
      }
    }
    assertThat(some.train().size()).isEqualTo(at).isBetween(1, train.size() - 1);
    assertThat(some.train().classNames()).isEqualTo(train.classNames());
    assertThat(some.test().size()).isBetween(1, all.test().size() - 1);
  }

  private static byte[] pixels(ImageDataset images, int index) throws Exception {
    byte[] bytes = new byte[images.imageBytes()];
    images.read(index, ByteBuffer.wrap(bytes));
    return bytes;
  }

  @Test
  void classesThatAreNotThereOrEmptyAreRefused() throws Exception {
    DataSplit all = DataSources.open("builtin", FolderOptions.ofSide(28));
    assertThatThrownBy(() -> all.ofClasses(Set.of(10))).hasMessageContaining("expected 0 to 9");
    assertThatThrownBy(() -> all.ofClasses(Set.of(-1))).hasMessageContaining("class -1");
    DataSplit one = all.ofClasses(Set.of(2));
    assertThatThrownBy(() -> one.ofClasses(Set.of(2, 5)))
        .hasMessageContaining("no image of class 5");
  }
}
