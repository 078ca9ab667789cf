package dev.autoprog.data.latent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.autoprog.InputException;
import dev.autoprog.data.Selection;
import dev.autoprog.io.StoredType;
import dev.autoprog.testing.SafetensorsBytes;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Files as the documentation of the format says, written without the library. */
class LatentSplitTest {
  private static final Map<String, String> METADATA =
      Map.of(
          "latents_version", "1", "latents_scale", "0.5", "latents_class_names", "cat\ndog\nowl");
  private static final float[] LABELS = {0, 1, 2, 2, 0};

  @TempDir Path directory;

  /** Quarters that tell the latent and the place in it. */
  private static float[] values(int count, int elements) {
    float[] values = new float[count * elements];
    for (int i = 0; i < values.length; i++) {
      values[i] = (i % 512 - 256) / 4f;
    }
    return values;
  }

  private static SafetensorsBytes content(Map<String, String> metadata, StoredType type, int side) {
    return new SafetensorsBytes(metadata)
        .add("latents", type, values(5, 4 * side * side), 5, 4, side, side)
        .add("labels", StoredType.I64, LABELS, 5);
  }

  private Path file(String name) {
    return directory.resolve(name + ".safetensors");
  }

  @BeforeEach
  void writes() throws Exception {
    for (String place : List.of("train/4/00000-of-00002", "train/4/00001-of-00002")) {
      content(METADATA, StoredType.F16, 4).write(file(place));
    }
    for (String place : List.of("train/2/00000-of-00002", "train/2/00001-of-00002")) {
      content(METADATA, StoredType.F16, 2).write(file(place));
    }
    content(METADATA, StoredType.F16, 4).write(file("test/4/00000-of-00001"));
  }

  private void assertRefused(String subject, String... parts) {
    assertThatThrownBy(() -> LatentSplit.open(directory).verify())
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith(directory.resolve(subject).toString())
        .hasMessageContainingAll(parts)
        .hasMessageMatching("(?s).+: .+; expected .+\\. .+");
  }

  @ParameterizedTest
  @EnumSource(
      value = StoredType.class,
      names = {"F16", "BF16", "F32"})
  void latentsOfEveryTypeAreReadScaled(StoredType type) throws Exception {
    content(METADATA, type, 4).write(file("train/4/00001-of-00002"));
    LatentSplit split = LatentSplit.open(directory);
    split.verify();
    LatentDataset train = split.train(4);
    assertThat(train.size()).isEqualTo(10);
    assertThat(train.classNames()).containsExactly("cat", "dog", "owl");
    assertThat(split.space().encoder()).isEmpty();
    assertThat(split.hasMirrored()).isFalse();
    ByteBuffer read = ByteBuffer.allocateDirect(train.imageBytes());
    train.read(8, read);
    float[] values = new float[64];
    read.flip().order(ByteOrder.nativeOrder()).asFloatBuffer().get(values);
    float[] stored = Arrays.copyOfRange(values(5, 64), 3 * 64, 4 * 64);
    for (int i = 0; i < values.length; i++) {
      assertThat(values[i]).isEqualTo(0.5f * stored[i]);
    }
    assertThat(train.label(8)).isEqualTo(2);
    assertThat(train.range(7, 9).label(1)).isEqualTo(2);
  }

  @Test
  void someClassesAreRead() throws Exception {
    LatentSplit some = LatentSplit.open(directory).select(Selection.ofClasses(Set.of(0, 2)));
    assertThat(some.train(2).size()).isEqualTo(8);
    assertThat(some.testSize()).isEqualTo(4);
    assertThat(some.train(4).label(1)).isEqualTo(2);
    assertThat(some.train(4).label(7)).isZero();
    assertThatThrownBy(() -> LatentSplit.open(directory).select(Selection.ofClasses(Set.of(3))))
        .hasMessageContaining("class 3; expected 0 to 2");
  }

  @Test
  void someOfEachClassAreTrainedOnAndAllAreTested() throws Exception {
    LatentSplit all = LatentSplit.open(directory);
    LatentSplit some = all.select(new Selection(Set.of(), 2));
    for (int side : List.of(2, 4)) {
      assertThat(some.train(side).size()).isEqualTo(6);
    }
    assertThat(some.test(4).size()).isEqualTo(all.test(4).size());
  }

  @Test
  void aClassWithoutLatentsIsNoticedWhereAllAreWanted() throws Exception {
    Map<String, String> more = new LinkedHashMap<>(METADATA);
    more.put("latents_class_names", "cat\ndog\nowl\nhen");
    for (String place : List.of("train/4/00000-of-00001", "test/4/00000-of-00001")) {
      content(more, StoredType.F16, 4).write(directory.resolve("more/" + place + ".safetensors"));
    }
    LatentSplit split = LatentSplit.open(directory.resolve("more"));
    assertThatThrownBy(() -> split.select(Selection.ofClasses(Set.of())))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("no image of class 3 (hen); expected at least one");
    assertThat(split.select(Selection.ofClasses(Set.of(1))).train(4).size()).isEqualTo(1);
  }

  @Test
  void missingFilesAreNamed() throws Exception {
    Files.delete(file("train/4/00001-of-00002"));
    assertRefused("train/4/00001-of-00002.safetensors", "missing", "all of 2 files");
    Files.delete(file("train/4/00000-of-00002"));
    assertRefused("train/4", "no file of latents");
    Files.createDirectories(directory.resolve("test/other"));
    content(METADATA, StoredType.F32, 4).write(file("train/4/00000-of-00001"));
    content(METADATA, StoredType.F32, 4).write(file("train/4/00002-of-00003"));
    assertRefused("train/4", "files of several writings, of [1, 3] files each");
    assertThatThrownBy(() -> LatentSplit.open(directory.resolve("none")))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("nothing there");
    assertThatThrownBy(() -> LatentSplit.open(directory).train(4))
        .isInstanceOf(InputException.class);
  }

  @Test
  void aSideThatIsNotThereIsNamedWithThoseThatAre() throws Exception {
    LatentSplit split = LatentSplit.open(directory);
    assertThatThrownBy(() -> split.train(3))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("latents of side [2, 4]; expected of side 3, which a stage reads")
        .hasMessageContaining("progressive.resolution_scale");
    assertThatThrownBy(() -> split.test(2)).hasMessageContaining("test: latents of side [4]");
  }

  @ParameterizedTest
  @CsvSource({
    "latents_version,2,latents_version is 2; expected 1",
    "latents_scale,0,latents_scale is 0; expected a number above 0",
    "latents_scale,much,latents_scale is much; expected a number above 0",
    "latents_class_names,'',latents_class_names is missing; expected the classes' names",
    "latents_scale,0.25,'LatentSpace[scale=0.25, encoder=, classNames=[cat, dog, owl]]; expected'"
  })
  void metadataThatSayOtherThingsAreRefused(String key, String value, String message)
      throws Exception {
    Map<String, String> metadata = new LinkedHashMap<>(METADATA);
    metadata.put(key, value);
    content(metadata, StoredType.F32, 4).write(file("train/4/00001-of-00002"));
    assertRefused("train/4/00001-of-00002.safetensors", message);
  }

  @Test
  void filesOfSomethingElseAreRefused() throws Exception {
    String name = "train/4/00001-of-00002";
    String subject = name + ".safetensors";
    content(Map.of("format", "pt"), StoredType.F32, 4).write(file(name));
    assertRefused(subject, "nothing of latents");
    new SafetensorsBytes(METADATA)
        .add("latents", StoredType.F32, values(5, 64), 5, 64)
        .add("labels", StoredType.I64, LABELS, 5)
        .write(file(name));
    assertRefused(subject, "its shape is (5, 64); expected (n, channels, side, side)");
    new SafetensorsBytes(METADATA)
        .add("latents", StoredType.F32, values(5, 48), 5, 3, 4, 4)
        .add("labels", StoredType.I64, LABELS, 5)
        .write(file(name));
    assertRefused(subject, "3 channels, ", "4 channels, ", "Encode all images with one encoder");
    new SafetensorsBytes(METADATA)
        .add("latents", StoredType.F32, values(5, 64), 5, 4, 4, 4)
        .add("labels", StoredType.I64, new float[] {0, 1}, 2)
        .write(file(name));
    assertRefused(subject, "2 labels; expected one for each of 5");
    new SafetensorsBytes(METADATA)
        .add("latents", StoredType.F32, values(5, 64), 5, 4, 4, 4)
        .add("labels", StoredType.I32, new float[] {0, 1, 2, 3, 0}, 5)
        .write(file(name));
    assertRefused(subject, "label 3 for latent 3; expected labels from 0 to 2");
    new SafetensorsBytes(METADATA)
        .add("latents", StoredType.I32, values(5, 64), 5, 4, 4, 4)
        .add("labels", StoredType.I64, LABELS, 5)
        .write(file(name));
    assertRefused(subject, "I32 (5, 4, 4, 4); expected rows of F64, F32, F16 or BF16");
    new SafetensorsBytes(METADATA)
        .add("latents", StoredType.F32, values(5, 64), 5, 4, 4, 4)
        .add("labels", StoredType.F32, LABELS, 5)
        .write(file(name));
    assertRefused(subject, "5 elements of F32", "I32 or I64");
    content(METADATA, StoredType.F32, 4)
        .add("mirrored", StoredType.F32, values(4, 64), 4, 4, 4, 4)
        .write(file(name));
    assertRefused(subject, "its shape is (4, 4, 4, 4); expected (5, 4, 4, 4) as of latents");
    content(METADATA, StoredType.F32, 2).write(file(name));
    assertRefused(subject, "latents of side 2; expected side 4, as its folder says");
  }

  @Test
  void sidesOfOtherImagesAreRefused() throws Exception {
    new SafetensorsBytes(METADATA)
        .add("latents", StoredType.F32, values(5, 64), 5, 4, 4, 4)
        .add("labels", StoredType.I64, new float[] {0, 1, 2, 2, 1}, 5)
        .write(file("train/4/00001-of-00002"));
    assertRefused("train/4", "the same images in the same order as in");
  }

  @Test
  void aNumberThatIsNotFiniteIsNamedWhereItIsRead() throws Exception {
    float[] values = values(5, 64);
    values[2 * 64 + 9] = Float.NaN;
    new SafetensorsBytes(METADATA)
        .add("latents", StoredType.F16, values, 5, 4, 4, 4)
        .add("labels", StoredType.I64, LABELS, 5)
        .write(file("train/4/00001-of-00002"));
    LatentDataset train = LatentSplit.open(directory).train(4);
    ByteBuffer to = ByteBuffer.allocate(train.imageBytes());
    train.read(6, to);
    assertThatThrownBy(() -> train.read(7, to.clear()))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("element 9 of latent 2 is NaN; expected finite numbers");
    assertRefused("train/4/00001-of-00002.safetensors", "NaN");
  }

  @Test
  void aFileThatIsCutOrChangedUnderItsReaderIsNoticed() throws Exception {
    LatentDataset train = LatentSplit.open(directory).train(4);
    Path file = file("train/4/00000-of-00002");
    byte[] bytes = Files.readAllBytes(file);
    Files.write(file, Arrays.copyOf(bytes, bytes.length - 4));
    assertThatThrownBy(() -> train.read(0, ByteBuffer.allocate(train.imageBytes())))
        .isInstanceOf(InputException.class)
        .hasMessageContaining((bytes.length - 4) + " bytes long; expected " + bytes.length);
    assertRefused("train/4/00000-of-00002.safetensors", "cut short");
  }
}
