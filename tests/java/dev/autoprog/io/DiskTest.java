package dev.autoprog.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.autoprog.InputException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
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
  void aThreadThatIsInterruptedLeavesTheOldContentAndSaysWhy() throws Exception {
    Path file = folder.resolve("file");
    Disk.LOCAL.replace(file, text("old"));
    Thread.currentThread().interrupt();
    assertThatThrownBy(() -> Disk.LOCAL.replace(file, text("new")))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith(file + ": the thread that writes it was interrupted; expected");
    assertThat(Thread.interrupted()).isTrue();
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
  void whatIsNoFileIsNotReplaced() throws Exception {
    Path directory = Files.createDirectory(folder.resolve("directory"));
    Path link = Files.createSymbolicLink(folder.resolve("link"), directory);
    for (Path place : new Path[] {directory, link, folder.getRoot(), Path.of("")}) {
      assertThatThrownBy(() -> Disk.LOCAL.replace(place, text("x")))
          .isInstanceOf(InputException.class)
          .hasMessageStartingWith(place + ": a directory; expected a file");
    }
    assertThat(link).isSymbolicLink();
    assertThat(directory).isEmptyDirectory();
  }

  @Test
  void aPipeIsNotReplaced() throws Exception {
    Path pipe = folder.resolve("pipe");
    assumeThat(made(pipe)).isTrue();
    assertThatThrownBy(() -> Disk.LOCAL.replace(pipe, text("x")))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith(pipe + ": a device or a pipe; expected a file");
    assertThat(Files.readAttributes(pipe, BasicFileAttributes.class).isOther()).isTrue();
    assertThat(folder).isDirectoryNotContaining(p -> !p.equals(pipe));
  }

  private static boolean made(Path pipe) throws InterruptedException {
    try {
      return new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor() == 0;
    } catch (IOException thereIsNoSuchProgram) {
      return false;
    }
  }

  @Test
  void whatALinkLeadsToIsReplaced() throws Exception {
    Path there = Files.createDirectory(folder.resolve("there"));
    Path old = Files.writeString(there.resolve("old"), "a long first content");
    Path link = Files.createSymbolicLink(folder.resolve("link"), Path.of("there/old"));
    Path toLink = Files.createSymbolicLink(there.resolve("to link"), Path.of("../link"));
    Disk.LOCAL.replace(toLink, text("short"));
    assertThat(old).hasContent("short");
    assertThat(link).isSymbolicLink();
    assertThat(toLink).isSymbolicLink();
    Path dangling = Files.createSymbolicLink(folder.resolve("dangling"), Path.of("there/new"));
    Path toDangling = Files.createSymbolicLink(folder.resolve("to dangling"), dangling);
    Disk.LOCAL.replace(toDangling, text("new"));
    assertThat(there.resolve("new")).hasContent("new");
    assertThat(dangling).isSymbolicLink();
  }

  @Test
  void linksThatLeadNowhereAreReported() throws Exception {
    Path circle = Files.createSymbolicLink(folder.resolve("circle"), Path.of("circle"));
    assertThatThrownBy(() -> Disk.LOCAL.replace(circle, text("x")))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith(circle + ": cannot be written (too many links)");
    assertThat(circle).isSymbolicLink();
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
