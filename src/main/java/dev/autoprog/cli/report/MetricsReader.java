package dev.autoprog.cli.report;

import com.fasterxml.jackson.databind.JsonNode;
import dev.autoprog.InputException;
import dev.autoprog.cli.report.RunMetrics.Candidate;
import dev.autoprog.cli.report.RunMetrics.End;
import dev.autoprog.cli.report.RunMetrics.Evaluation;
import dev.autoprog.cli.report.RunMetrics.Search;
import dev.autoprog.cli.report.RunMetrics.StageBegin;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Reads the log of a classifier's run. */
final class MetricsReader extends LogReader {
  private final List<Evaluation> evaluations = new ArrayList<>();
  private final List<StageBegin> stages = new ArrayList<>();
  private final List<Search> searches = new ArrayList<>();
  private Optional<End> end = Optional.empty();

  MetricsReader(int batch) {
    super(batch);
  }

  RunMetrics read(Path file) throws InputException {
    readLines(file);
    return new RunMetrics(steps(), evaluations, stages, searches, end);
  }

  @Override
  void add(String event, JsonNode line) {
    switch (event) {
      case "eval" -> evaluations.add(new Evaluation(clock(), number(line, "test_accuracy")));
      case "stage" -> stages.add(stage(line));
      case "search" -> searches.add(search(line));
      case "end" -> end = Optional.of(end(line));
      default -> {} // of a later version
    }
  }

  private StageBegin stage(JsonNode line) {
    Map<String, Double> strength = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> entry : line.path("strength").properties()) {
      strength.put(entry.getKey(), entry.getValue().asDouble());
    }
    return new StageBegin(
        line.path("stage").asInt(),
        clock(),
        line.path("resolution").asInt(),
        line.path("depth").asInt(),
        strength);
  }

  private Search search(JsonNode line) {
    JsonNode winner = line.path("winner");
    List<Candidate> candidates = new ArrayList<>();
    for (JsonNode row : line.path("candidates")) {
      candidates.add(candidate(row, winner));
    }
    return new Search(
        line.path("stage").asInt(),
        clock(),
        line.path("search_seconds").asDouble(),
        candidates,
        number(line, "a"),
        number(line, "b"),
        number(line, "w"),
        text(line, "fallback"),
        text(line, "reason"));
  }

  private static Candidate candidate(JsonNode row, JsonNode winner) {
    List<Double> losses = new ArrayList<>();
    row.path("losses").forEach(loss -> losses.add(number(loss)));
    int resolution = row.path("resolution").asInt();
    int depth = row.path("depth").asInt();
    return new Candidate(
        resolution,
        depth,
        losses,
        number(row, "mean_loss"),
        number(row, "step_seconds"),
        number(row, "score"),
        number(row, "score_error"),
        number(row, "parameters"),
        number(row, "flops"),
        resolution == winner.path("resolution").asInt() && depth == winner.path("depth").asInt());
  }

  private static End end(JsonNode line) {
    return new End(
        line.path("test_accuracy").asDouble(),
        line.path("train_seconds").asDouble(),
        line.path("search_seconds").asDouble(),
        line.path("evaluation_seconds").asDouble(),
        line.path("steps").asLong());
  }
}
