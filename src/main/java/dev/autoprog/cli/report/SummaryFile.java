package dev.autoprog.cli.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.autoprog.InputException;
import dev.autoprog.cli.report.RunMetrics.End;
import dev.autoprog.io.Disk;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;

/** {@code summary.json}: a comparison for other programs. */
public final class SummaryFile {
  private static final JsonMapper JSON =
      JsonMapper.builder()
          .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
          .enable(SerializationFeature.INDENT_OUTPUT)
          .build();

  private SummaryFile() {}

  private record Summary(Setting setting, String baseline, Map<String, Arm> arms) {}

  /** The ratios are missing where no seed has a run of the baseline, too. */
  private record Arm(
      List<Run> runs,
      Spread testAccuracy,
      Spread trainSeconds,
      Spread searchSeconds,
      Spread evaluationSeconds,
      Paired speedup,
      Paired accuracyGain) {}

  private record Run(
      long seed,
      String directory,
      double testAccuracy,
      double trainSeconds,
      double searchSeconds,
      double evaluationSeconds,
      long steps,
      List<Level> secondsToAccuracy) {}

  /** When an accuracy was first reached; null if it was not. */
  private record Level(double accuracy, Double seconds) {}

  /** A quantity against the baseline: its spread, and its values by seed. */
  private record Paired(
      double mean, Double std, double least, double greatest, Map<Long, Double> seeds) {
    static Paired of(Map<Long, Double> seeds) {
      if (seeds.isEmpty()) {
        return null;
      }
      Spread spread = Spread.of(seeds.values());
      return new Paired(spread.mean(), spread.std(), spread.least(), spread.greatest(), seeds);
    }
  }

  /**
   * Writes it, over one that is there.
   *
   * @throws InputException if the system refuses
   */
  public static void write(Path file, Setting setting, Comparison comparison)
      throws InputException {
    Map<String, Arm> arms = new LinkedHashMap<>();
    comparison.arms().forEach(arm -> arms.put(arm, arm(comparison, arm)));
    try {
      byte[] text =
          JSON.writeValueAsString(new Summary(setting, Comparison.BASELINE, arms))
              .concat("\n")
              .getBytes(StandardCharsets.UTF_8);
      Disk.LOCAL.replace(file, out -> Disk.writeFully(out, ByteBuffer.wrap(text)));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  private static Arm arm(Comparison comparison, String arm) {
    List<Run> runs = new ArrayList<>();
    for (ComparedRun run : comparison.of(arm)) {
      End end = run.end();
      runs.add(
          new Run(
              run.seed(),
              run.directory(),
              end.testAccuracy(),
              end.trainSeconds(),
              end.searchSeconds(),
              end.evaluationSeconds(),
              end.steps(),
              comparison.levels().stream().map(level -> level(run, level)).toList()));
    }
    return new Arm(
        runs,
        comparison.spread(arm, End::testAccuracy),
        comparison.spread(arm, End::trainSeconds),
        comparison.spread(arm, End::searchSeconds),
        comparison.spread(arm, End::evaluationSeconds),
        Paired.of(comparison.speedups(arm)),
        Paired.of(comparison.accuracyGains(arm)));
  }

  private static Level level(ComparedRun run, double accuracy) {
    OptionalDouble seconds = run.metrics().secondsTo(accuracy);
    return new Level(accuracy, seconds.isPresent() ? seconds.getAsDouble() : null);
  }
}
