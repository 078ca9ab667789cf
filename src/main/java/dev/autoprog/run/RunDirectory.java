package dev.autoprog.run;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.autoprog.InputException;
import dev.autoprog.config.ConfigFile;
import dev.autoprog.io.Disk;
import dev.autoprog.io.SafetensorsReader;
import dev.autoprog.tensor.Tensor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * What a run leaves behind: {@code config.yaml}, {@code schedule.yaml} (the stages as they
 * happened), {@code metrics.jsonl} and {@code checkpoints/}.
 */
public final class RunDirectory implements AutoCloseable {
  private static final String CONFIG = "config.yaml";
  private static final String SCHEDULE = "schedule.yaml";
  private static final String METRICS = "metrics.jsonl";
  private static final JsonMapper JSON = JsonMapper.builder().build();

  private final Path directory;
  private final CheckpointStore checkpoints;
  private final RunLog log;

  private RunDirectory(Path directory, CheckpointStore checkpoints, RunLog log) {
    this.directory = directory;
    this.checkpoints = checkpoints;
    this.log = log;
  }

  /**
   * Begins a run's directory.
   *
   * @throws InputException if there is anything of a run in it, or the system refuses
   */
  public static RunDirectory create(Path directory, Record config) throws InputException {
    CheckpointStore checkpoints = CheckpointStore.open(directory);
    try {
      requireNoRun(directory, checkpoints);
      ConfigFile.write(directory.resolve(CONFIG), config);
      return new RunDirectory(directory, checkpoints, RunLog.create(directory.resolve(METRICS)));
    } catch (InputException e) {
      checkpoints.close();
      throw e;
    }
  }

  /**
   * Removes what {@link #create} and the first checkpoint left, of a run that was refused before
   * its first step: once that is corrected, the directory takes another run. It must be closed.
   *
   * @param refusal gets what the system refuses as a part of it
   */
  public void discard(Exception refusal) {
    for (Path left : List.of(checkpoints.path(), file(METRICS), file(SCHEDULE), file(CONFIG))) {
      Disk.LOCAL.deleteAfter(refusal, left);
    }
  }

  private Path file(String name) {
    return directory.resolve(name);
  }

  private static void requireNoRun(Path directory, CheckpointStore checkpoints)
      throws InputException {
    boolean files =
        Stream.of(CONFIG, METRICS, SCHEDULE).map(directory::resolve).anyMatch(Files::exists);
    if (files || checkpoints.hasAny()) {
      throw new InputException(
          directory.toString(),
          "there is a run in it, or a part of one",
          "a directory without one",
          "Go on with it by --resume, or choose another directory");
    }
  }

  /**
   * Opens the directory of a run that goes on from a checkpoint.
   *
   * @param over the log's lines that will not be written again; what follows the last is cut off
   * @param seconds that the run had taken at the checkpoint
   */
  public static RunDirectory resume(Path directory, Predicate<JsonNode> over, double seconds)
      throws InputException {
    CheckpointStore checkpoints = CheckpointStore.open(directory);
    try {
      RunLog log = RunLog.resume(directory.resolve(METRICS), over, seconds);
      return new RunDirectory(directory, checkpoints, log);
    } catch (InputException e) {
      checkpoints.close();
      throw e;
    }
  }

  /**
   * The configuration with which a run was begun.
   *
   * @param defaults what stands for keys that the file does not have
   * @throws InputException if there is none, or it cannot be read
   */
  public static <C extends Record> C configOf(Path directory, C defaults) throws InputException {
    return ConfigFile.read(directory.resolve(CONFIG), defaults);
  }

  /** A fact of a checkpoint. */
  public static <T> T fact(Checkpoint checkpoint, String name, Class<T> type)
      throws InputException {
    try {
      return JSON.treeToValue(checkpoint.facts().path(name), type);
    } catch (JsonProcessingException e) {
      throw new InputException(
          checkpoint.directory().toString(),
          "facts that cannot be read (" + e.getOriginalMessage() + ")",
          "those of a training run",
          "Delete this checkpoint; the one before it is used then",
          e);
    }
  }

  /**
   * Checks that a checkpoint is of the run that wants to go on from it.
   *
   * @param difference what it is of if not: {@code another model}
   * @param fact by which that is seen
   */
  public static void requireSame(
      Checkpoint checkpoint, String difference, Record expected, String fact)
      throws InputException {
    Record found = fact(checkpoint, fact, expected.getClass());
    if (!expected.equals(found)) {
      throw new InputException(
          checkpoint.directory().toString(),
          "a checkpoint of " + difference + ", " + found,
          expected.toString(),
          "Resume with the configuration and the images that the run began with");
    }
  }

  /** Fills tensors from a checkpoint, by name. */
  public static void restore(
      Checkpoint checkpoint, Map<String, Tensor> weights, Map<String, Tensor> state)
      throws InputException {
    try (SafetensorsReader model = checkpoint.openModel();
        SafetensorsReader rest = checkpoint.openState()) {
      read(model, weights);
      read(rest, state);
    }
  }

  private static void read(SafetensorsReader file, Map<String, Tensor> places)
      throws InputException {
    for (Map.Entry<String, Tensor> place : places.entrySet()) {
      file.read(place.getKey(), place.getValue());
    }
  }

  /** Where it is. */
  public Path path() {
    return directory;
  }

  /** Seconds since the run began, interruptions not counted. */
  public double seconds() {
    return log.seconds();
  }

  /** The run's log. */
  public RunLog log() {
    return log;
  }

  /** Writes a checkpoint, as {@link CheckpointStore#save}. */
  public void save(
      long step, Map<String, Tensor> weights, Map<String, Tensor> state, Map<String, ?> facts)
      throws InputException {
    checkpoints.save(step, weights, state, facts);
  }

  /** Writes down the stages that are over. */
  public void writeSchedule(Record schedule) throws InputException {
    ConfigFile.write(directory.resolve(SCHEDULE), schedule);
  }

  @Override
  public void close() throws InputException {
    try (checkpoints) {
      log.close();
    }
  }
}
