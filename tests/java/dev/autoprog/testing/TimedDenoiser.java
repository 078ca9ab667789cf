package dev.autoprog.testing;

import dev.autoprog.autograd.GradientSink;
import dev.autoprog.autograd.Tape;
import dev.autoprog.autograd.Variable;
import dev.autoprog.backend.Session;
import dev.autoprog.diffusion.DiffusionLoss;
import dev.autoprog.diffusion.DiffusionProcess;
import dev.autoprog.diffusion.NoiseSchedule;
import dev.autoprog.diffusion.NoisyBatch;
import dev.autoprog.diffusion.Prediction;
import dev.autoprog.diffusion.Variance;
import dev.autoprog.metric.NeuralTangentKernel;
import dev.autoprog.metric.NeuralTangentKernel.Outputs;
import dev.autoprog.model.Conditions;
import dev.autoprog.model.DenoisingConfig;
import dev.autoprog.model.DenoisingNetwork;
import dev.autoprog.model.UNetConfig;
import dev.autoprog.nn.Precision;
import dev.autoprog.optim.AdamW;
import dev.autoprog.tensor.Shape;
import dev.autoprog.tensor.Tensor;
import dev.autoprog.train.diffusion.DiffusionLearner;
import java.util.Arrays;

/** A diffusion transformer, or a UNet that reads a context; one moving average. */
final class TimedDenoiser extends TimedNetwork {
  private static final DiffusionProcess PROCESS =
      new DiffusionProcess(NoiseSchedule.linear(1000), Prediction.EPSILON, Variance.FIXED_SMALL);
  private static final double AVERAGE_DECAY = 0.9999;
  private static final int CONTEXT_TOKENS = 77; // of Stable Diffusion's text encoder

  private final DiffusionLearner learner;
  private final Tensor clean;
  private final Tensor noise;
  private final int[] timesteps;
  private final int[] labels;
  private final Tensor context;
  private long step;

  TimedDenoiser(Session session, DenoisingConfig config, int batch) {
    super(session, batch);
    DenoisingNetwork network = config.create(session, Precision.BF16, SEED);
    NothingZero.in(network);
    learner =
        new DiffusionLearner(session, network, PROCESS, AdamW.Settings.DEFAULT, AVERAGE_DECAY);
    clean = images("clean", network.channels(), config.resolution());
    noise = images("noise", network.channels(), config.resolution());
    timesteps = RandomData.of("timesteps").integers(batch, 0, PROCESS.schedule().steps());
    labels =
        config.classes() == 0 ? null : RandomData.of("labels").integers(batch, 0, config.classes());
    context = config instanceof UNetConfig unet ? context(unet.contextWidth()) : null;
  }

  private Tensor context(int width) {
    Shape shape = Shape.of(batch, CONTEXT_TOKENS, width);
    return session
        .allocate(Precision.BF16.activations(), shape)
        .set(RandomData.of("context").gaussian(shape.elements()));
  }

  private NoisyBatch noisy() {
    return NoisyBatch.of(session, PROCESS.schedule(), clean, noise, timesteps);
  }

  private Conditions conditions(NoisyBatch noisy, int count) {
    return new Conditions(
        Arrays.copyOf(noisy.told(PROCESS.schedule()), count),
        labels == null ? null : Arrays.copyOf(labels, count),
        null,
        context == null ? null : context.rows(0, count));
  }

  @Override
  void step() {
    NoisyBatch noisy = noisy();
    require(learner.step(noisy, conditions(noisy, batch), step++, LEARNING_RATE).isFinite());
  }

  @Override
  void tangentKernel() {
    NoisyBatch noisy = noisy();
    NeuralTangentKernel.of(
        session,
        (tape, images) ->
            learner.network().forward(tape, images, conditions(noisy, (int) images.shape().dim(0))),
        noisy.noisy(),
        Outputs.SUMMED);
  }

  @Override
  void gradients(GradientSink sink) {
    NoisyBatch noisy = noisy();
    Tape tape = Tape.recording(session);
    Variable output = learner.network().forward(tape, noisy.noisy(), conditions(noisy, batch));
    DiffusionLoss loss = new DiffusionLoss(tape, PROCESS, noisy, output.value());
    require(Double.isFinite(loss.mean()));
    tape.backward(output, loss.gradient(1f / batch), sink);
  }

  @Override
  public void close() {
    learner.close();
  }
}
