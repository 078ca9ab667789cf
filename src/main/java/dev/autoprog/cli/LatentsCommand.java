package dev.autoprog.cli;

import dev.autoprog.Counted;
import dev.autoprog.InputException;
import dev.autoprog.data.latent.LatentDataset;
import dev.autoprog.data.latent.LatentSpace;
import dev.autoprog.data.latent.LatentSplit;
import java.io.PrintWriter;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code autoprog latents}. */
@Command(
    name = "latents",
    description =
        "Reads a whole folder of latents, which other programs may have written: that it is complete"
            + " and intact, and how large the numbers are that a model would see.",
    mixinStandardHelpOptions = true)
final class LatentsCommand implements Callable<Integer> {
  private static final int MOST_MEASURED = 2000;

  @Spec private CommandSpec spec;

  @Parameters(paramLabel = "PATH", description = "the folder")
  private Path path;

  @Override
  public Integer call() throws InputException {
    LatentSplit latents = LatentSplit.open(path);
    LatentSpace space = latents.space();
    List<List<String>> cells = new ArrayList<>();
    cells.add(List.of("side", "to train", "mean", "deviation"));
    for (int side : latents.sides()) {
      LatentDataset train = latents.train(side);
      double[] moments = moments(train);
      cells.add(
          List.of(
              Integer.toString(side),
              "%,d".formatted(train.size()),
              "%.3f".formatted(moments[0]),
              "%.3f".formatted(moments[1])));
    }
    latents.verify();
    PrintWriter out = spec.commandLine().getOut();
    out.printf(
        "%s: %s, %s, scale %s%s%s%n%n",
        latents.name(),
        Counted.of(latents.largest().channels(), "channel"),
        Counted.of(space.classNames().size(), "class"),
        space.scale(),
        space.encoder().isEmpty() ? "" : ", by " + space.encoder(),
        latents.hasMirrored() ? ", mirrored images too" : "");
    TextTable.lines(cells, 0).forEach(out::println);
    out.printf(
        "%nComplete, intact and finite, with %,d to validate. Scaled, a deviation of about 1 is what"
            + " noise schedules are made for.%n",
        latents.testSize());
    out.flush();
    return CommandLine.ExitCode.OK;
  }

  /** Mean and deviation over evenly spaced latents, scaled. */
  private static double[] moments(LatentDataset latents) throws InputException {
    int count = Math.min(latents.size(), MOST_MEASURED);
    ByteBuffer one = ByteBuffer.allocate(latents.imageBytes());
    double sum = 0;
    double squares = 0;
    for (int i = 0; i < count; i++) {
      latents.read((int) ((long) i * latents.size() / count), one.clear());
      FloatBuffer values = one.flip().order(ByteOrder.nativeOrder()).asFloatBuffer();
      while (values.hasRemaining()) {
        double value = values.get();
        sum += value;
        squares += value * value;
      }
    }
    double numbers = (double) count * latents.imageBytes() / Float.BYTES;
    double mean = sum / numbers;
    return new double[] {mean, Math.sqrt(Math.max(0, squares / numbers - mean * mean))};
  }
}
