package dev.autoprog.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.autoprog.InputException;
import java.nio.ByteBuffer;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SelectionTest {
  @Test
  void itHoldsTheImagesOfItsClassesUnderTheirLabels() throws Exception {
    DataSplit all = DataSources.open("builtin", FolderOptions.ofSide(28));
    DataSplit some = all.select(Selection.ofClasses(Set.of(3, 7)));
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
  void ofEachClassItTakesTheFirstToTrainOnAndAllToTest() throws Exception {
    DataSplit all = DataSources.open("builtin", FolderOptions.ofSide(28));
    DataSplit some = all.select(new Selection(Set.of(1, 4, 9), 5));
    assertThat(some.train().size()).isEqualTo(15);
    int[] seen = new int[10];
    int at = 0;
    for (int i = 0; at < 15; i++) {
      int label = all.train().label(i);
      if (Set.of(1, 4, 9).contains(label) && seen[label]++ < 5) {
        assertThat(some.train().label(at)).isEqualTo(label);
        assertThat(pixels(some.train(), at)).isEqualTo(pixels(all.train(), i));
        at++;
      }
    }
    DataSplit whole = all.select(Selection.ofClasses(Set.of(1, 4, 9)));
    assertThat(some.test().size()).isEqualTo(whole.test().size());
    assertThat(all.select(new Selection(Set.of(), 3)).train().size()).isEqualTo(30);
    assertThat(all.select(new Selection(Set.of(), 0))).isSameAs(all);
  }

  /** Of every class, or of those that are asked for: only these must be tested. */
  @Test
  void whereNoClassIsNamedTheTestImagesStayWhatTheyAre() throws Exception {
    DataSplit all = DataSources.open("builtin", FolderOptions.ofSide(28));
    DataSplit untested = new DataSplit("untested", all.train(), firsts(all.test(), 5));
    DataSplit some = untested.select(new Selection(Set.of(), 3));
    assertThat(some.train().size()).isEqualTo(30);
    assertThat(some.test()).isSameAs(untested.test());
    assertRefused(untested, Set.of(missing(untested.test())), 3, "no image of class");
  }

  private static ImageDataset firsts(ImageDataset images, int count) {
    return images.range(0, count);
  }

  private static int missing(ImageDataset images) {
    Set<Integer> there =
        IntStream.range(0, images.size()).mapToObj(images::label).collect(Collectors.toSet());
    return IntStream.range(0, images.classNames().size())
        .filter(label -> !there.contains(label))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void whatIsNotThereIsRefused() throws Exception {
    DataSplit all = DataSources.open("builtin", FolderOptions.ofSide(28));
    assertRefused(all, Set.of(10), 0, "expected 0 to 9");
    assertRefused(all, Set.of(-1), 0, "class -1");
    assertRefused(all, Set.of(4), 5000, "images of class 4");
    DataSplit two = all.select(Selection.ofClasses(Set.of(2)));
    assertRefused(two, Set.of(2, 5), 0, "no image of class 5");
    assertRefused(two, Set.of(), 1, "no image of class 0");
  }

  private static void assertRefused(
      DataSplit images, Set<Integer> classes, int perClass, String message) {
    assertThatThrownBy(() -> images.select(new Selection(classes, perClass)))
        .isInstanceOf(InputException.class)
        .hasMessageContaining(message);
  }
}
