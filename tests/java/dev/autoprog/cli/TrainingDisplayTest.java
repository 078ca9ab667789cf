package dev.autoprog.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.autoprog.data.BuiltinDataset;
import dev.autoprog.progressive.growth.Stage;
import dev.autoprog.train.RunConfig;
import dev.autoprog.train.RunPlan;
import dev.autoprog.train.RunSummary;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class TrainingDisplayTest {
  /** Of 80 columns, bar, count and times take 41. */
  private static final int ROOM = 39;

  @Test
  void aNarrowTerminalShowsLossAccuracyAndStage() throws Exception {
    RunPlan plan = RunPlan.of(RunConfig.DEFAULT, BuiltinDataset.open().train());
    Stage stage = plan.schedule().last();
    try (TrainingDisplay display = new TrainingDisplay(new PrintWriter(new StringWriter()), plan)) {
      display.stepped(stage, 0, 1.5, 0.25, 1999.9);
      assertThat(display.status(stage)).startsWith("loss 1.500 acc 25 % test - stage 4/4 24×24 px");
      display.evaluated(stage, 0, 0.996);
      String status = display.status(stage);
      assertThat(status)
          .isEqualTo("loss 1.500 acc 25 % test 100 % stage 4/4 24×24 px depth 6 2000 img/s");
      assertThat(status.substring(0, ROOM)).contains("loss", "acc", "test", "stage 4");
    }
  }

  @Test
  void aRunThatStoppedInItsFirstStageHasNoTable() throws Exception {
    RunPlan plan = RunPlan.of(RunConfig.DEFAULT, BuiltinDataset.open().train());
    StringWriter out = new StringWriter();
    try (TrainingDisplay display = new TrainingDisplay(new PrintWriter(out), plan)) {
      display.conclude(
          new RunSummary(false, List.of(), Double.NaN, 336, 1, 0, 0), Path.of("runs/a"));
    }
    assertThat(out.toString().lines())
        .containsExactly(
            "", "Stopped after 336 steps. Go on with:  ./autoprog train --resume runs/a");
  }

  @Test
  void anEpochsLineHasItsMeansAndNoneAtOnceAfterAResumption() throws Exception {
    RunPlan plan = RunPlan.of(RunConfig.DEFAULT, BuiltinDataset.open().train());
    Stage stage = plan.schedule().last();
    StringWriter out = new StringWriter();
    try (TrainingDisplay display = new TrainingDisplay(new PrintWriter(out), plan)) {
      display.evaluated(stage, 41, 0.872);
      display.stepped(stage, 12_000, 0.25, 0.9, 2000);
      display.evaluated(stage, 42, 0.873);
      display.stepped(stage, 12_001, 0.5, 0.7, 2000);
      display.stepped(stage, 12_002, 0.1, 0.9, 2000);
      display.evaluated(stage, 43, 0.874);
    }
    assertThat(out.toString().lines())
        .containsExactly(
            "epoch  42/44  stage 4  depth  6   24×24 px  test  87.2 %  0:00",
            "epoch  43/44  stage 4  depth  6   24×24 px  loss 0.250  train  90.0 %  test  87.3 %"
                + "    2000 images/s  0:00",
            "epoch  44/44  stage 4  depth  6   24×24 px  loss 0.300  train  80.0 %  test  87.4 %"
                + "    2000 images/s  0:00");
  }
}
