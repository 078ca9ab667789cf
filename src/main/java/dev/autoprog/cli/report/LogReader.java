package dev.autoprog.cli.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.autoprog.InputException;
import dev.autoprog.cli.report.RunMetrics.Step;
import dev.autoprog.io.Disk;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads one log, line by line, and keeps the clock, which is the run's work: seconds of training
 * and of searching, without evaluation, checkpoints and waiting for images. A step takes batch /
 * {@code images_per_second}, and a search's own work is charged where it decides, so that the clock
 * ends at {@code train_seconds + search_seconds}.
 */
abstract class LogReader {
  private static final JsonMapper JSON = JsonMapper.builder().build();

  private final int batch;
  private final List<Step> steps = new ArrayList<>();
  private double clock;

  LogReader(int batch) {
    this.batch = batch;
  }

  /** Takes what a line says besides its step and its time; others than known are passed over. */
  abstract void add(String event, JsonNode line);

  /** Seconds of work so far, the present line included. */
  final double clock() {
    return clock;
  }

  /** The steps so far. */
  final List<Step> steps() {
    return steps;
  }

  final void readLines(Path file) throws InputException {
    List<String> lines;
    try {
      lines = Files.readAllLines(file);
    } catch (IOException e) {
      throw Disk.cannotRead(file, e);
    }
    for (int i = 0; i < lines.size(); i++) {
      try {
        add(JSON.readTree(lines.get(i)));
      } catch (JsonProcessingException e) {
        if (i < lines.size() - 1) {
          throw new InputException(
              file + ", line " + (i + 1),
              "no JSON (" + e.getOriginalMessage() + ")",
              "an object in every line",
              "Correct the line, or move the run's directory away and compare again",
              e);
        } // the last line of a run that was killed may be cut off
      }
    }
  }

  private void add(JsonNode line) {
    String event = line.path("event").asText();
    if (event.equals("step")) {
      clock += batch / line.path("images_per_second").asDouble();
      steps.add(new Step(clock, number(line, "loss")));
    } else if (event.equals("search")) {
      clock += line.path("search_seconds").asDouble();
    }
    add(event, line);
  }

  static String text(JsonNode line, String name) {
    return line.path(name).isTextual() ? line.path(name).textValue() : "";
  }

  /** NaN for what is not there. */
  static double number(JsonNode line, String name) {
    return number(line.path(name));
  }

  static double number(JsonNode value) {
    return value.isNumber() ? value.doubleValue() : Double.NaN;
  }
}
