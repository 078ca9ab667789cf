package dev.autoprog.cli;

import dev.autoprog.InputException;
import dev.autoprog.io.Disk;
import java.io.File;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code autoprog bench}: times our kernels beside the peers', by the benchmarks' own jar. */
@Command(
    name = "bench",
    description = "Times the kernels beside libtorch and DJL, and ends with a table.",
    mixinStandardHelpOptions = true)
final class BenchCommand implements Callable<Integer> {
  private static final String JAR = "autoprog-benchmarks.jar";
  private static final List<String> QUICK =
      List.of("-f", "1", "-wi", "1", "-w", "200ms", "-i", "3", "-r", "200ms");

  @Spec private CommandSpec spec;

  @Parameters(
      arity = "0..1",
      paramLabel = "NAME",
      description = "run the classes whose name contains this; all without it")
  private String name;

  @Option(
      names = "--quick",
      description = "one process and few short iterations: to look, not to quote")
  private boolean quick;

  @Option(names = "--list", description = "only name the classes, and the question of each")
  private boolean list;

  @Option(names = "--json", paramLabel = "FILE", description = "write the results as JMH's JSON")
  private Path json;

  @Option(
      names = {"-p", "--parameter"},
      paramLabel = "NAME=VALUE[,VALUE...]",
      description =
          "run these values of a parameter only: -p implementation=libtorch-best, -p threads=1")
  private Map<String, String> parameters = new LinkedHashMap<>();

  @Option(names = "--jar", paramLabel = "FILE", description = "the benchmarks of another build")
  private Path jar;

  @Override
  public Integer call() throws InputException, IOException, InterruptedException {
    Path benchmarks = jar != null ? jar : beside();
    if (!Files.isRegularFile(benchmarks)) {
      throw new InputException(
          benchmarks.toString(),
          "there is no such file",
          "the jar of the benchmarks",
          "Build it:  ./mvnw -Pjmh -DskipTests package");
    }
    if (list) {
      return java(benchmarks, List.of("--list"));
    }
    if (json != null) {
      requireWritable(json);
    }
    Path results = Files.createTempFile("autoprog-bench", ".json");
    try {
      int code = java(benchmarks, arguments(results));
      if (Files.size(results) > 0) {
        conclude(results);
      }
      return code;
    } finally {
      Files.delete(results);
    }
  }

  /** Measuring takes long, so that this is found out before. */
  private static void requireWritable(Path json) throws InputException {
    Path folder = Disk.place(json).getParent();
    if (!Files.isDirectory(folder) || !Files.isWritable(folder)) {
      boolean missing = !Files.exists(folder);
      throw new InputException(
          json.toString(),
          missing ? "there is no folder " + folder : "nothing can be written into " + folder,
          "a file in a folder that may be written",
          missing ? "Create it, or choose another place" : "Choose another place");
    }
  }

  /** Shows what this run measured and keeps it; an older file stays where that is nothing. */
  private void conclude(Path results) throws InputException, IOException {
    List<BenchResult> measured = BenchResult.read(results);
    if (measured.isEmpty()) {
      return;
    }
    new BenchTable(measured).print(spec.commandLine().getOut());
    if (json != null) {
      ByteBuffer text = ByteBuffer.wrap(Files.readAllBytes(results));
      Disk.LOCAL.replace(json, out -> Disk.writeFully(out, text));
    }
  }

  private List<String> arguments(Path results) {
    List<String> arguments = new ArrayList<>(List.of("-rf", "json", "-rff", results.toString()));
    if (name != null) {
      arguments.add(name);
    }
    if (quick) {
      arguments.addAll(QUICK);
    }
    parameters.forEach(
        (parameter, values) -> {
          arguments.add("-p");
          arguments.add(parameter + "=" + values);
        });
    return arguments;
  }

  private static int java(Path jar, List<String> arguments)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("--enable-native-access=ALL-UNNAMED", "-jar", jar.toString()));
    command.addAll(arguments);
    return new ProcessBuilder(command).inheritIO().start().waitFor();
  }

  /** Where the build puts it: beside the library's jar or classes. */
  private static Path beside() {
    try {
      File library =
          new File(BenchCommand.class.getProtectionDomain().getCodeSource().getLocation().toURI());
      return library.toPath().resolveSibling(JAR);
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }
}
