package dev.autoprog.cli.report;

import com.fasterxml.jackson.databind.JsonNode;
import dev.autoprog.InputException;
import dev.autoprog.cli.report.FinetuneMetrics.End;
import dev.autoprog.cli.report.FinetuneMetrics.Search;
import dev.autoprog.cli.report.FinetuneMetrics.StageBegin;
import dev.autoprog.cli.report.FinetuneMetrics.Validation;
import dev.autoprog.progressive.search.Measurable.Trainability;
import dev.autoprog.progressive.search.Searchable.Cost;
import dev.autoprog.progressive.search.ZeroShotDecision;
import dev.autoprog.progressive.search.ZeroShotDecision.Entry;
import dev.autoprog.progressive.search.ZeroShotDecision.Measures;
import dev.autoprog.progressive.search.ZeroShotDecision.Ranks;
import dev.autoprog.progressive.unfreeze.Unfreezing;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Reads the log of a diffusion model's run. */
final class FinetuneMetricsReader extends LogReader {
  private final List<Validation> validations = new ArrayList<>();
  private final List<StageBegin> stages = new ArrayList<>();
  private final List<Search> searches = new ArrayList<>();
  private Optional<End> end = Optional.empty();

  FinetuneMetricsReader(int batch) {
    super(batch);
  }

  FinetuneMetrics read(Path file) throws InputException {
    readLines(file);
    return new FinetuneMetrics(steps(), validations, stages, searches, end);
  }

  @Override
  void add(String event, JsonNode line) {
    switch (event) {
      case "eval" -> validations.add(new Validation(clock(), number(line, "validation_mse")));
      case "stage" -> stages.add(new StageBegin(clock(), unfreezing(line)));
      case "search" -> searches.add(search(line));
      case "end" -> end = Optional.of(end(line));
      default -> {} // of a later version
    }
  }

  private static Unfreezing unfreezing(JsonNode node) {
    return new Unfreezing(node.path("resolution").asInt(), node.path("level").asInt());
  }

  private static Search search(JsonNode line) {
    List<Entry<Unfreezing>> table = new ArrayList<>();
    for (JsonNode row : line.path("candidates")) {
      table.add(
          new Entry<>(
              unfreezing(row.path("candidate")),
              measures(row.path("measures")),
              ranks(row.path("ranks"))));
    }
    return new Search(
        line.path("stage").asInt(),
        line.path("search_seconds").asDouble(),
        new ZeroShotDecision<>(table, unfreezing(line.path("winner")), text(line, "reason")));
  }

  private static Measures measures(JsonNode row) {
    double kappa = number(row.path("trainability"), "kappa");
    String obstacle = text(row.path("trainability"), "obstacle");
    JsonNode cost = row.path("cost");
    return new Measures(
        number(row, "step_seconds"),
        Double.isNaN(kappa)
            ? Trainability.none(obstacle.isEmpty() ? "not known" : obstacle)
            : Trainability.of(kappa),
        number(row, "zico"),
        new Cost(number(cost, "parameters"), number(cost, "flops")));
  }

  private static Ranks ranks(JsonNode row) {
    return new Ranks(
        row.path("time").asInt(),
        row.path("ntk").asInt(),
        row.path("zico").asInt(),
        row.path("vote").asDouble());
  }

  private static End end(JsonNode line) {
    return new End(
        number(line, "validation_mse"),
        line.path("train_seconds").asDouble(),
        line.path("search_seconds").asDouble(),
        line.path("validation_seconds").asDouble(),
        line.path("steps").asLong());
  }
}
