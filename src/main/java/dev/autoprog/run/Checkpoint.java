package dev.autoprog.run;

import com.fasterxml.jackson.databind.JsonNode;
import dev.autoprog.InputException;
import dev.autoprog.io.SafetensorsReader;
import java.nio.file.Path;

/**
 * A complete checkpoint whose every byte was found to be as it was written.
 *
 * @param directory where it lies
 * @param step the training step after which it was taken
 * @param facts what was saved beside the tensors
 */
public record Checkpoint(Path directory, long step, JsonNode facts) {
  /**
   * The newest intact checkpoint of a run, which may still be going on.
   *
   * @param run the run's directory
   * @throws InputException if there is none
   */
  public static Checkpoint newestOf(Path run) throws InputException {
    return new CheckpointDirectory(run).newest();
  }

  /** The model's weights, under the names of its parameters. To be closed by the caller. */
  public SafetensorsReader openModel() throws InputException {
    return SafetensorsReader.open(modelFile());
  }

  /** Where the model's weights are. */
  public Path modelFile() {
    return directory.resolve(CheckpointFormat.MODEL);
  }

  /** Optimizer moments, moving averages and the like. To be closed by the caller. */
  public SafetensorsReader openState() throws InputException {
    return SafetensorsReader.open(directory.resolve(CheckpointFormat.STATE));
  }
}
