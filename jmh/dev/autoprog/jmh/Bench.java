package dev.autoprog.jmh;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.reflect.Field;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.results.format.ResultFormatFactory;
import org.openjdk.jmh.results.format.ResultFormatType;
import org.openjdk.jmh.runner.BenchmarkList;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.format.OutputFormatFactory;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.CommandLineOptionException;
import org.openjdk.jmh.runner.options.CommandLineOptions;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.VerboseMode;

/**
 * Runs benchmarks with JMH's own options, each implementation in its environment. For each set of
 * sizes all implementations come one right after the other, so that what disturbs the machine for
 * minutes disturbs all of them. {@code --list} instead names the classes and their questions.
 */
public final class Bench {
  private final CommandLineOptions options;
  private final Map<Environment, Path> javas = new LinkedHashMap<>();
  private final List<RunResult> results = new ArrayList<>();
  private boolean failed;

  private Bench(CommandLineOptions options) {
    this.options = options;
  }

  /** The jar's entry. */
  public static void main(String[] args) throws CommandLineOptionException, IOException {
    if (List.of(args).contains("--list")) {
      for (Class<?> benchmark : classes(List.of())) {
        System.out.printf(
            "%-26s %s%n",
            benchmark.getSimpleName(), benchmark.getAnnotation(Question.class).value());
      }
      return;
    }
    Bench bench = new Bench(new CommandLineOptions(args));
    bench.run(List.of(args));
    System.exit(bench.failed ? 1 : 0);
  }

  /** The benchmark classes whose name contains one of these; all if there are none. */
  private static List<Class<?>> classes(Collection<String> names) {
    SortedSet<String> found = new TreeSet<>();
    BenchmarkList.defaultList()
        .getAll(OutputFormatFactory.createFormatInstance(System.out, VerboseMode.SILENT), List.of())
        .forEach(entry -> found.add(entry.getUserClassQName()));
    return found.stream()
        .map(Bench::load)
        .filter(c -> names.isEmpty() || names.stream().anyMatch(n -> c.getSimpleName().contains(n)))
        .toList();
  }

  private static Class<?> load(String name) {
    try {
      return Class.forName(name);
    } catch (ClassNotFoundException e) {
      throw new IllegalStateException(e);
    }
  }

  private void run(List<String> arguments) throws IOException {
    List<Class<?>> classes = classes(options.getIncludes());
    if (classes.isEmpty()) {
      System.err.println("No benchmark's name contains " + options.getIncludes() + "; try --list");
      System.exit(2);
    }
    List<String> unknown = AskedParameters.unknown(arguments, classes);
    if (!unknown.isEmpty()) {
      unknown.forEach(System.err::println);
      System.exit(2);
    }
    Path scripts = Files.createTempDirectory("autoprog-bench");
    scripts.toFile().deleteOnExit();
    for (Environment environment : Environment.values()) {
      Path java = environment.javaIn(scripts);
      java.toFile().deleteOnExit();
      javas.put(environment, java);
    }
    try {
      for (Class<?> benchmark : classes) {
        for (Map<String, String> sizes : combinations(benchmark)) {
          for (Implementation implementation : implementations(benchmark)) {
            runOne(benchmark, sizes, implementation);
          }
        }
      }
    } finally {
      write();
    }
  }

  /** Every combination of the class's parameters, but for who computes. */
  private List<Map<String, String>> combinations(Class<?> benchmark) {
    List<Map<String, String>> combinations = List.of(Map.of());
    for (Field field : benchmark.getFields()) {
      if (field.isAnnotationPresent(Param.class) && !field.getName().equals("implementation")) {
        List<Map<String, String>> more = new ArrayList<>();
        for (Map<String, String> combination : combinations) {
          for (String value : values(field)) {
            Map<String, String> extended = new LinkedHashMap<>(combination);
            extended.put(field.getName(), value);
            more.add(extended);
          }
        }
        combinations = more;
      }
    }
    return combinations;
  }

  private Collection<String> values(Field parameter) {
    return options
        .getParameter(parameter.getName())
        .orElse(List.of(parameter.getAnnotation(Param.class).value()));
  }

  private List<Implementation> implementations(Class<?> benchmark) {
    Collection<String> asked = options.getParameter("implementation").orElse(List.of());
    Question question = benchmark.getAnnotation(Question.class);
    return Stream.concat(Stream.of(question.ours()), Stream.of(question.peers()))
        .filter(implementation -> asked.isEmpty() || asked.contains(implementation.id()))
        .toList();
  }

  /** One line when it is done; a failure shows what JMH wrote, and the others go on. */
  private void runOne(
      Class<?> benchmark, Map<String, String> sizes, Implementation implementation) {
    ChainedOptionsBuilder builder =
        new OptionsBuilder()
            .parent(options)
            .include("^" + benchmark.getName().replace(".", "\\.") + "\\.")
            .jvm(javas.get(implementation.environment()).toString())
            .jvmArgsAppend("-Dorg.slf4j.simpleLogger.defaultLogLevel=error")
            .addProfiler(RunFacts.class)
            .shouldFailOnError(true)
            .param("implementation", implementation.id());
    sizes.forEach((name, value) -> builder.param(name, value));
    String label =
        Stream.concat(
                sizes.values().stream().filter(v -> !v.equals("0")), Stream.of(implementation.id()))
            .collect(Collectors.joining("  "));
    System.out.printf("%s  %-50s ", benchmark.getSimpleName(), label);
    System.out.flush();
    ByteArrayOutputStream log = new ByteArrayOutputStream();
    try (PrintStream to = new PrintStream(log, true, StandardCharsets.UTF_8)) {
      Collection<RunResult> one =
          new Runner(
                  builder.build(), OutputFormatFactory.createFormatInstance(to, VerboseMode.NORMAL))
              .run();
      results.addAll(one);
      for (RunResult result : one) {
        System.out.printf(
            "%12.4f %s%n",
            result.getPrimaryResult().getScore(), result.getPrimaryResult().getScoreUnit());
      }
    } catch (RunnerException e) {
      System.out.println("failed");
      System.err.println(log.toString(StandardCharsets.UTF_8) + e.getMessage());
      failed = true;
    }
  }

  /** What is there so far, where {@code -rff} says. */
  private void write() throws IOException {
    if (options.getResult().hasValue()) {
      try (PrintStream file = new PrintStream(options.getResult().get(), StandardCharsets.UTF_8)) {
        ResultFormatFactory.getInstance(ResultFormatType.JSON, file).writeOut(results);
      }
    }
  }
}
