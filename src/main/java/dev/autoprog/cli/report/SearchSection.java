package dev.autoprog.cli.report;

import dev.autoprog.cli.report.RunMetrics.Candidate;
import dev.autoprog.cli.report.RunMetrics.Search;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** The part of the page that shows what each search chose from, and by what. */
final class SearchSection {
  private static final double MILLIS = 1e3;
  private static final double MEGA = 1e6;

  private SearchSection() {}

  static void write(Html html, Comparison comparison) {
    List<ComparedRun> searched =
        comparison.runs().stream().filter(run -> !run.metrics().searches().isEmpty()).toList();
    if (searched.isEmpty()) {
      return;
    }
    html.heading(2, "Searches");
    html.note(
        "The candidate of the least loss · time^w trains the stage; the score is that product with"
            + " time in units of the fastest candidate's. Of those within two standard errors of the"
            + " least, the fastest is chosen. Losses are of the moving average, on training images,"
            + " at each probe; the error is that of the difference, from batch to batch and from"
            + " probe to probe.");
    for (ComparedRun run : searched) {
      for (Search search : run.metrics().searches()) {
        html.heading(
            3, Numbers.format("%s, seed %d, stage %d", run.arm(), run.seed(), search.stage() + 1));
        write(html, search);
      }
    }
  }

  private static void write(Html html, Search search) {
    List<Candidate> candidates = search.candidates();
    int probes = candidates.stream().mapToInt(c -> c.losses().size()).max().orElse(0);
    List<String> head = new ArrayList<>(List.of("candidate", "chosen"));
    IntStream.rangeClosed(1, probes).forEach(probe -> head.add("loss " + probe));
    head.addAll(List.of("mean", "ms/step", "score", "± to least", "M params", "MFLOPs"));
    html.table(
        head,
        candidates.stream().map(candidate -> row(candidate, probes)).toList(),
        row -> candidates.get(row).chosen());
    html.paragraph(
        (search.fallback().isEmpty()
                ? Numbers.format(
                    "Fit: loss = %s · time^%s; w = %s. ",
                    Numbers.digits(search.a()),
                    Numbers.digits(search.b()),
                    Numbers.digits(search.w()))
                : "No fit (" + search.fallback() + "); w = " + Numbers.digits(search.w()) + ". ")
            + search.reason()
            + Numbers.format(
                " The search took %.1f s besides its training steps.", search.searchSeconds()));
  }

  private static List<String> row(Candidate candidate, int probes) {
    List<String> cells = new ArrayList<>();
    cells.add(
        Numbers.format(
            "%d×%d px, depth %d",
            candidate.resolution(), candidate.resolution(), candidate.depth()));
    cells.add(candidate.chosen() ? "✓" : "");
    for (int probe = 0; probe < probes; probe++) {
      List<Double> losses = candidate.losses();
      cells.add(probe < losses.size() ? Numbers.digits(losses.get(probe)) : Numbers.NONE);
    }
    cells.add(Numbers.digits(candidate.meanLoss()));
    cells.add(Numbers.digits(MILLIS * candidate.stepSeconds()));
    cells.add(Numbers.digits(candidate.score()));
    cells.add(Numbers.digits(candidate.scoreError()));
    cells.add(Numbers.digits(candidate.parameters() / MEGA));
    cells.add(Numbers.digits(candidate.flops() / MEGA));
    return cells;
  }
}
