package dev.autoprog.run;

import dev.autoprog.InputException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Properties;

/**
 * Keeps a second training run out of a directory, be it of this process or of another. The system's
 * lock alone does not do: it belongs to the process, and closing any other channel to the same file
 * would release it. So this process notes what it holds before it opens the file, where all its
 * class loaders see it: among the system's properties.
 */
final class RunLock implements AutoCloseable {
  private final Path directory;
  private final FileChannel channel;

  private RunLock(Path directory, FileChannel channel) {
    this.directory = directory;
    this.channel = channel;
  }

  /**
   * Takes the lock.
   *
   * @param directory an existing one
   * @throws InputException if somebody holds it
   */
  static RunLock on(Path directory) throws IOException, InputException {
    Path real = directory.toRealPath();
    if (properties().putIfAbsent(note(real), "held") != null) {
      throw inUse(directory);
    }
    FileChannel channel = null;
    try {
      channel =
          FileChannel.open(
              real.resolve(".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      if (channel.tryLock() == null) {
        throw inUse(directory);
      }
      return new RunLock(real, channel);
    } catch (IOException | InputException e) {
      properties().remove(note(real));
      if (channel != null) {
        channel.close();
      }
      throw e;
    }
  }

  private static Properties properties() {
    return System.getProperties();
  }

  private static String note(Path directory) {
    return "autoprog.run.lock:" + directory;
  }

  private static InputException inUse(Path directory) {
    return new InputException(
        directory.toString(),
        "in use by another training run",
        "one run at a time in a directory",
        "Wait until that run ends, or choose another directory");
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } finally {
      properties().remove(note(directory));
    }
  }
}
