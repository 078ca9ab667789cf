package dev.autoprog.cli.report;

import dev.autoprog.InputException;
import dev.autoprog.cli.report.Charts.Line;
import java.util.List;
import java.util.function.Function;

/** Puts the plots of a comparison on its page, each with what it shows in words. */
public final class Figures {
  private static final String OVER_TIME = " over seconds of training and search";

  private final Html html;
  private final SvgPicture pictures = new SvgPicture();
  private final Charts charts;

  /**
   * Figures whose colours say the same.
   *
   * @param arms each gets its colour by its place
   */
  Figures(Html html, List<String> arms) {
    this.html = html;
    this.charts = new Charts(arms);
  }

  /**
   * Draws something, so that a machine that cannot does not say so after hours of training.
   *
   * @throws InputException if it has no fonts
   */
  public static void requirePossible() throws InputException {
    try {
      new SvgPicture().of(new Charts(List.of()).loss(List.of()), "nothing");
    } catch (RuntimeException | LinkageError e) {
      throw new InputException(
          "report.html",
          "Java cannot draw here (" + e + ")",
          "fonts for the plots",
          "Install some (Debian, Ubuntu: apt install fontconfig fonts-dejavu-core)",
          e);
    }
  }

  /**
   * A quantity of the runs.
   *
   * @param axis what is drawn, with its unit
   * @param name the same in words
   */
  <R extends CompleteRun> void curves(
      List<R> runs, String axis, String name, String caption, Function<R, Line> points) {
    html.figure(pictures.of(charts.curves(runs, axis, points), name + OVER_TIME), caption);
  }

  /** The training loss. */
  void loss(List<? extends CompleteRun> runs) {
    html.figure(
        pictures.of(charts.loss(runs), "Training loss" + OVER_TIME),
        "Training loss, averaged over stretches of equally many steps. The clock is the sum of all"
            + " steps' own times; a search's work besides its steps is added where it decided.");
  }

  /** A quantity of the stages, given at the beginning of each. */
  <R extends CompleteRun> void stages(List<R> runs, String title, Function<R, Line> begins) {
    html.figure(pictures.of(charts.stages(runs, title, begins), title + OVER_TIME));
  }
}
