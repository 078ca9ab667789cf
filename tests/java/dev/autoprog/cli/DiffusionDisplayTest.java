package dev.autoprog.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.autoprog.io.WeightFile;
import dev.autoprog.progressive.unfreeze.Unfreezing;
import dev.autoprog.progressive.unfreeze.UnfreezingSchedule;
import dev.autoprog.tensor.Shape;
import dev.autoprog.train.diffusion.DiffusionConfig;
import dev.autoprog.train.diffusion.DiffusionSummary;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class DiffusionDisplayTest {
  @Test
  void aRunThatStoppedInItsFirstStageHasNoTable() {
    StringWriter out = new StringWriter();
    try (DiffusionDisplay display =
        new DiffusionDisplay(new PrintWriter(out), DiffusionConfig.DEFAULT)) {
      display.conclude(
          new DiffusionSummary(false, List.of(), Double.NaN, 336, 1, 0, 0),
          Path.of("runs/a"),
          "finetune");
    }
    assertThat(out.toString().lines())
        .containsExactly(
            "", "Stopped after 336 steps. Go on with:  ./autoprog finetune --resume runs/a");
  }

  @Test
  void aValidationsLineHasTheMeanSinceTheLastAndNoneAtOnceAfterAResumption() {
    var stage = new UnfreezingSchedule.Stage(1, 2000, 2000, new Unfreezing(28, 4));
    StringWriter out = new StringWriter();
    try (DiffusionDisplay display =
        new DiffusionDisplay(new PrintWriter(out), DiffusionConfig.DEFAULT)) {
      display.validated(stage, 3000, 0.125);
      display.stepped(stage, 3000, 0.25, 2000);
      display.validated(stage, 4000, 0.0625);
      display.stepped(stage, 4000, 0.5, 2000);
      display.stepped(stage, 4001, 0.25, 2000);
      display.validated(stage, 4002, 0.0625);
    }
    assertThat(out.toString().lines())
        .containsExactly(
            "step   3000  stage 2  28 px, level 4  validation 0.1250  0:00",
            "step   4000  stage 2  28 px, level 4  loss 0.2500  validation 0.0625    2000 images/s"
                + "  0:00",
            "step   4002  stage 2  28 px, level 4  loss 0.3750  validation 0.0625    2000 images/s"
                + "  0:00");
  }

  @Test
  void whatIsNewBesideTheWeightsAndWhatIsLeftOfThemIsNamed() {
    StringWriter out = new StringWriter();
    try (DiffusionDisplay display =
        new DiffusionDisplay(new PrintWriter(out), DiffusionConfig.DEFAULT)) {
      Path file = Path.of("model.safetensors");
      display.weightsRead(file, new WeightFile.Report(List.of(), Map.of()));
      display.weightsRead(
          file, new WeightFile.Report(List.of("table"), Map.of("ema.step", Shape.of(1))));
    }
    assertThat(out.toString().lines())
        .containsExactly(
            "Weights of model.safetensors; new: table",
            "Not used of model.safetensors: ema.step(1)");
  }
}
