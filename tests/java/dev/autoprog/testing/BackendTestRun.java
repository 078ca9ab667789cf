package dev.autoprog.testing;

import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectPackage;

import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.ToIntFunction;
import java.util.stream.Stream;
import org.junit.platform.engine.DiscoverySelector;
import org.junit.platform.engine.FilterResult;
import org.junit.platform.engine.TestDescriptor;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.support.descriptor.MethodSource;
import org.junit.platform.launcher.EngineFilter;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.PostDiscoveryFilter;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/**
 * Runs tests where there is neither Maven nor libtorch, and prints a line per class. Tests that
 * compare with libtorch are left out, or count as skipped where only running them shows that; and
 * the support matrix is left out, which is a page of the sources.
 *
 * <p>{@code -Dautoprog.test.backend=cuda} names the backend to test.
 */
public final class BackendTestRun {
  private static final String ROOT = "dev.autoprog.";

  private BackendTestRun() {}

  /**
   * Exits with 1 if a test failed or none ran.
   *
   * @param args packages ({@code kernel}) and classes ({@code train.ResumeTest}) of this library
   */
  public static void main(String[] args) {
    LauncherDiscoveryRequest request =
        LauncherDiscoveryRequestBuilder.request()
            .selectors(Arrays.stream(args).map(BackendTestRun::selector).toList())
            .filters(
                EngineFilter.includeEngines("junit-jupiter"),
                (PostDiscoveryFilter) BackendTestRun::withoutLibtorch)
            .build();
    Tally tally = new Tally();
    LauncherFactory.create().execute(request, tally);
    tally.print();
    System.exit(tally.isGood() ? 0 : 1);
  }

  private static DiscoverySelector selector(String name) {
    boolean isClass = Character.isUpperCase(name.charAt(name.lastIndexOf('.') + 1));
    return isClass ? selectClass(ROOT + name) : selectPackage(ROOT + name);
  }

  private static FilterResult withoutLibtorch(TestDescriptor test) {
    String id = test.getUniqueId().toString();
    boolean left =
        Stream.of("ibtorch", "Bfloat16AccuracyTest", "SupportMatrixTest").anyMatch(id::contains);
    return FilterResult.includedIf(!left);
  }

  /** Counts by class. */
  private static final class Tally implements TestExecutionListener {
    private final Map<String, Line> lines = new TreeMap<>();
    private final StringBuilder failures = new StringBuilder();
    private long begin;

    /** What became of a class's tests. */
    private static final class Line {
      private int passed;
      private int failed;
      private int skipped;
      private double seconds;
    }

    @Override
    public void executionStarted(TestIdentifier test) {
      if (test.isTest()) {
        begin = System.nanoTime();
      }
    }

    @Override
    public void executionSkipped(TestIdentifier test, String reason) {
      line(test).skipped++;
    }

    @Override
    public void executionFinished(TestIdentifier test, TestExecutionResult result) {
      if (test.isTest()) {
        line(test).seconds += (System.nanoTime() - begin) * 1e-9;
      }
      switch (result.getStatus()) {
        case SUCCESSFUL -> line(test).passed += test.isTest() ? 1 : 0;
        case ABORTED -> line(test).skipped++;
        case FAILED -> {
          if (result.getThrowable().filter(Tally::missesLibtorch).isPresent()) {
            line(test).skipped++;
          } else {
            line(test).failed++;
            failures.append('\n').append(test.getUniqueId()).append('\n');
            result.getThrowable().ifPresent(this::append);
          }
        }
      }
    }

    private static boolean missesLibtorch(Throwable failure) {
      for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
        if (cause instanceof LinkageError
            && Arrays.stream(cause.getStackTrace()).anyMatch(f -> isOfLibtorch(f.getClassName()))) {
          return true;
        }
      }
      return false;
    }

    private static boolean isOfLibtorch(String className) {
      return className.contains("Libtorch") || className.startsWith("org.bytedeco.pytorch.");
    }

    private void append(Throwable failure) {
      failures.append(failure).append('\n');
      Arrays.stream(failure.getStackTrace())
          .filter(frame -> frame.getClassName().startsWith(ROOT))
          .forEach(frame -> failures.append("    at ").append(frame).append('\n'));
      if (failure.getCause() != null) {
        append(failure.getCause());
      }
    }

    private Line line(TestIdentifier test) {
      String name =
          test.getSource()
              .filter(MethodSource.class::isInstance)
              .map(source -> ((MethodSource) source).getClassName().substring(ROOT.length()))
              .orElse("(containers)");
      return lines.computeIfAbsent(name, n -> new Line());
    }

    private void print() {
      System.out.printf(
          "%-36s %7s %7s %7s %8s%n", "tests", "passed", "failed", "skipped", "seconds");
      lines.forEach(
          (name, line) -> {
            if (line.passed + line.failed + line.skipped > 0) {
              System.out.printf(
                  "%-36s %7d %7d %7d %8.1f%n",
                  name, line.passed, line.failed, line.skipped, line.seconds);
            }
          });
      System.out.println(failures);
      System.out.printf(
          "%d passed, %d failed, %d skipped%n",
          sum(line -> line.passed), sum(line -> line.failed), sum(line -> line.skipped));
    }

    private int sum(ToIntFunction<Line> count) {
      return lines.values().stream().mapToInt(count).sum();
    }

    private boolean isGood() {
      return sum(line -> line.failed) == 0 && sum(line -> line.passed) > 0;
    }
  }
}
