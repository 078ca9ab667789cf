package dev.autoprog.cli.report;

import dev.autoprog.cli.report.RunMetrics.Step;
import java.util.List;

/** One complete run of a comparison, whatever it trained. */
public interface CompleteRun {
  /** What it is an example of. */
  String arm();

  /** What it was drawn from. */
  long seed();

  /** Of the run, relative to the comparison's. */
  String directory();

  /** Its training steps in order. */
  List<Step> steps();

  /** Seconds of all training steps. */
  double trainSeconds();

  /** Seconds of all searches, their training steps left out. */
  double searchSeconds();

  /** Seconds of training and of searching. */
  default double workSeconds() {
    return trainSeconds() + searchSeconds();
  }
}
