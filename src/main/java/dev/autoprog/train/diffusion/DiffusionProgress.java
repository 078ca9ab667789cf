package dev.autoprog.train.diffusion;

import com.fasterxml.jackson.annotation.JsonProperty;
import dev.autoprog.progressive.unfreeze.Unfreezing;
import java.util.ArrayList;
import java.util.List;

/** How far a run has come: what a checkpoint must know beside the numbers in its tensors. */
final class DiffusionProgress {
  /** Updates so far; the next step's number. */
  @JsonProperty long step;

  /** What the present stage trains; null before that is decided. */
  @JsonProperty Unfreezing unfreezing;

  /** Seconds of training in the present stage. */
  @JsonProperty double stageSeconds;

  /** Sum of the losses of the present stage's steps. */
  @JsonProperty double stageLoss;

  /** The last validation's result. */
  @JsonProperty double error;

  /** The step before which the last validation was; -1 before the first. */
  @JsonProperty long validatedAt = -1;

  /** Seconds of all validations. */
  @JsonProperty double validationSeconds;

  /** Seconds of all searches. */
  @JsonProperty double searchSeconds;

  /** Seconds since the run's start, pauses left out. */
  @JsonProperty double seconds;

  /** Stages that are over. */
  @JsonProperty List<DiffusionStageReport> finished = new ArrayList<>();

  /** Seconds of all steps. */
  double trainSeconds() {
    return finished.stream().mapToDouble(DiffusionStageReport::seconds).sum() + stageSeconds;
  }
}
