package dev.autoprog.cli;

import dev.autoprog.Counted;
import dev.autoprog.InputException;
import dev.autoprog.backend.Availability;
import dev.autoprog.backend.Backend;
import dev.autoprog.backend.cpu.MachinePeaks;
import dev.autoprog.data.DataSources;
import dev.autoprog.data.DataSplit;
import dev.autoprog.data.FolderOptions;
import java.io.PrintWriter;
import java.lang.management.ManagementFactory;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code autoprog doctor}: what this machine can do, and what keeps it from doing more. */
@Command(
    name = "doctor",
    description = "Says which backends can serve and why others cannot, and where data was found.",
    mixinStandardHelpOptions = true)
final class DoctorCommand implements Callable<Integer> {
  private static final double PEAK_SECONDS = 0.2;

  @Spec private CommandSpec spec;

  @Option(
      names = "--data",
      paramLabel = "SOURCE",
      defaultValue = "builtin",
      description = "images to look for: builtin, idx:PATH, cifar10:PATH or folder:PATH")
  private String data;

  @Option(
      names = "--measure",
      description = "also measure what the processor can do, for about a second")
  private boolean measure;

  @Override
  public Integer call() throws InputException {
    PrintWriter out = spec.commandLine().getOut();
    out.println("Java       " + System.getProperty("java.vm.name") + " " + Runtime.version());
    out.println(
        "Machine    "
            + System.getProperty("os.name")
            + " "
            + System.getProperty("os.arch")
            + ", "
            + Counted.of(Runtime.getRuntime().availableProcessors(), "processor")
            + ", "
            + memory());
    out.println("Backends");
    String first = null;
    for (Backend backend : Backend.all()) {
      Availability availability = backend.availability();
      out.printf(
          "  %-10s %-3s %s%n",
          backend.name(), availability.available() ? "yes" : "no", availability.detail());
      first = first == null && availability.available() ? backend.name() : first;
    }
    out.println("  auto takes " + first);
    if (measure) {
      printPeaks(out);
    }
    DataSplit split = DataSources.open(data, FolderOptions.ofSide(64));
    out.printf(
        "Data       %s: %,d images to train and %,d to test, %d × %d pixels, %s, %s%n",
        split.name(),
        split.train().size(),
        split.test().size(),
        split.train().height(),
        split.train().width(),
        Counted.of(split.train().channels(), "channel"),
        Counted.of(split.train().classNames().size(), "class"));
    out.println("Classes    " + String.join(", ", split.train().classNames()));
    return 0;
  }

  private static void printPeaks(PrintWriter out) {
    MachinePeaks peaks =
        MachinePeaks.measure(Runtime.getRuntime().availableProcessors(), PEAK_SECONDS);
    out.printf(
        "Peaks      %.0f GFLOP/s float32, %.0f GFLOP/s bfloat16 dot products, %.0f GB/s memory%n",
        peaks.float32() / 1e9, peaks.bfloat16() / 1e9, peaks.memory() / 1e9);
  }

  private static String memory() {
    long heap = Runtime.getRuntime().maxMemory();
    if (ManagementFactory.getOperatingSystemMXBean()
        instanceof com.sun.management.OperatingSystemMXBean system) {
      return String.format(
          "%.1f GB memory (%.1f GB free), heap up to %.1f GB",
          system.getTotalMemorySize() / 1e9, system.getFreeMemorySize() / 1e9, heap / 1e9);
    }
    return String.format("heap up to %.1f GB", heap / 1e9);
  }
}
