package dev.autoprog.cli;

import dev.autoprog.Counted;
import dev.autoprog.InputException;
import dev.autoprog.backend.Backend;
import dev.autoprog.backend.Session;
import dev.autoprog.cli.report.Figures;
import dev.autoprog.cli.report.KernelPictures;
import dev.autoprog.cli.report.ScoreFiles;
import dev.autoprog.data.DataSources;
import dev.autoprog.data.DataSplit;
import dev.autoprog.data.FolderOptions;
import dev.autoprog.progressive.growth.GrowthSchedule;
import dev.autoprog.progressive.search.Candidate;
import dev.autoprog.progressive.search.Feasibility;
import dev.autoprog.progressive.search.SearchSpace;
import dev.autoprog.progressive.search.ZeroShotDecision;
import dev.autoprog.progressive.search.ZeroShotSearch;
import dev.autoprog.train.RunConfig;
import dev.autoprog.train.RunPlan;
import dev.autoprog.train.Scorer;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code autoprog score}: what a zero-shot search thinks of networks. */
@Command(
    name = "score",
    description =
        "Judges networks without training them: step time, condition of the neural tangent kernel,"
            + " ZiCo, and the vote of their ranks.",
    mixinStandardHelpOptions = true)
final class ScoreCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Mixin private RunOptions options;

  @Option(
      names = "--candidates",
      paramLabel = "RxL",
      split = ",",
      description =
          "networks by resolution and depth: 16x2,28x8 (default: the first stage's candidates of a"
              + " search)")
  private List<String> candidates;

  @Option(
      names = "--samples",
      paramLabel = "N",
      description = "images of a batch (default: ${DEFAULT-VALUE})",
      defaultValue = "16")
  private int samples;

  @Option(
      names = "--batches",
      paramLabel = "N",
      description = "batches that are looked at (default: ${DEFAULT-VALUE})",
      defaultValue = "2")
  private int batches;

  @Option(names = "--seed", paramLabel = "N", description = "draws weights and images")
  private Long seed;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description =
          "where to write scores.json, scores.csv, and pictures of the kernels and their spectra"
              + " (default: nowhere)")
  private Path out;

  @Override
  public Integer call() throws InputException {
    RunConfig config = options.config(List.of(), seed);
    DataSplit images =
        DataSources.open(config.data().source(), FolderOptions.ofSide(config.data().folderSide()));
    RunPlan plan = RunPlan.of(config, images.train());
    List<Candidate> networks = networks(plan);
    if (out != null) {
      Figures.requirePossible();
    }
    int team = config.threads() > 0 ? config.threads() : Runtime.getRuntime().availableProcessors();
    try (Session session = Session.open(Backend.named(config.backend()), team);
        Scorer scorer = new Scorer(session, config, images, settings())) {
      ZeroShotDecision<Candidate> decision =
          new ZeroShotSearch(ZeroShotSearch.Weights.DEFAULT).judge(networks, scorer);
      show(decision);
      if (out != null) {
        ScoreFiles.write(out, decision);
        KernelPictures.write(out, scorer.kernels());
        spec.commandLine().getOut().println("Scores and pictures are in " + out + ".");
      }
    }
    return CommandLine.ExitCode.OK;
  }

  private Scorer.Settings settings() throws InputException {
    if (Math.min(samples, batches) < Scorer.Settings.LEAST) {
      throw new InputException(
          "--samples and --batches",
          Counted.of(samples, "sample") + " and " + Counted.of(batches, "batch"),
          "at least " + Scorer.Settings.LEAST + " of each",
          "Ask for more.");
    }
    return new Scorer.Settings(samples, batches, Scorer.Settings.DEFAULT.steps());
  }

  private List<Candidate> networks(RunPlan plan) throws InputException {
    Feasibility feasibility = Feasibility.patch(plan.model().patch());
    if (candidates == null) {
      GrowthSchedule schedule = plan.schedule();
      List<Candidate> manual = schedule.stages().stream().map(Candidate::of).toList();
      return SearchSpace.first(manual, feasibility).candidates();
    }
    List<Candidate> networks = new ArrayList<>();
    for (String text : candidates) {
      Candidate candidate = parsed(text);
      var obstacle = feasibility.obstacle(candidate);
      if (obstacle.isPresent()) {
        throw refused(text, obstacle.get());
      }
      networks.add(candidate);
    }
    return networks;
  }

  private static Candidate parsed(String text) throws InputException {
    String[] parts = text.split("x", -1);
    try {
      if (parts.length == 2) {
        return new Candidate(Integer.parseInt(parts[0]), Integer.parseInt(parts[1]));
      }
    } catch (IllegalArgumentException e) {
      // refused below, like any other text
    }
    throw refused(text, "no network");
  }

  private static InputException refused(String text, String why) {
    return new InputException(
        "--candidates",
        text + ": " + why,
        "resolution and depth, such as 28x8, the resolution a multiple of the patch",
        "Write them as RxL, separated by commas.");
  }

  private void show(ZeroShotDecision<Candidate> decision) {
    List<List<String>> cells = new ArrayList<>();
    cells.add(ScoreFiles.HEAD);
    decision.table().forEach(entry -> cells.add(ScoreFiles.row(entry)));
    PrintWriter terminal = spec.commandLine().getOut();
    TextTable.lines(cells, 1).forEach(terminal::println);
    terminal.println();
    ScoreFiles.obstacles(decision).forEach(terminal::println);
    terminal.println(decision.reason());
    terminal.flush();
  }
}
