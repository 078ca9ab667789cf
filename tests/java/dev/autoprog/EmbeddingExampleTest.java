package dev.autoprog;

import static org.assertj.core.api.Assertions.assertThat;

import dev.autoprog.autograd.Tape;
import dev.autoprog.autograd.Variable;
import dev.autoprog.backend.Backend;
import dev.autoprog.backend.Session;
import dev.autoprog.model.VisionTransformer;
import dev.autoprog.model.VitConfig;
import dev.autoprog.nn.CrossEntropy;
import dev.autoprog.optim.AdamW;
import dev.autoprog.tensor.DType;
import dev.autoprog.tensor.Shape;
import dev.autoprog.tensor.Tensor;
import dev.autoprog.testing.RandomData;
import dev.autoprog.testing.ReadmeExample;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/** The README's example of use inside another program, run as it stands there. */
class EmbeddingExampleTest {
  private static final VitConfig SMALL = new VitConfig(32, 4, 3, 10, 48, 2, 3, 2);

  /** Trains on one batch, which another program has as floats and class ids. */
  static double train(VitConfig config, ByteBuffer pixels, int[] labels, int steps) {
    double last = Double.NaN;
    // README: begin
    try (Session session = Session.open(Backend.auto());
        VisionTransformer vit = VisionTransformer.create(session, config, 1);
        AdamW adamW = new AdamW(session, vit.parameters(), AdamW.Settings.DEFAULT)) {
      long n = labels.length;
      Tensor images = session.wrap(pixels, DType.FLOAT32, Shape.of(n, 3, 32, 32)); // no copy
      for (int step = 0; step < steps; step++) {
        session.arena().reset(); // takes back what the step before made
        Tape tape = Tape.recording(session);
        Variable logits = vit.forward(tape, images);
        CrossEntropy loss = new CrossEntropy(tape, logits.value(), labels, 0.1);
        vit.parameters().clearGradients();
        tape.backward(logits, loss.gradient(1f / n), vit.parameters().accumulator());
        adamW.step(step, 1e-3, List.of());
        last = loss.mean();
      }
    }
    // README: end
    return last;
  }

  private static ByteBuffer pixels(int count) {
    float[] values = RandomData.of("example").gaussian(count * 3L * 32 * 32);
    ByteBuffer buffer =
        ByteBuffer.allocateDirect(values.length * Float.BYTES).order(ByteOrder.nativeOrder());
    buffer.asFloatBuffer().put(values);
    return buffer;
  }

  @Test
  void theExampleLearnsItsBatch() {
    int[] labels = {3, 1, 4, 1, 5, 9, 2, 6};
    double first = train(SMALL, pixels(8), labels, 1);
    double last = train(SMALL, pixels(8), labels, 20);
    assertThat(last).isLessThan(0.6 * first);
  }

  @Test
  void sessionsInSeveralThreadsDoNotDisturbEachOther() throws Exception {
    int[] labels = {3, 1, 4, 1, 5, 9, 2, 6};
    double alone = train(SMALL, pixels(8), labels, 10);
    var pool = Executors.newFixedThreadPool(2);
    try {
      List<Callable<Double>> tasks = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        tasks.add(() -> train(SMALL, pixels(8), labels, 10));
      }
      for (Future<Double> result : pool.invokeAll(tasks)) {
        assertThat(result.get()).isEqualTo(alone);
      }
    } finally {
      pool.shutdown();
    }
  }

  @Test
  void theReadmeShowsThisCode() throws Exception {
    ReadmeExample.assertShown(EmbeddingExampleTest.class, "README");
  }
}
