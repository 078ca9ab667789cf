package dev.autoprog.train;

import com.fasterxml.jackson.annotation.JsonProperty;
import dev.autoprog.progressive.search.SearchDecision;
import dev.autoprog.progressive.search.SearchProgress;
import java.util.ArrayList;
import java.util.List;

/** How far a run has come: what a checkpoint must know beside the numbers in its tensors. */
final class Progress {
  /** Updates so far; the next step's number. */
  @JsonProperty long step;

  /** Epochs completed. */
  @JsonProperty int epoch;

  /** Batches of the present epoch that are done. */
  @JsonProperty int batch;

  /** L, as it is now. */
  @JsonProperty int depth;

  /** Updates of the present stage. */
  @JsonProperty long stageSteps;

  /** Seconds of training in the present stage. */
  @JsonProperty double stageSeconds;

  /** Sum of the losses of the present epoch's batches. */
  @JsonProperty double epochLoss;

  /** Mean loss of the last epoch that was completed. */
  @JsonProperty double lastLoss;

  /** The last evaluation's result. */
  @JsonProperty double testAccuracy;

  /** Seconds of all evaluations. */
  @JsonProperty double evaluationSeconds;

  /** Seconds since the run's start, pauses left out. */
  @JsonProperty double seconds;

  /** How far the present stage's search is; null before it, after it and without one. */
  @JsonProperty SearchProgress search;

  /** What the present stage's search decided; null before that and without one. */
  @JsonProperty SearchDecision decision;

  /** Seconds of the present search, the run's own steps left out. */
  @JsonProperty double stageSearchSeconds;

  /** Seconds of all searches, the run's own steps left out. */
  @JsonProperty double searchSeconds;

  /** Stages that are over. */
  @JsonProperty List<StageReport> finished = new ArrayList<>();

  /** Seconds of all steps. */
  double trainSeconds() {
    return finished.stream().mapToDouble(StageReport::seconds).sum() + stageSeconds;
  }
}
