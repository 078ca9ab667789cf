package dev.autoprog.testing;

import dev.autoprog.autograd.GradientSink;
import dev.autoprog.autograd.Tape;
import dev.autoprog.autograd.Variable;
import dev.autoprog.backend.Backend;
import dev.autoprog.backend.Session;
import dev.autoprog.diffusion.DiffusionLoss;
import dev.autoprog.diffusion.DiffusionProcess;
import dev.autoprog.diffusion.NoiseSchedule;
import dev.autoprog.diffusion.NoisyBatch;
import dev.autoprog.diffusion.Prediction;
import dev.autoprog.diffusion.Variance;
import dev.autoprog.metric.NeuralTangentKernel;
import dev.autoprog.metric.NeuralTangentKernel.Outputs;
import dev.autoprog.metric.ZiCo;
import dev.autoprog.model.Conditions;
import dev.autoprog.model.DiffusionTransformer;
import dev.autoprog.model.DitConfig;
import dev.autoprog.model.VisionTransformer;
import dev.autoprog.model.VitConfig;
import dev.autoprog.nn.CrossEntropy;
import dev.autoprog.nn.Parameter;
import dev.autoprog.nn.ParameterSet;
import dev.autoprog.nn.Precision;
import dev.autoprog.optim.AdamW;
import dev.autoprog.tensor.DType;
import dev.autoprog.tensor.Shape;
import dev.autoprog.tensor.Tensor;
import dev.autoprog.train.Learner;
import dev.autoprog.train.RunConfig;
import dev.autoprog.train.diffusion.DiffusionLearner;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.DoubleStream;

/**
 * Times whole networks where there is neither JMH nor libtorch: a training step, the neural tangent
 * kernel, ZiCo. Random weights and inputs, bfloat16, one batch again and again; each time ends when
 * its result is on the host. Another program, which knows the peers, reads what is printed.
 */
public final class NetworkTimes {
  private static final long SEED = 1;
  private static final double LEARNING_RATE = 1e-4;
  private static final double SMOOTHING = 0.1;
  private static final int ZICO_BATCHES = 2;
  private static final int WARM_UPS = 5;

  private NetworkTimes() {}

  /**
   * Prints a JSON object: {@code milliseconds}, of each run, {@code bytes}, that the session holds
   * at the end, and {@code backend}.
   *
   * @param args step, ntk or zico; vit-s (DeiT-S/16 at 224), dit-s or dit-xl (DiT-S/2 and DiT-XL/2,
   *     without a variance), vit-s-mini or dit-s-mini; the batch; how many runs; a backend
   */
  public static void main(String[] args) {
    if (args.length != 5) {
      System.err.println(
          "NetworkTimes: %d arguments, expected work, network, batch, runs and backend"
              .formatted(args.length));
      System.exit(2);
    }
    Backend backend = Backend.named(args[4]);
    try (Session session = Session.open(backend);
        Subject subject = subject(session, args[1], Integer.parseInt(args[2]))) {
      Runnable work = work(args[0], subject);
      double[] times = milliseconds(session, work, Integer.parseInt(args[3]));
      System.out.printf(
          Locale.ROOT,
          "{\"milliseconds\": %s, \"bytes\": %d, \"backend\": \"%s\"}%n",
          Arrays.toString(times),
          session.allocatedBytes(),
          backend.name());
    }
  }

  private static double[] milliseconds(Session session, Runnable work, int runs) {
    Runnable timed =
        () -> {
          session.arena().reset();
          work.run();
        };
    for (int i = 0; i < WARM_UPS; i++) {
      timed.run();
    }
    return DoubleStream.generate(
            () -> {
              long begin = System.nanoTime();
              timed.run();
              return (System.nanoTime() - begin) * 1e-6;
            })
        .limit(runs)
        .toArray();
  }

  private static Runnable work(String name, Subject subject) {
    return switch (name) {
      case "step" -> subject::step;
      case "ntk" -> subject::tangentKernel;
      case "zico" -> subject::zico;
      default ->
          throw new IllegalArgumentException("work is " + name + ", expected step, ntk or zico");
    };
  }

  private static Subject subject(Session session, String network, int batch) {
    return switch (network) {
      case "vit-s" -> new Classifier(session, VitConfig.deitSmall(), batch);
      case "vit-s-mini" -> new Classifier(session, new VitConfig(32, 8, 3, 10, 48, 2, 3, 4), batch);
      case "dit-s" -> new Denoising(session, dit(32, 384, 12, 6, 1000), batch);
      case "dit-xl" -> new Denoising(session, dit(32, 1152, 28, 16, 1000), batch);
      case "dit-s-mini" -> new Denoising(session, dit(8, 48, 2, 3, 10), batch);
      default ->
          throw new IllegalArgumentException(
              "network is "
                  + network
                  + ", expected vit-s, vit-s-mini, dit-s, dit-xl or dit-s-mini");
    };
  }

  /** On latents of four channels, patches of two pixels. */
  private static DitConfig dit(int resolution, int width, int depth, int heads, int classes) {
    return new DitConfig(resolution, 2, 4, classes, width, depth, heads, 4, false, 0);
  }

  /** A network and its batch. */
  private abstract static class Subject implements AutoCloseable {
    final Session session;
    final int batch;
    long step;

    Subject(Session session, int batch) {
      this.session = session;
      this.batch = batch;
    }

    final Tensor images(String name, int channels, int resolution) {
      Shape shape = Shape.of(batch, channels, resolution, resolution);
      return session
          .allocate(DType.FLOAT32, shape)
          .set(RandomData.of(name).gaussian(shape.elements()));
    }

    /** Forward, backward, AdamW and moving averages. */
    abstract void step();

    /** Of the whole batch, by its summed outputs. */
    abstract void tangentKernel();

    /** Forward and backward for a loss, its gradients to {@code sink}. */
    abstract void gradients(GradientSink sink);

    final void zico() {
      try (ZiCo zico = new ZiCo(session)) {
        for (int i = 0; i < ZICO_BATCHES; i++) {
          session.arena().reset();
          gradients(zico);
        }
        if (!Double.isFinite(zico.score().total())) {
          throw new IllegalStateException("ZiCo is not finite");
        }
      }
    }

    static void require(boolean finite) {
      if (!finite) {
        throw new IllegalStateException("a step's loss is not finite");
      }
    }

    @Override
    public abstract void close();
  }

  /** A vision transformer; four moving averages. */
  private static final class Classifier extends Subject {
    private final Learner learner;
    private final Tensor images;
    private final int[] labels;

    Classifier(Session session, VitConfig config, int batch) {
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

  /** A diffusion transformer; one moving average. */
  private static final class Denoising extends Subject {
    private static final DiffusionProcess PROCESS =
        new DiffusionProcess(NoiseSchedule.linear(1000), Prediction.EPSILON, Variance.FIXED_SMALL);

    private final DiffusionLearner learner;
    private final Tensor clean;
    private final Tensor noise;
    private final int[] timesteps;
    private final int[] labels;

    Denoising(Session session, DitConfig config, int batch) {
      super(session, batch);
      DiffusionTransformer dit = DiffusionTransformer.create(session, config, Precision.BF16, SEED);
      fillZeros(dit.parameters());
      learner = new DiffusionLearner(session, dit, PROCESS, AdamW.Settings.DEFAULT, 0.9999);
      clean = images("clean", config.channels(), config.resolution());
      noise = images("noise", config.channels(), config.resolution());
      timesteps = RandomData.of("timesteps").integers(batch, 0, PROCESS.schedule().steps());
      labels = RandomData.of("labels").integers(batch, 0, config.classes());
    }

    /** Where a fresh one is zero, there would be nothing to go back for. */
    private static void fillZeros(ParameterSet parameters) {
      RandomData random = RandomData.of("weights");
      for (Parameter p : parameters.all()) {
        if (p.name().contains("adaLN_modulation") || p.name().startsWith("final_layer")) {
          p.value().set(random.uniform(p.value().elements(), -0.03, 0.03));
        }
      }
      parameters.valuesChanged();
    }

    private NoisyBatch noisy() {
      return NoisyBatch.of(session, PROCESS.schedule(), clean, noise, timesteps);
    }

    private Conditions conditions(NoisyBatch noisy, int count) {
      return Conditions.of(
          Arrays.copyOf(noisy.told(PROCESS.schedule()), count), Arrays.copyOf(labels, count));
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
              learner
                  .network()
                  .forward(tape, images, conditions(noisy, (int) images.shape().dim(0))),
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
}
