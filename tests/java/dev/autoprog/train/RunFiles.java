package dev.autoprog.train;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** What the files in a run's directory tell of. */
public final class RunFiles {
  private RunFiles() {}

  /** The newest checkpoints of two runs have the same bits. */
  public static void assertSameCheckpoint(Path expected, Path actual) throws IOException {
    Path a = newest(expected);
    Path b = newest(actual);
    assertThat(b.getFileName()).isEqualTo(a.getFileName());
    for (String file : List.of("model.safetensors", "state.safetensors")) {
      assertThat(Files.readAllBytes(b.resolve(file)))
          .isEqualTo(Files.readAllBytes(a.resolve(file)));
    }
  }

  /** The newest checkpoint of a run. */
  public static Path newest(Path run) throws IOException {
    try (var checkpoints = Files.list(run.resolve("checkpoints"))) {
      return checkpoints
          .filter(p -> p.getFileName().toString().startsWith("step-"))
          .max(Path::compareTo)
          .orElseThrow();
    }
  }

  /** Step, loss and learning rate of every step that the metrics tell of. */
  public static List<String> losses(Path run) throws IOException {
    return lines(run).stream()
        .filter(line -> line.get("event").asText().equals("step"))
        .map(line -> line.get("step") + " " + line.get("loss") + " " + line.get("learning_rate"))
        .toList();
  }

  /** What the metrics tell of, in order. */
  public static List<String> events(Path run) throws IOException {
    return lines(run).stream()
        .map(line -> line.get("event").asText() + " " + line.path("step") + line.path("epoch"))
        .toList();
  }

  /** Every line of the metrics. */
  public static List<JsonNode> lines(Path run) throws IOException {
    List<JsonNode> lines = new ArrayList<>();
    for (String line : Files.readAllLines(run.resolve("metrics.jsonl"))) {
      lines.add(new ObjectMapper().readTree(line));
    }
    return lines;
  }
}
