package dev.autoprog.data;

import static dev.autoprog.data.Fixtures.assertInputError;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DataSourcesTest {
  private static final FolderOptions OPTIONS = FolderOptions.ofSide(8);

  @TempDir Path temp;

  @Test
  void opensTheEmbeddedData() throws Exception {
    assertThat(DataSources.open("builtin", OPTIONS).train().size()).isEqualTo(9_000);
  }

  @Test
  void opensAFolderWhosePathHasAColon() throws Exception {
    Path root = temp.resolve("a:b");
    for (String part : new String[] {"train", "test"}) {
      Fixtures.write(root.resolve(part).resolve("cat/1.png"), Fixtures.solid(9, 9, 0x102030));
    }
    DataSplit split = DataSources.open("folder:" + root, OPTIONS);
    assertThat(split.name()).isEqualTo("folder:" + root);
    assertThat(split.train().height()).isEqualTo(8);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "mnist", "imagenet:/data", "idx", "idx:", "folder: ", "builtin:x"})
  void namesTheKnownSources(String source) {
    assertInputError(
        () -> DataSources.open(source, OPTIONS),
        "data source \"" + source + "\"",
        "builtin",
        "idx:PATH",
        "cifar10:PATH",
        "folder:PATH");
  }

  @ParameterizedTest
  @ValueSource(strings = {"idx", "cifar10", "folder"})
  void namesAMissingPath(String scheme) {
    Path missing = temp.resolve("nowhere");
    assertInputError(
        () -> DataSources.open(scheme + ":" + missing, OPTIONS), missing, "nothing there");
  }

  @Test
  void tellsOfAHomeFolderThatNobodyExpanded() {
    assertInputError(
        () -> DataSources.open("idx:~/nowhere", OPTIONS),
        "~/nowhere",
        "nothing there",
        "expands ~");
  }

  @Test
  void refusesAFileInPlaceOfAFolder() throws Exception {
    Path file = Files.writeString(temp.resolve("file"), "text");
    assertInputError(
        () -> DataSources.open("folder:" + file, OPTIONS), file, "a file of another kind");
  }

  @Test
  void refusesAPathThatCannotBe() {
    assertInputError(
        () -> DataSources.open("folder:a\0b", OPTIONS), "data source", "does not allow", "Nul");
  }

  @Test
  void refusesPartsThatDoNotBelongTogether() {
    assertThatThrownBy(
            () -> new DataSplit("mixed", new Fixtures.Synthetic(3), BuiltinDataset.open().test()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("mixed");
  }

  @Test
  void latentsAreNoImages() throws Exception {
    assertInputError(
        () -> DataSources.open("latents:some/place", FolderOptions.ofSide(8)),
        "data source \"latents:some/place\"",
        "latents, which have no pixels",
        "images: builtin, ");
    assertThat(DataSources.isLatents("latents:some/place")).isTrue();
    assertThat(DataSources.isLatents("folder:latents:")).isFalse();
    assertThat(DataSources.pathOf("latents:some/place")).isEqualTo(Path.of("some/place"));
    assertInputError(
        () -> DataSources.pathOf("latents:"),
        "data source \"latents:\"",
        "not the name of a source");
  }
}
