package dev.autoprog.testing;

import static org.junit.platform.engine.discovery.DiscoverySelectors.selectPackage;

import java.io.PrintWriter;
import org.junit.platform.engine.FilterResult;
import org.junit.platform.engine.TestDescriptor;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.PostDiscoveryFilter;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.launcher.listeners.SummaryGeneratingListener;
import org.junit.platform.launcher.listeners.TestExecutionSummary;

/**
 * Runs the kernels' tests in a process of its own, which can load another build of the kernels;
 * those of the reference against libtorch are left out. Prints the numbers of tests that passed and
 * failed, one a line, and then what went wrong.
 */
public final class KernelTestRun {
  private KernelTestRun() {}

  /** No arguments. */
  public static void main(String[] args) {
    LauncherDiscoveryRequest request =
        LauncherDiscoveryRequestBuilder.request()
            .selectors(selectPackage("dev.autoprog.kernel"))
            .filters((PostDiscoveryFilter) KernelTestRun::isOfABackend)
            .build();
    SummaryGeneratingListener listener = new SummaryGeneratingListener();
    LauncherFactory.create().execute(request, listener);
    TestExecutionSummary summary = listener.getSummary();
    System.out.println(summary.getTestsSucceededCount());
    System.out.println(summary.getTestsFailedCount());
    summary.printFailuresTo(new PrintWriter(System.out, true));
  }

  private static FilterResult isOfABackend(TestDescriptor test) {
    String id = test.getUniqueId().toString();
    boolean skipped = id.contains("ibtorch") || id.contains("SupportMatrixTest");
    return FilterResult.includedIf(!skipped);
  }
}
