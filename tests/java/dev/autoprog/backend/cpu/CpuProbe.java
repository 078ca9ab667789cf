package dev.autoprog.backend.cpu;

import dev.autoprog.backend.Availability;
import dev.autoprog.backend.Backend;
import dev.autoprog.backend.Session;
import dev.autoprog.kernel.AttentionShape;
import dev.autoprog.kernel.ConvolutionShape;
import dev.autoprog.kernel.Gelu;
import dev.autoprog.kernel.LinearShape;
import dev.autoprog.kernel.RowsShape;
import dev.autoprog.tensor.DType;
import dev.autoprog.tensor.Rng;
import dev.autoprog.tensor.Shape;
import dev.autoprog.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.pytorch.global.torch;

/**
 * The CPU backend in a process of its own, since a process loads it once. Prints what {@link
 * Availability} says or, where it can serve, the instruction set, the number of OpenMP runtimes in
 * the process, the result of {@link #compute}, and all bits of {@link #convolve} as one number.
 */
final class CpuProbe {
  private CpuProbe() {}

  /** {@code torchFirst} as an argument loads libtorch before. */
  public static void main(String[] args) throws IOException {
    if (List.of(args).contains("torchFirst")) {
      torch.manual_seed(1);
    }
    Availability availability = new CpuBackendProvider().probe();
    if (!availability.available()) {
      System.out.println(availability.detail());
      return;
    }
    System.out.println(CpuLibrary.load().kernels().isa());
    try (var maps = Files.lines(Path.of("/proc/self/maps"))) {
      System.out.println(
          maps.filter(line -> line.contains("libgomp"))
              .map(line -> line.substring(line.indexOf('/')))
              .distinct()
              .count());
    }
    System.out.println(Arrays.toString(compute(2, 1)));
    System.out.println(Arrays.hashCode(convolve()));
  }

  /** The gradient by a convolution's weight, by one thread. */
  private static float[] convolve() {
    ConvolutionShape shape = new ConvolutionShape(8, 32, 32, 64, 64, 3, 1, 1);
    try (Session session = Session.open(Backend.named("cpu"), 1)) {
      Rng rng = Rng.of(1);
      Tensor x = random(session, rng, 8, 32, 32, 64);
      Tensor dy = random(session, rng, 8, 32, 32, 64);
      Tensor dWeight = session.zeros(Shape.of(64, 64, 3, 3));
      session.kernels().convolutionBackwardWeight(shape, x, dy, dWeight, null);
      return dWeight.toFloats();
    }
  }

  /**
   * An attention layer in a new session: layer norm, qkv, attention, GELU, and the gradients of
   * weight and attention, of a size that takes several threads.
   */
  static float[] compute(int threads, long seed) {
    int batch = 4;
    int tokens = 65;
    int width = 96;
    int rows = batch * tokens;
    AttentionShape attention = new AttentionShape(batch, tokens, 3, 32);
    LinearShape linear = new LinearShape(rows, width, 3 * width);
    try (Session session = Session.open(Backend.named("cpu"), threads)) {
      var kernels = session.kernels();
      Rng rng = Rng.of(seed);
      Tensor x = random(session, rng, rows, width);
      Tensor gain = random(session, rng, width);
      Tensor bias = random(session, rng, width);
      Tensor weight = random(session, rng, 3 * width, width);
      Tensor dOut = random(session, rng, rows, width);
      Tensor normed = empty(session, rows, width);
      Tensor mean = empty(session, rows);
      Tensor rstd = empty(session, rows);
      Tensor projected = empty(session, rows, 3 * width);
      Tensor qkv = empty(session, rows, 3 * width);
      Tensor out = empty(session, rows, width);
      Tensor logSumExp = empty(session, batch, 3, tokens);
      Tensor dQkv = empty(session, rows, 3 * width);
      Tensor dWeight = session.zeros(Shape.of(3 * width, width));
      Tensor sum = session.zeros(Shape.of(3 * width));
      kernels.layerNormForward(
          RowsShape.dense(rows, width), 1e-6f, x, gain, bias, normed, mean, rstd);
      kernels.linearForward(linear, normed, weight, null, null, projected);
      kernels.geluForward(Gelu.ERF, projected, qkv, null);
      kernels.attentionForward(attention, qkv, out, logSumExp);
      kernels.attentionBackward(attention, qkv, out, logSumExp, dOut, dQkv);
      kernels.linearBackwardWeight(linear, normed, dQkv, dWeight, sum);
      float[] result = Arrays.copyOf(sum.toFloats(), 3 * width + 3 * width * width);
      System.arraycopy(dWeight.toFloats(), 0, result, 3 * width, 3 * width * width);
      return result;
    }
  }

  private static Tensor empty(Session session, long... dims) {
    return session.allocate(DType.FLOAT32, Shape.of(dims));
  }

  private static Tensor random(Session session, Rng rng, long... dims) {
    Tensor tensor = empty(session, dims);
    float[] values = new float[(int) tensor.elements()];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (rng.nextGaussian() * 0.3);
    }
    return tensor.set(values);
  }
}
