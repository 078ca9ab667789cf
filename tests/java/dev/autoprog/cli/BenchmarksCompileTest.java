package dev.autoprog.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.reflect.Method;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The benchmarks are built with a profile of their own, which the tests do without: a change of
 * what they call must still not leave them behind.
 */
class BenchmarksCompileTest {
  @TempDir Path classes;

  @BeforeEach
  void everyBenchmarkCompiles() throws IOException {
    List<Path> sources;
    try (Stream<Path> files = Files.walk(Path.of("jmh"))) {
      sources = files.filter(file -> file.toString().endsWith(".java")).toList();
    }
    assertThat(sources).hasSizeGreaterThan(10);

    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    DiagnosticCollector<JavaFileObject> problems = new DiagnosticCollector<>();
    try (StandardJavaFileManager manager = compiler.getStandardFileManager(null, null, null)) {
      List<String> options =
          List.of(
              "-proc:none",
              "-classpath",
              System.getProperty("java.class.path"),
              "-d",
              classes.toString());
      boolean compiled =
          compiler
              .getTask(
                  null,
                  manager,
                  problems,
                  options,
                  null,
                  manager.getJavaFileObjectsFromPaths(sources))
              .call();
      assertThat(compiled).as("%s", problems.getDiagnostics()).isTrue();
    }
  }

  @Test
  void parametersThatNoBenchmarkHasAreNamed() throws ReflectiveOperationException, IOException {
    assertThat(unknown("-p", "pass=forward", "-p", "tokens=16", "-p", "implementation=libtorch"))
        .isEmpty();
    assertThat(unknown("-f", "1", "-p", "token=16"))
        .containsExactly(
            "No parameter is called token; there are: headDim, implementation, pass, threads, tokens");
    assertThat(unknown("-p", "pass=forward,backward"))
        .containsExactly("pass is backward, expected forward or forward+backward");
    assertThat(unknown("-p", "implementation=torch"))
        .containsExactly(
            "implementation is torch, expected autoprog-bf16 or autoprog-fp32 or libtorch"
                + " or libtorch-best or libtorch-bf16");
  }

  /** What {@code bench Attention} with these arguments does not know. */
  private List<String> unknown(String... arguments)
      throws ReflectiveOperationException, IOException {
    try (URLClassLoader loader = new URLClassLoader(new URL[] {classes.toUri().toURL()})) {
      Method unknown =
          loader
              .loadClass("dev.autoprog.jmh.AskedParameters")
              .getDeclaredMethod("unknown", List.class, List.class);
      unknown.setAccessible(true);
      Class<?> attention = loader.loadClass("dev.autoprog.jmh.AttentionBenchmark");
      var said = (List<?>) unknown.invoke(null, List.of(arguments), List.of(attention));
      return said.stream().map(String::valueOf).toList();
    }
  }
}
