package dev.autoprog.cli.report;

import dev.autoprog.cli.report.FinetuneMetrics.Search;
import dev.autoprog.progressive.search.ZeroShotDecision;
import dev.autoprog.progressive.unfreeze.Unfreezing;
import java.util.ArrayList;
import java.util.List;

/** The part of the page that shows what each zero-shot search chose from, and by what. */
final class ZeroShotSection {
  private ZeroShotSection() {}

  static void write(Html html, FinetuneComparison comparison) {
    if (comparison.runs().stream().allMatch(run -> run.metrics().searches().isEmpty())) {
      return;
    }
    html.heading(2, "Searches");
    html.note(
        "Nothing is trained by them. Each candidate is ranked by its step time (the least first),"
            + " by κ, the condition number of its neural tangent kernel (the least first; a dash"
            + " where it has none), and by ZiCo (the greatest first); the vote is the weighted sum"
            + " of the ranks, and the least vote trains the stage. Parameters that are trained and"
            + " FLOPs stand beside them and decide nothing.");
    for (FinetunedRun run : comparison.runs()) {
      for (Search search : run.metrics().searches()) {
        html.heading(
            3, Numbers.format("%s, seed %d, stage %d", run.arm(), run.seed(), search.stage() + 1));
        write(html, search);
      }
    }
  }

  private static void write(Html html, Search search) {
    ZeroShotDecision<Unfreezing> decision = search.decision();
    List<List<String>> rows = new ArrayList<>();
    for (var entry : decision.table()) {
      List<String> row = new ArrayList<>(ScoreFiles.row(entry));
      row.add(1, isChosen(decision, rows.size()) ? "✓" : "");
      rows.add(row);
    }
    List<String> head = new ArrayList<>(ScoreFiles.HEAD);
    head.add(1, "chosen");
    html.table(head, rows, row -> isChosen(decision, row));
    ScoreFiles.obstacles(decision).forEach(html::note);
    html.paragraph(
        decision.reason() + Numbers.format(" The search took %.1f s.", search.searchSeconds()));
  }

  private static boolean isChosen(ZeroShotDecision<Unfreezing> decision, int row) {
    return decision.table().get(row).candidate().equals(decision.winner());
  }
}
