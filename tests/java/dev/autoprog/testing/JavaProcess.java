package dev.autoprog.testing;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A program in a Java process of its own, with the class path of this one: for what a process does
 * once, such as loading native libraries.
 */
public final class JavaProcess {
  private final Process process;

  private JavaProcess(Process process) {
    this.process = process;
  }

  /**
   * Starts a program.
   *
   * @param options of the virtual machine
   * @param environment variables beside those of this process
   */
  public static JavaProcess start(
      Class<?> program, List<String> options, Map<String, String> environment, String... args)
      throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("--enable-native-access=ALL-UNNAMED");
    command.add("-cp");
    command.add(System.getProperty("java.class.path"));
    command.addAll(options);
    command.add(program.getName());
    command.addAll(List.of(args));
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().remove("AUTOPROG_ISA");
    builder.environment().putAll(environment);
    return new JavaProcess(builder.redirectError(ProcessBuilder.Redirect.INHERIT).start());
  }

  /**
   * What a program has said and returned.
   *
   * @param lines of its standard output
   */
  public record Result(int exitCode, List<String> lines) {}

  /** Waits for its end. */
  public Result await() throws InterruptedException {
    List<String> lines = process.inputReader().lines().toList();
    return new Result(process.waitFor(), lines);
  }

  /** Ends it, if it still runs. */
  public void stop() {
    process.destroyForcibly();
  }
}
