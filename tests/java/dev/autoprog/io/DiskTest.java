package dev.autoprog.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.autoprog.InputException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@link Disk}: all or nothing, and the system's own words. */
class DiskTest {
  @TempDir Path folder;

  private static Disk.Content text(String text) {
    return out -> Disk.writeFully(out, ByteBuffer.wrap(text.getBytes()));
  }

  @Test
  void aFileIsReplacedWhole() throws Exception {
    Path file = folder.resolve("a/b/file");
    Disk.LOCAL.replace(file, text("a long first content"));
    Disk.LOCAL.replace(file, text("short"));
    assertThat(file).hasContent("short");
    assertThat(file.getParent()).isDirectoryNotContaining(p -> !p.equals(file));
  }

  @Test
  void aFailureLeavesTheOldContentAlone() throws Exception {
    Path file = folder.resolve("file");
    Disk.LOCAL.replace(file, text("old"));
    Disk.Content failing =
        out -> {
          text("half of the new").writeTo(out);
          throw new IOException("cable torn");
        };
    assertThatThrownBy(() -> Disk.LOCAL.replace(file, failing))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith(file + ": cannot be written (cable torn); expected");
    assertThat(file).hasContent("old");
    assertThat(folder).isDirectoryNotContaining(p -> !p.equals(file));
  }

  @Test
  void aFullDeviceIsReportedInTheSystemsWords() {
    Path full = Path.of("/dev/full");
    assumeThat(full).exists();
    assertThatThrownBy(() -> Disk.LOCAL.write(full, text("x")))
        .isInstanceOf(IOException.class)
        .satisfies(e -> assertThat(Disk.reason((IOException) e)).contains("No space left"));
  }

  @Test
  void whatIsInTheWayIsReported() throws Exception {
    Path file = Files.writeString(folder.resolve("file"), "");
    assertThatThrownBy(() -> Disk.LOCAL.replace(file.resolve("x"), text("x")))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("a file of that name exists");
    Files.createDirectories(folder.resolve("directory/inner"));
    assertThatThrownBy(() -> Disk.LOCAL.replace(folder.resolve("directory"), text("x")))
        .isInstanceOf(InputException.class);
    assertThat(folder.resolve("directory/inner")).exists();
    assertThat(folder.resolve(".directory.tmp")).doesNotExist();
  }

  @Test
  void treesAreDeletedWithoutFollowingLinks() throws Exception {
    Path precious = Files.writeString(folder.resolve("precious"), "1");
    Path tree = Files.createDirectories(folder.resolve("tree/a/b"));
    Files.createSymbolicLink(tree.resolve("link"), folder);
    Files.createSymbolicLink(tree.resolve("dangling"), folder.resolve("nowhere"));
    Disk.LOCAL.delete(folder.resolve("tree"));
    Disk.LOCAL.delete(folder.resolve("tree"));
    assertThat(folder.resolve("tree")).doesNotExist();
    assertThat(precious).exists();
  }
}
