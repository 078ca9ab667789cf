package dev.autoprog.run;

import dev.autoprog.io.Disk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.util.function.BiPredicate;

/**
 * A disk on which some operations fail. Of what a failing write should have written, half is there.
 */
final class FailingDisk extends Disk {
  /** Decides on an operation by its number, from 1, and the file or directory that it is about. */
  private final BiPredicate<Integer, Path> fails;

  private int operations;

  private FailingDisk(BiPredicate<Integer, Path> fails) {
    this.fails = fails;
  }

  /** As if the disk were full for a moment. */
  static FailingDisk failingOnceAt(int operation) {
    return new FailingDisk((number, path) -> number == operation);
  }

  /** As if the process ended there. */
  static FailingDisk dyingAt(int operation) {
    return new FailingDisk((number, path) -> number >= operation);
  }

  /** As if there were no room for this file. */
  static FailingDisk withoutRoomFor(String name) {
    return new FailingDisk((number, path) -> path.endsWith(name));
  }

  static FailingDisk sound() {
    return new FailingDisk((number, path) -> false);
  }

  /** How many operations there were. */
  int operations() {
    return operations;
  }

  private boolean isFailing(Path path) {
    operations++;
    return fails.test(operations, path);
  }

  private void step(Path path) throws IOException {
    if (isFailing(path)) {
      throw new IOException("No space left on device");
    }
  }

  @Override
  public void createDirectories(Path directory) throws IOException {
    step(directory);
    super.createDirectories(directory);
  }

  @Override
  public void write(Path file, Content content) throws IOException {
    boolean failing = isFailing(file);
    super.write(file, failing ? out -> content.writeTo(new Full(out)) : content);
  }

  @Override
  public void rename(Path from, Path to) throws IOException {
    step(to);
    super.rename(from, to);
  }

  @Override
  public void delete(Path tree) throws IOException {
    step(tree);
    super.delete(tree);
  }

  @Override
  public void syncDirectory(Path directory) throws IOException {
    step(directory);
    super.syncDirectory(directory);
  }

  private record Full(WritableByteChannel out) implements WritableByteChannel {
    @Override
    public int write(ByteBuffer source) throws IOException {
      out.write(source.slice(source.position(), source.remaining() / 2));
      throw new IOException("No space left on device");
    }

    @Override
    public boolean isOpen() {
      return out.isOpen();
    }

    @Override
    public void close() throws IOException {
      out.close();
    }
  }
}
