package dev.autoprog.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.DynamicContainer.dynamicContainer;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicContainer;
import org.junit.jupiter.api.TestFactory;

/**
 * The CUDA kernels on the CPU: the programs that {@code tests/native/build.sh} makes of {@code
 * tests/native/*_test.cpp}, one per family, and a test here for each of their cases. A case runs in
 * every order in which the emulation can run the threads of a block.
 */
class CudaKernelHarnessTest {
  private static final Path SOURCES = Path.of("tests/native");
  private static final Path PROGRAMS = Path.of("target/native/cuda-emulated/plain");
  private static final String SUFFIX = "_test";

  @TestFactory
  Stream<DynamicContainer> everyCaseOfEveryFamily() throws IOException {
    List<String> families;
    try (Stream<Path> files = Files.list(SOURCES)) {
      families =
          files
              .map(file -> file.getFileName().toString())
              .filter(name -> name.endsWith(SUFFIX + ".cpp"))
              .map(name -> name.substring(0, name.length() - ".cpp".length()))
              .sorted()
              .toList();
    }
    assertThat(families).contains("layer_norm" + SUFFIX);
    return families.stream().map(CudaKernelHarnessTest::family);
  }

  /** Lists a family's cases; the program runs once, when the first of them is asked for. */
  private static DynamicContainer family(String program) {
    Map<String, String> results = new HashMap<>();
    return dynamicContainer(
        program.substring(0, program.length() - SUFFIX.length()),
        lines(program, "--list").stream()
            .map(
                name ->
                    dynamicTest(
                        name,
                        () -> {
                          if (results.isEmpty()) {
                            lines(program, "--order", "all").forEach(line -> note(line, results));
                          }
                          check(name, results);
                        })));
  }

  /** Notes a line {@code ok NAME (TIME)} or {@code FAIL NAME: REASON}. */
  private static void note(String line, Map<String, String> results) {
    String rest = line.substring(Math.min(line.length(), "FAIL ".length()));
    if (line.startsWith("ok ")) {
      results.put(rest.substring(0, rest.lastIndexOf(" (")), "");
    } else if (line.startsWith("FAIL ")) {
      int colon = rest.indexOf(": ");
      results.put(rest.substring(0, colon), rest.substring(colon + 2));
    }
  }

  private static void check(String name, Map<String, String> results) {
    String failure = results.get(name);
    if (failure == null) {
      fail("the program ended before this case: run it by hand, it is in " + PROGRAMS);
    } else if (!failure.isEmpty()) {
      fail(failure);
    }
  }

  private static List<String> lines(String program, String... options) {
    Path path = PROGRAMS.resolve(program);
    assertThat(path).as("a program that %s/build.sh makes", SOURCES).isExecutable();
    try {
      List<String> command = new ArrayList<>(List.of(options));
      command.add(0, path.toString());
      Process process =
          new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
      try (var reader = process.inputReader()) {
        return reader.lines().toList();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
