package dev.autoprog.metric;

import static dev.autoprog.testing.Closeness.assertClose;
import static dev.autoprog.testing.Closeness.narrow;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.autoprog.backend.Backend;
import dev.autoprog.backend.Session;
import dev.autoprog.kernel.LinearShape;
import dev.autoprog.tensor.DType;
import dev.autoprog.tensor.Shape;
import dev.autoprog.testing.Libtorch;
import dev.autoprog.testing.RandomData;
import dev.autoprog.testing.ReadmeExample;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;

/**
 * The measures of a network that libtorch has run: the examples of the README, as they stand there.
 * Its tensors are read where they lie.
 */
class OtherTrainersTest {
  private static final int SAMPLES = 6;
  private static final int TOKENS = 5;
  private static final int IN = 33;
  private static final int OUT = 17;

  /** A layer's input x and the gradient dy by its output, at their addresses. */
  static double[][] theta(long x, long dy, LinearShape shape, int samples) {
    // README ntk: begin
    try (Session session = Session.open(Backend.named("cpu"));
        NtkGram gram = new NtkGram(session, samples)) {
      gram.linear(
          "fc",
          shape,
          session.wrap(x, DType.FLOAT32, Shape.of(shape.rows(), shape.in())),
          session.wrap(dy, DType.FLOAT32, Shape.of(shape.rows(), shape.out())));
      // and so on for the other layers; then Θ, and what NtkCondition.of(Θ) says of it
      return gram.matrix();
    }
    // README ntk: end
  }

  /** The gradient of a layer's weight at its address, batch by batch. */
  static double zico(List<Long> gradients, long elements) {
    // README zico: begin
    try (Session session = Session.open(Backend.named("cpu"));
        ZiCo zico = new ZiCo(session)) {
      for (long gradient : gradients) { // one of each batch; and so on for the other layers
        zico.add("fc", session.wrap(gradient, DType.FLOAT32, Shape.of(elements)));
      }
      return zico.score().total();
    }
    // README zico: end
  }

  private static Tensor float32(float[] values, long... dims) {
    return Tensor.create(values, dims);
  }

  @Test
  void factorsOfALibtorchLayerGiveItsKernelWithoutACopy() {
    RandomData data = RandomData.of("other trainers");
    Libtorch.scoped(
        () -> {
          Tensor x = float32(data.gaussian(SAMPLES * TOKENS * IN), SAMPLES, TOKENS, IN);
          Tensor weight = float32(data.gaussian(OUT * IN), OUT, IN).requires_grad_(true);
          Tensor y = torch.linear(x, weight);
          y.retain_grad();
          torch.gelu(y).sum().backward();
          Tensor dy = y.grad().contiguous();
          double[][] theta =
              theta(
                  x.data_ptr().address(),
                  dy.data_ptr().address(),
                  new LinearShape(SAMPLES * TOKENS, IN, OUT),
                  SAMPLES);

          TensorVector rows = new TensorVector();
          for (int i = 0; i < SAMPLES; i++) {
            Tensor alone = Libtorch.constant(floats(weight), OUT, IN).requires_grad_(true);
            Tensor sample = x.select(0, i).to(torch.ScalarType.Double);
            torch.gelu(torch.linear(sample, alone)).sum().backward();
            rows.push_back(alone.grad().flatten());
          }
          Tensor jacobian = torch.stack(rows);
          assertClose(
              "theta",
              narrow(Arrays.stream(theta).flatMapToDouble(Arrays::stream).toArray()),
              Libtorch.values(jacobian.matmul(jacobian.t())),
              1e-5);
        });
  }

  private static float[] floats(Tensor tensor) {
    return narrow(Libtorch.values(tensor));
  }

  @Test
  void theReadmeShowsThisCode() throws Exception {
    ReadmeExample.assertShown(OtherTrainersTest.class, "README ntk");
    ReadmeExample.assertShown(OtherTrainersTest.class, "README zico");
  }

  /** The name that was refused with it is free for the corrected call. */
  @Test
  void aRefusedCallLeavesNothing() {
    RandomData data = RandomData.of("refused calls");
    try (Session session = Session.open(Backend.named("reference"));
        NtkGram ntk = new NtkGram(session, SAMPLES);
        ZiCo zico = new ZiCo(session)) {
      LinearShape shape = new LinearShape(SAMPLES * TOKENS, IN, OUT);
      var x = values(session, data, SAMPLES * TOKENS, IN);
      var dy = values(session, data, SAMPLES * TOKENS, OUT);
      assertThatThrownBy(() -> ntk.linear("w", shape, dy, x))
          .isInstanceOf(IllegalArgumentException.class);
      assertThat(ntk.explain()).isEmpty();
      ntk.linear("w", shape, x, dy);
      assertThat(ntk.explain()).hasSize(1);

      var wrong = session.allocate(DType.BFLOAT16, Shape.of(7));
      assertThatThrownBy(() -> zico.add("w", wrong)).isInstanceOf(IllegalArgumentException.class);
      for (int batch = 0; batch < 2; batch++) {
        zico.add("w", values(session, data, OUT, IN));
      }
      assertThat(zico.score().layers()).containsOnlyKeys("w");
    }
  }

  private static dev.autoprog.tensor.Tensor values(
      Session session, RandomData data, long rows, long columns) {
    return session
        .allocate(DType.FLOAT32, Shape.of(rows, columns))
        .set(data.gaussian(rows * columns));
  }

  @Test
  void gradientsOfALibtorchWeightGiveItsZiCo() {
    RandomData data = RandomData.of("other trainers' zico");
    Libtorch.scoped(
        () -> {
          // well apart: where two nearly agree, the ratio grows without bound, and its rounding
          // with it
          Tensor first = float32(data.uniform(OUT * IN, 1, 2), OUT, IN);
          Tensor second = float32(data.uniform(OUT * IN, -0.5, 0.5), OUT, IN);
          double zico =
              zico(
                  List.of(first.data_ptr().address(), second.data_ptr().address()),
                  (long) OUT * IN);
          // of two, the deviation is half of their difference
          Tensor a = first.to(torch.ScalarType.Double);
          Tensor b = second.to(torch.ScalarType.Double);
          Tensor ratios = a.abs().add(b.abs()).div(a.sub(b).abs());
          assertThat(zico).isCloseTo(Math.log(Libtorch.values(ratios.sum())[0]), within(1e-4));
        });
  }
}
