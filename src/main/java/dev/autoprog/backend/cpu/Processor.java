package dev.autoprog.backend.cpu;

import dev.autoprog.backend.BackendException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;

/**
 * A processor, as Linux describes it.
 *
 * @param name the model
 * @param flags what it can do
 */
record Processor(String name, Set<String> flags) {
  private static final Path CPUINFO = Path.of("/proc/cpuinfo");

  /**
   * The processor of this machine.
   *
   * @throws BackendException if this is not Linux on x86-64, or its description cannot be read
   */
  static Processor ofThisMachine() {
    String os = System.getProperty("os.name");
    String architecture = System.getProperty("os.arch");
    if (!os.equals("Linux") || !architecture.equals("amd64")) {
      throw new BackendException(
          "The kernels are compiled for Linux on amd64, and this is "
              + os
              + " on "
              + architecture
              + "; use the backend reference");
    }
    try {
      return parse(Files.readAllLines(CPUINFO));
    } catch (IOException e) {
      throw new BackendException("Cannot read what the processor can do from " + CPUINFO, e);
    }
  }

  /** The first processor of {@code /proc/cpuinfo}. */
  static Processor parse(List<String> cpuinfo) {
    return new Processor(
        value(cpuinfo, "model name", "unknown model"),
        Set.of(value(cpuinfo, "flags", "none").split("\\s+")));
  }

  private static String value(List<String> cpuinfo, String key, String otherwise) {
    for (String line : cpuinfo) {
      int colon = line.indexOf(':');
      if (colon > 0 && line.substring(0, colon).strip().equals(key)) {
        return line.substring(colon + 1).strip();
      }
    }
    return otherwise;
  }
}
