package dev.autoprog.run;

import dev.autoprog.InputException;
import dev.autoprog.io.Disk;
import dev.autoprog.io.SafetensorsWriter;
import dev.autoprog.tensor.Tensor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.NavigableMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The checkpoints of one training run, {@code checkpoints/step-000123/} in its directory, each with
 *
 * <ul>
 *   <li>{@code model.safetensors}: the model's weights under their parameters' names;
 *   <li>{@code state.safetensors}: what training needs besides, such as optimizer moments;
 *   <li>{@code state.json}: facts (step, epoch, stage …), format version and checksums.
 * </ul>
 *
 * A checkpoint is written beside its place, made durable and renamed, so that at every moment the
 * directory holds the last complete one, whatever happens to process, machine or disk. One store at
 * a time can be open on a directory; {@link Checkpoint#newestOf} reads without one.
 */
public final class CheckpointStore implements AutoCloseable {
  /** How many checkpoints are kept unless said otherwise. */
  public static final int DEFAULT_KEEP = 3;

  private static final Logger LOG = LoggerFactory.getLogger(CheckpointStore.class);

  private final CheckpointDirectory directory;
  private final int keep;
  private final Disk disk;
  private final RunLock lock;

  private CheckpointStore(CheckpointDirectory directory, int keep, Disk disk, RunLock lock) {
    this.directory = directory;
    this.keep = keep;
    this.disk = disk;
    this.lock = lock;
  }

  /** The store of a run that keeps {@value #DEFAULT_KEEP} checkpoints. */
  public static CheckpointStore open(Path run) throws InputException {
    return open(run, DEFAULT_KEEP);
  }

  /**
   * The store of a run. What an earlier run left half written is removed.
   *
   * @param run the run's directory; created if it does not exist
   * @param keep how many of the newest checkpoints stay, at least 1
   * @throws InputException if the directory cannot be used, or another store is open on it
   */
  public static CheckpointStore open(Path run, int keep) throws InputException {
    return open(run, keep, Disk.LOCAL);
  }

  static CheckpointStore open(Path run, int keep, Disk disk) throws InputException {
    if (keep < 1) {
      throw new IllegalArgumentException("keep is " + keep + ", expected at least 1");
    }
    var directory = new CheckpointDirectory(run);
    try {
      disk.createDirectories(directory.path());
      RunLock lock = RunLock.on(directory.path());
      try {
        directory.tidy(disk);
        return new CheckpointStore(directory, keep, disk, lock);
      } catch (IOException e) {
        lock.close();
        throw e;
      }
    } catch (IOException e) {
      throw Disk.cannotWrite(directory.path(), e);
    }
  }

  /**
   * Saves a checkpoint, then deletes those beyond the {@code keep} newest. Checkpoints of later
   * steps, left over from before the run was taken up again at an earlier one, are deleted too.
   *
   * @param step training steps done; an existing checkpoint of the same step is replaced
   * @param model weights by parameter name
   * @param state whatever else training needs to go on bit by bit
   * @param facts small values; anything that Jackson can write as JSON
   * @return the checkpoint's directory
   * @throws InputException if the system refuses; the checkpoints that were there before are intact
   */
  public Path save(
      long step, Map<String, Tensor> model, Map<String, Tensor> state, Map<String, ?> facts)
      throws InputException {
    if (step < 0) {
      throw new IllegalArgumentException("step is " + step + ", expected at least 0");
    }
    writeAside(step, model, state, facts);
    putInPlace(step);
    removeOutdated(step);
    return directory.complete(step);
  }

  private void writeAside(
      long step, Map<String, Tensor> model, Map<String, Tensor> state, Map<String, ?> facts)
      throws InputException {
    Path aside = directory.unfinished(step);
    Path current = aside;
    try {
      disk.createDirectories(aside);
      Map<String, CheckpointFormat.Content> files = new LinkedHashMap<>();
      current = aside.resolve(CheckpointFormat.MODEL);
      files.put(CheckpointFormat.MODEL, writeTensors(current, model));
      current = aside.resolve(CheckpointFormat.STATE);
      files.put(CheckpointFormat.STATE, writeTensors(current, state));
      current = aside.resolve(CheckpointFormat.FACTS);
      ByteBuffer json = ByteBuffer.wrap(CheckpointFormat.encode(step, facts, files));
      disk.write(current, out -> Disk.writeFully(out, json));
      disk.syncDirectory(aside);
    } catch (IOException e) {
      disk.deleteAfter(e, aside);
      throw Disk.cannotWrite(current, e);
    } catch (RuntimeException e) {
      disk.deleteAfter(e, aside);
      throw e;
    }
  }

  private CheckpointFormat.Content writeTensors(Path file, Map<String, Tensor> tensors)
      throws IOException {
    CheckpointFormat.Content[] content = new CheckpointFormat.Content[1];
    disk.write(
        file,
        out -> {
          ChecksumChannel checked = new ChecksumChannel(out);
          SafetensorsWriter.write(checked, tensors, Map.of());
          content[0] = checked.content();
        });
    return content[0];
  }

  private void putInPlace(long step) throws InputException {
    Path place = directory.complete(step);
    Path replaced = directory.replaced(step);
    boolean occupied = Files.exists(place);
    try {
      if (occupied) {
        disk.delete(replaced);
        disk.rename(place, replaced);
      }
      disk.rename(directory.unfinished(step), place);
      if (occupied) {
        disk.delete(replaced);
      }
    } catch (IOException e) {
      restoreAfter(e, step);
      throw Disk.cannotWrite(place, e);
    }
  }

  private void restoreAfter(IOException failure, long step) {
    Path place = directory.complete(step);
    try {
      if (!Files.exists(place) && Files.exists(directory.replaced(step))) {
        disk.rename(directory.replaced(step), place);
      }
    } catch (IOException e) {
      failure.addSuppressed(e);
    }
    disk.deleteAfter(failure, directory.unfinished(step));
  }

  /** A checkpoint that cannot be deleted costs room, but is no reason to end the run. */
  private void removeOutdated(long step) {
    try {
      NavigableMap<Long, Path> all = directory.byStep();
      int surplus = all.headMap(step, true).size() - keep;
      for (Map.Entry<Long, Path> checkpoint : all.entrySet()) {
        if (surplus-- > 0 || checkpoint.getKey() > step) {
          Path doomed = directory.unfinished(checkpoint.getKey());
          disk.rename(checkpoint.getValue(), doomed);
          disk.delete(doomed);
        }
      }
    } catch (IOException e) {
      LOG.warn("Cannot delete outdated checkpoints in {}: {}", directory.path(), Disk.reason(e), e);
    }
  }

  /** Where the checkpoints are. */
  Path path() {
    return directory.path();
  }

  /** Whether there is any checkpoint, intact or not. */
  public boolean hasAny() throws InputException {
    try {
      return !directory.byStep().isEmpty();
    } catch (IOException e) {
      throw Disk.cannotRead(directory.path(), e);
    }
  }

  /**
   * The newest checkpoint whose every byte is as it was written. Damaged ones are skipped with a
   * warning that names them and the one used instead.
   *
   * @throws InputException if there is none
   */
  public Checkpoint newest() throws InputException {
    return directory.newest();
  }

  /** Lets another store use the directory. The checkpoints stay. */
  @Override
  public void close() {
    lock.close();
  }
}
