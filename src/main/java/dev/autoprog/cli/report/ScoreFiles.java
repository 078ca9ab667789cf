package dev.autoprog.cli.report;

import dev.autoprog.InputException;
import dev.autoprog.io.Disk;
import dev.autoprog.progressive.search.Candidate;
import dev.autoprog.progressive.search.ZeroShotDecision;
import dev.autoprog.progressive.search.ZeroShotDecision.Entry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A zero-shot search's table for people and for other programs. */
public final class ScoreFiles {
  /** The table's columns. */
  public static final List<String> HEAD =
      List.of(
          "candidate",
          "M params",
          "MFLOPs",
          "ms/step",
          "NTK κ",
          "ZiCo",
          "rank T",
          "rank κ",
          "rank ZiCo",
          "vote");

  private static final String CSV_HEAD =
      "resolution,depth,parameters,flops,step_seconds,ntk_kappa,ntk_obstacle,zico,"
          + "rank_time,rank_ntk,rank_zico,vote,chosen";

  private ScoreFiles() {}

  /** What is written of a candidate; null where there is no such number. */
  private record Line(
      int resolution,
      int depth,
      Double parameters,
      Double flops,
      Double stepSeconds,
      Double ntkKappa,
      String ntkObstacle,
      Double zico,
      int rankTime,
      int rankNtk,
      int rankZico,
      double vote,
      boolean chosen) {
    static Line of(Entry<Candidate> entry, ZeroShotDecision<Candidate> decision) {
      var m = entry.measures();
      var ranks = entry.ranks();
      return new Line(
          entry.candidate().resolution(),
          entry.candidate().depth(),
          orNull(m.cost().parameters()),
          orNull(m.cost().flops()),
          orNull(m.stepSeconds()),
          orNull(m.trainability().kappa()),
          m.trainability().obstacle(),
          orNull(m.zico()),
          ranks.time(),
          ranks.ntk(),
          ranks.zico(),
          ranks.vote(),
          entry.candidate().equals(decision.winner()));
    }

    private static Double orNull(double value) {
      return Double.isNaN(value) ? null : value;
    }

    String csv() {
      List<String> cells = new ArrayList<>();
      for (Object value :
          new Object[] {
            resolution,
            depth,
            parameters,
            flops,
            stepSeconds,
            ntkKappa,
            ntkObstacle,
            zico,
            rankTime,
            rankNtk,
            rankZico,
            vote,
            chosen
          }) {
        cells.add(value == null ? "" : value.toString());
      }
      return String.join(",", cells);
    }
  }

  private record Scores(List<Line> candidates, String reason) {}

  /** A candidate's cells under {@link #HEAD}. */
  public static List<String> row(Entry<?> entry) {
    var m = entry.measures();
    var ranks = entry.ranks();
    return List.of(
        entry.candidate().toString(),
        Numbers.digits(m.cost().parameters() / 1e6),
        Numbers.digits(m.cost().flops() / 1e6),
        Numbers.digits(1e3 * m.stepSeconds()),
        Numbers.digits(m.trainability().kappa()),
        Numbers.digits(m.zico()),
        Integer.toString(ranks.time()),
        Integer.toString(ranks.ntk()),
        Integer.toString(ranks.zico()),
        Numbers.format("%.4g", ranks.vote()));
  }

  /** Why candidates have no condition number, a sentence each; none where nothing was measured. */
  public static List<String> obstacles(ZeroShotDecision<?> decision) {
    return decision.table().stream()
        .filter(entry -> !Double.isNaN(entry.measures().stepSeconds()))
        .filter(entry -> !entry.measures().trainability().obstacle().isEmpty())
        .map(
            entry ->
                Numbers.format(
                    "%s has no condition number: %s.",
                    entry.candidate(), entry.measures().trainability().obstacle()))
        .toList();
  }

  /**
   * Writes {@code scores.json} and {@code scores.csv}, over what is there.
   *
   * @throws InputException if the system refuses
   */
  public static void write(Path directory, ZeroShotDecision<Candidate> decision)
      throws InputException {
    List<Line> lines = decision.table().stream().map(e -> Line.of(e, decision)).toList();
    StringBuilder csv = new StringBuilder(CSV_HEAD).append('\n');
    lines.forEach(line -> csv.append(line.csv()).append('\n'));
    try {
      Disk.LOCAL.createDirectories(directory);
    } catch (IOException e) {
      throw Disk.cannotWrite(directory, e);
    }
    JsonFile.write(directory.resolve("scores.json"), new Scores(lines, decision.reason()));
    ByteBuffer table = StandardCharsets.UTF_8.encode(csv.toString());
    Disk.LOCAL.replace(directory.resolve("scores.csv"), out -> Disk.writeFully(out, table));
  }
}
