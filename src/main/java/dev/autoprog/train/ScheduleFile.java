package dev.autoprog.train;

import dev.autoprog.InputException;
import dev.autoprog.config.Comment;
import dev.autoprog.config.ConfigFile;
import dev.autoprog.progressive.growth.GrowthSchedule;
import java.nio.file.Path;
import java.util.List;

/**
 * What {@code schedule.yaml} says of a run.
 *
 * @param stages that are over, in order
 */
public record ScheduleFile(@Comment("the stages as they happened") List<StageReport> stages) {
  /** Keeps the list as it is. */
  public ScheduleFile {
    stages = List.copyOf(stages);
  }

  /**
   * The settings of a {@link RunConfig}, each {@code key=value}, with which a run trains, for as
   * many epochs, the networks that another has trained, searched or not.
   *
   * @param file of that run
   * @throws InputException if the file cannot be read
   */
  public static List<String> settings(Path file) throws InputException {
    List<GrowthSchedule.Span> spans =
        ConfigFile.read(file, new ScheduleFile(List.of())).stages().stream()
            .map(s -> new GrowthSchedule.Span(s.epochs(), s.resolution(), s.depth()))
            .toList();
    if (spans.isEmpty()) {
      throw new InputException(
          file.toString(), "no stages", "those of a finished run", "Name another run's file");
    }
    return List.of(
        "training.epochs=" + spans.stream().mapToInt(GrowthSchedule.Span::epochs).sum(),
        "progressive.schedule=given",
        "progressive.stages=" + spans.size(),
        "progressive.given=" + ConfigFile.inline(spans));
  }
}
