package dev.autoprog.cli;

import static dev.autoprog.cli.Commands.run;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@link BenchCommand}: of the benchmarks' jar, a stand-in, only what it does with files. */
class BenchCommandTest {
  private static final String OLD = result("OldBenchmark");

  @TempDir Path directory;
  private Path jar;

  private static String result(String benchmark) {
    return """
        [{"benchmark": "dev.autoprog.jmh.%s.run", "params": {"implementation": "autoprog-fp32"},
          "primaryMetric": {"scoreUnit": "ms/op", "rawData": [[5, 7]]}, "secondaryMetrics": {}}]
        """
        .formatted(benchmark);
  }

  /** Measures nothing: takes its name for what the run is to come to. */
  static final class StandIn {
    private StandIn() {}

    public static void main(String[] args) throws IOException {
      List<String> given = List.of(args);
      Path results = Path.of(given.get(given.indexOf("-rff") + 1));
      if (given.contains("NoSuchThing")) {
        System.exit(2);
      }
      boolean some = !given.contains("AllFail");
      Files.writeString(results, some ? result("NewBenchmark") : "[]");
      System.exit(given.contains("OneFails") || !some ? 1 : 0);
    }
  }

  @BeforeEach
  void packs() throws IOException {
    jar = directory.resolve("benchmarks.jar");
    Manifest manifest = new Manifest();
    manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
    manifest.getMainAttributes().put(Attributes.Name.MAIN_CLASS, StandIn.class.getName());
    try (JarOutputStream out = new JarOutputStream(Files.newOutputStream(jar), manifest)) {
      for (Class<?> packed : List.of(StandIn.class, BenchCommandTest.class)) {
        String name = packed.getName().replace('.', '/') + ".class";
        out.putNextEntry(new JarEntry(name));
        try (InputStream bytes = packed.getClassLoader().getResourceAsStream(name)) {
          bytes.transferTo(out);
        }
      }
    }
  }

  private Commands.Outcome bench(String name, Path json) {
    return run("bench", name, "--jar=" + jar, "--json=" + json);
  }

  private Path old() throws IOException {
    return Files.writeString(directory.resolve("results.json"), OLD);
  }

  @Test
  void whatWasMeasuredIsShownAndWritten() throws IOException {
    Path json = old();
    Commands.Outcome outcome = bench("New", json);
    assertThat(outcome.err()).isEmpty();
    assertThat(outcome.code()).isZero();
    assertThat(outcome.out()).contains("NewBenchmark", "6.00 ms").doesNotContain("OldBenchmark");
    assertThat(json).hasContent(result("NewBenchmark"));
    assertThat(run("bench", "New", "--jar=" + jar).out()).contains("NewBenchmark");
  }

  @Test
  void anOlderFileIsNotShownAsThisRunsResults() throws IOException {
    Path json = old();
    for (String nothing : List.of("NoSuchThing", "AllFail")) {
      Commands.Outcome outcome = bench(nothing, json);
      assertThat(outcome.code()).isNotZero();
      assertThat(outcome.out()).isEmpty();
      assertThat(json).hasContent(OLD);
    }
  }

  @Test
  void whatTheOthersMeasuredOutlivesAFailure() throws IOException {
    Path json = old();
    Commands.Outcome outcome = bench("OneFails", json);
    assertThat(outcome.code()).isEqualTo(1);
    assertThat(outcome.out()).contains("NewBenchmark");
    assertThat(json).hasContent(result("NewBenchmark"));
  }

  @Test
  void aPlaceThatCannotBeWrittenIsRefusedBeforeAnythingRuns() {
    Commands.Outcome missing = bench("New", directory.resolve("no/dir/f.json"));
    assertThat(missing.code()).isNotZero();
    assertThat(missing.out()).isEmpty();
    assertThat(missing.err())
        .contains("f.json: there is no folder " + directory.resolve("no/dir"))
        .contains("Create it, or choose another place")
        .doesNotContain("\tat ");
    assertThat(bench("New", directory).err())
        .contains(directory + ": a directory; expected a file")
        .doesNotContain("\tat ");
  }
}
