package dev.autoprog.testing;

import dev.autoprog.autograd.GradientSink;
import dev.autoprog.autograd.Tape;
import dev.autoprog.autograd.Variable;
import dev.autoprog.backend.Session;
import dev.autoprog.metric.NeuralTangentKernel;
import dev.autoprog.metric.NeuralTangentKernel.Outputs;
import dev.autoprog.model.VisionTransformer;
import dev.autoprog.model.VitConfig;
import dev.autoprog.nn.CrossEntropy;
import dev.autoprog.nn.Precision;
import dev.autoprog.optim.AdamW;
import dev.autoprog.tensor.Tensor;
import dev.autoprog.train.Learner;
import dev.autoprog.train.RunConfig;
import java.util.List;

/** A vision transformer; four moving averages. */
final class TimedClassifier extends TimedNetwork {
  private static final double SMOOTHING = 0.1;

  private final Learner learner;
  private final Tensor images;
  private final int[] labels;
  private long step;

  TimedClassifier(Session session, VitConfig config, int batch) {
    super(session, batch);
    learner =
        new Learner(
            session,
            VisionTransformer.create(session, config, Precision.BF16, SEED),
            AdamW.Settings.DEFAULT,
            new RunConfig.Averages(List.of(0.99, 0.999, 0.9998, 0.9999), false),
            RunConfig.Moments.COPY,
            SEED);
    images = images("images", config.channels(), config.resolution());
    labels = RandomData.of("labels").integers(batch, 0, config.classes());
  }

  @Override
  void step() {
    require(learner.step(images, labels, SMOOTHING, 0, step++, LEARNING_RATE).isFinite());
  }

  @Override
  void tangentKernel() {
    NeuralTangentKernel.of(session, learner.model()::forward, images, Outputs.SUMMED);
  }

  @Override
  void gradients(GradientSink sink) {
    Tape tape = Tape.recording(session);
    Variable logits = learner.model().forward(tape, images);
    CrossEntropy loss = new CrossEntropy(tape, logits.value(), labels, SMOOTHING);
    require(Double.isFinite(loss.mean()));
    tape.backward(logits, loss.gradient(1f / batch), sink);
  }

  @Override
  public void close() {
    learner.close();
  }
}
