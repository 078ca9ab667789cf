package dev.autoprog.backend.cpu;

import dev.autoprog.backend.Backend;
import dev.autoprog.backend.Session;
import dev.autoprog.kernel.LinearShape;
import dev.autoprog.tensor.DType;
import dev.autoprog.tensor.Shape;
import dev.autoprog.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Products of ever new shapes, as of sequences or batches of any length. Prints the mebibytes that
 * the process has in memory before the first, and after as many as a session keeps code of, twice
 * as many and so on.
 */
final class ManyShapes {
  private static final int KEPT = 512;

  private ManyShapes() {}

  /** One argument: how many times as many. */
  public static void main(String[] args) throws IOException {
    try (Session session = Session.open(Backend.named("cpu"), 1)) {
      System.out.println(residentMebibytes());
      for (int round = 0; round < Integer.parseInt(args[0]); round++) {
        for (int rows = 1 + round * KEPT; rows <= (round + 1) * KEPT; rows++) {
          multiply(session, new LinearShape(rows, 3, 5));
        }
        System.out.println(residentMebibytes());
      }
    }
  }

  private static void multiply(Session session, LinearShape shape) {
    session.arena().reset();
    Tensor x = zeros(session, shape.rows(), shape.in());
    Tensor weight = zeros(session, shape.out(), shape.in());
    Tensor y = zeros(session, shape.rows(), shape.out());
    session.kernels().linearForward(shape, x, weight, null, null, y);
  }

  private static Tensor zeros(Session session, long... dims) {
    Tensor tensor = session.arena().allocate(DType.FLOAT32, Shape.of(dims));
    session.kernels().fill(tensor, 0);
    return tensor;
  }

  private static long residentMebibytes() throws IOException {
    return Files.readAllLines(Path.of("/proc/self/status")).stream()
        .filter(line -> line.startsWith("VmRSS:"))
        .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) >> 10)
        .findFirst()
        .orElseThrow();
  }
}
