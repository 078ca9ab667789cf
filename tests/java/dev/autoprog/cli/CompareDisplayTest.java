package dev.autoprog.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.autoprog.train.RunConfig;
import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;

class CompareDisplayTest {
  @Test
  void linesOfTenRunsAreAligned() {
    StringWriter out = new StringWriter();
    try (CompareDisplay display = new CompareDisplay(new PrintWriter(out), "compare")) {
      PlannedRun<RunConfig> run = new PlannedRun<>("full", 1, RunConfig.DEFAULT);
      display.found(9, 10, run, "86 %");
      display.found(10, 10, run, "86 %");
    }
    assertThat(out.toString().lines())
        .containsExactly(
            "run  9/10  full                 seed 1  86 %  (found)",
            "run 10/10  full                 seed 1  86 %  (found)");
  }
}
