package dev.autoprog.run;

import com.fasterxml.jackson.databind.JsonNode;
import dev.autoprog.InputException;
import dev.autoprog.io.Disk;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The names in {@code checkpoints/}: which are checkpoints, which are leftovers. */
final class CheckpointDirectory {
  private static final Logger LOG = LoggerFactory.getLogger(CheckpointDirectory.class);
  private static final Pattern COMPLETE = Pattern.compile("step-(\\d{6,18})");
  private static final Pattern UNFINISHED = Pattern.compile("\\.step-\\d{6,18}\\.tmp");
  private static final Pattern REPLACED = Pattern.compile("\\.(step-\\d{6,18})\\.old");

  private final Path path;

  CheckpointDirectory(Path run) {
    this.path = run.resolve("checkpoints");
  }

  Path path() {
    return path;
  }

  Path complete(long step) {
    return path.resolve(name(step));
  }

  Path unfinished(long step) {
    return path.resolve("." + name(step) + ".tmp");
  }

  Path replaced(long step) {
    return path.resolve("." + name(step) + ".old");
  }

  /** In digits of ASCII, whatever the language of the system writes. */
  private static String name(long step) {
    return String.format(Locale.ROOT, "step-%06d", step);
  }

  /** Every checkpoint by its step, intact or not. */
  NavigableMap<Long, Path> byStep() throws IOException {
    NavigableMap<Long, Path> found = new TreeMap<>();
    for (Path entry : entries()) {
      Matcher name = COMPLETE.matcher(entry.getFileName().toString());
      if (name.matches()) {
        found.put(Long.parseLong(name.group(1)), entry);
      }
    }
    return found;
  }

  private List<Path> entries() throws IOException {
    try (Stream<Path> entries = Files.list(path)) {
      return entries.sorted().toList();
    }
  }

  /**
   * Removes what a run that died left half done: unfinished checkpoints, and replaced ones, which
   * return to their place if the replacement had not arrived there.
   */
  void tidy(Disk disk) throws IOException {
    for (Path entry : entries()) {
      String name = entry.getFileName().toString();
      Matcher replaced = REPLACED.matcher(name);
      if (replaced.matches() && !Files.exists(path.resolve(replaced.group(1)))) {
        disk.rename(entry, path.resolve(replaced.group(1)));
      } else if (replaced.matches() || UNFINISHED.matcher(name).matches()) {
        disk.delete(entry);
      }
    }
  }

  /** The newest intact checkpoint; each damaged one that is newer is named in a warning. */
  Checkpoint newest() throws InputException {
    List<String> damaged = new ArrayList<>();
    for (var candidate : candidates().descendingMap().entrySet()) {
      try {
        long step = candidate.getKey();
        JsonNode facts = CheckpointFormat.verify(candidate.getValue(), step);
        for (String reason : damaged) {
          LOG.warn("Skipping the damaged checkpoint {}; using {}", reason, candidate.getValue());
        }
        return new Checkpoint(candidate.getValue(), step, facts);
      } catch (CheckpointFormat.DamagedException e) {
        damaged.add(candidate.getValue() + " (" + e.getMessage() + ")");
      }
    }
    throw new InputException(
        path.toString(),
        damaged.isEmpty() ? "no checkpoint" : "no intact checkpoint: " + String.join(", ", damaged),
        "at least one that is complete",
        "Check the run's directory, or start the run anew in another");
  }

  private NavigableMap<Long, Path> candidates() throws InputException {
    try {
      return Files.exists(path) ? byStep() : Collections.emptyNavigableMap();
    } catch (IOException e) {
      throw Disk.cannotRead(path, e);
    }
  }
}
