package dev.autoprog.io;

import dev.autoprog.InputException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * The few operations by which files come to be, each durable when it returns: it survives a crash
 * of the process and of the machine. One class, so that a test can let any of them fail.
 */
public class Disk {
  /** The file systems of this machine. */
  public static final Disk LOCAL = new Disk();

  private static final int MOST_LINKS = 40; // as many as Linux follows

  /** For tests that let operations fail. */
  protected Disk() {}

  /** What goes into a file. */
  @FunctionalInterface
  public interface Content {
    /** Writes all of it. */
    void writeTo(WritableByteChannel out) throws IOException;
  }

  /** Creates a directory and those above it that are missing. */
  public void createDirectories(Path directory) throws IOException {
    if (Files.isDirectory(directory)) {
      return;
    }
    Path parent = directory.toAbsolutePath().getParent();
    if (parent != null) {
      createDirectories(parent);
    }
    try {
      Files.createDirectory(directory);
    } catch (FileAlreadyExistsException e) {
      if (!Files.isDirectory(directory)) {
        throw e;
      }
    }
    syncDirectory(parent);
  }

  /** Writes a new file; whatever has that name already is replaced. */
  public void write(Path file, Content content) throws IOException {
    try (FileChannel channel =
        FileChannel.open(
            file,
            StandardOpenOption.CREATE,
            StandardOpenOption.WRITE,
            StandardOpenOption.TRUNCATE_EXISTING)) {
      content.writeTo(channel);
      channel.force(true);
    }
  }

  /** Gives a file or directory another name on the same file system, at once or not at all. */
  public void rename(Path from, Path to) throws IOException {
    Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
    syncDirectory(to.toAbsolutePath().getParent());
  }

  /** Deletes a file, or a directory with all that is in it; what does not exist is fine. */
  public void delete(Path tree) throws IOException {
    if (!Files.exists(tree, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    Files.walkFileTree(
        tree,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.delete(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path directory, IOException failure)
              throws IOException {
            if (failure != null) {
              throw failure;
            }
            Files.delete(directory);
            return FileVisitResult.CONTINUE;
          }
        });
  }

  /** Makes the names in a directory durable; the files behind them are so already. */
  public void syncDirectory(Path directory) throws IOException {
    try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  /**
   * Writes a file beside its place and then renames it there: whoever looks finds the old content
   * or the new one, complete. After a failure nothing of the new one is left.
   *
   * @param file a file, a link that leads to one, or what does not exist yet, see {@link #place}
   * @throws InputException if it is something else, or the system refuses
   */
  public void replace(Path file, Content content) throws InputException {
    Path place = place(file);
    Path directory = place.getParent();
    Path beside = directory.resolve("." + place.getFileName() + ".tmp");
    try {
      createDirectories(directory);
      write(beside, content);
      rename(beside, place);
    } catch (IOException e) {
      deleteAfter(e, beside);
      throw cannotWrite(file, e);
    } catch (RuntimeException e) {
      deleteAfter(e, beside);
      throw e;
    }
  }

  /**
   * Where {@link #replace} writes: the file itself or, for a link, what it leads to. Neither need
   * exist.
   *
   * @return an absolute path, which has a parent
   * @throws InputException for what is no file: a directory, a device, a pipe, links in a circle
   */
  public static Path place(Path file) throws InputException {
    try {
      if (Files.isRegularFile(file)) {
        return file.toRealPath();
      }
      Path place = file.toAbsolutePath();
      if (Files.exists(file) || place.getParent() == null) {
        throw new InputException(
            file.toString(),
            Files.isDirectory(file) ? "a directory" : "a device or a pipe",
            "a file, or a name that nothing has yet",
            "Choose another place");
      }
      for (int links = 0; Files.isSymbolicLink(place); links++) {
        if (links == MOST_LINKS) {
          throw new FileSystemException(file.toString(), null, "too many links");
        }
        place = place.resolveSibling(Files.readSymbolicLink(place));
      }
      return place;
    } catch (IOException e) {
      throw cannotWrite(file, e);
    }
  }

  /** Deletes what {@code failure} left; that this fails too becomes a part of it. */
  public void deleteAfter(Exception failure, Path tree) {
    try {
      delete(tree);
    } catch (IOException e) {
      failure.addSuppressed(e);
    }
  }

  /** Writes all remaining bytes, which a channel need not do at once. */
  public static void writeFully(WritableByteChannel out, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      out.write(bytes);
    }
  }

  /**
   * The SHA-256 of a file's content, as hexadecimal digits.
   *
   * @throws InputException if it cannot be read
   */
  public static String sha256(Path file) throws InputException {
    try (InputStream content = Files.newInputStream(file)) {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      content.transferTo(new DigestOutputStream(OutputStream.nullOutputStream(), digest));
      return HexFormat.of().formatHex(digest.digest());
    } catch (IOException e) {
      throw cannotRead(file, e);
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e); // every Java platform has it
    }
  }

  /** The error for a file that could not be written. */
  public static InputException cannotWrite(Path file, IOException cause) {
    if (cause instanceof ClosedByInterruptException) {
      return new InputException(
          file.toString(),
          "the thread that writes it was interrupted",
          "a thread that is left to its work",
          "Stop a run by its trainer's requestStop(); what was written before is complete",
          cause);
    }
    return new InputException(
        file.toString(),
        "cannot be written (" + reason(cause) + ")",
        "a place with enough room where files may be written",
        "Free some space, correct the permissions, or choose another place",
        cause);
  }

  /** The error for a file that could not be read. */
  public static InputException cannotRead(Path file, IOException cause) {
    return new InputException(
        file.toString(),
        "cannot be read (" + reason(cause) + ")",
        "a file that may be read",
        "Correct the path or the permissions",
        cause);
  }

  /** What the system said, without the file's name. */
  public static String reason(IOException e) {
    if (e instanceof FileSystemException failure && failure.getReason() != null) {
      return failure.getReason();
    } else if (e instanceof NoSuchFileException) {
      return "no such file or directory";
    } else if (e instanceof AccessDeniedException) {
      return "permission denied";
    } else if (e instanceof FileAlreadyExistsException) {
      return "a file of that name exists";
    } else if (e instanceof NotDirectoryException) {
      return "not a directory";
    } else if (e instanceof DirectoryNotEmptyException) {
      return "the directory is not empty";
    }
    return e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
  }
}
