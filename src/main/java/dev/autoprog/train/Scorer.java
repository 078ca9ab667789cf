package dev.autoprog.train;

import dev.autoprog.Counted;
import dev.autoprog.InputException;
import dev.autoprog.autograd.GradientSink;
import dev.autoprog.autograd.Tape;
import dev.autoprog.autograd.Variable;
import dev.autoprog.backend.Session;
import dev.autoprog.data.Augmentation;
import dev.autoprog.data.Batch;
import dev.autoprog.data.BatchCursor;
import dev.autoprog.data.BatchLoader;
import dev.autoprog.data.DataSplit;
import dev.autoprog.metric.NeuralTangentKernel;
import dev.autoprog.metric.NeuralTangentKernel.Outputs;
import dev.autoprog.metric.ZiCo;
import dev.autoprog.model.VisionTransformer;
import dev.autoprog.nn.CrossEntropy;
import dev.autoprog.progressive.search.Candidate;
import dev.autoprog.progressive.search.Measurable;
import dev.autoprog.progressive.search.Searchable.Cost;
import dev.autoprog.tensor.Tensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Judges vision transformers of several sizes on a configuration's images without training them:
 * each with fresh weights of the configuration's seed, on the same few training images, as they
 * are.
 */
public final class Scorer implements Measurable<Candidate, InputException>, AutoCloseable {
  private final RunSetup setup;
  private final Settings settings;
  private final ImageFeeder feeder;
  private final BatchLoader loader;
  private final Map<Candidate, List<NeuralTangentKernel>> kernels = new LinkedHashMap<>();
  private Learner learner;

  /**
   * On how many images a network is judged.
   *
   * @param samples of a batch, at least 2
   * @param batches whose kernels and gradients are looked at, at least 2
   * @param steps that are timed, at least
   */
  public record Settings(int samples, int batches, int steps) {
    /** The fewest samples of a batch, and the fewest batches, that can be compared. */
    public static final int LEAST = 2;

    /** AutoProg-Zero's (Li et al. 2024). */
    public static final Settings DEFAULT = new Settings(16, 2, 6);

    /** Checks that there is enough for each measure. */
    public Settings {
      if (Math.min(samples, batches) < LEAST || steps < 1) {
        throw new IllegalArgumentException(
            "%s, %s and %s; expected at least %d, %d and 1"
                .formatted(
                    Counted.of(samples, "sample"),
                    Counted.of(batches, "batch"),
                    Counted.of(steps, "step"),
                    LEAST,
                    LEAST));
      }
    }
  }

  /**
   * A scorer.
   *
   * @throws InputException if the configuration does not fit the images, or these are too few
   */
  public Scorer(Session session, RunConfig config, DataSplit data, Settings settings)
      throws InputException {
    long needed = (long) settings.samples() * settings.batches();
    if (data.train().size() < needed) {
      throw new InputException(
          "samples",
          Counted.of(settings.batches(), "batch") + " of " + settings.samples(),
          "at most " + data.train().size() + " images, as many as there are",
          "Ask for fewer samples or batches.");
    }
    this.settings = settings;
    setup = RunSetup.of(session, config, data);
    feeder = new ImageFeeder(session, data.train(), setup.statistics());
    loader = new BatchLoader(data.train(), settings.samples(), config.seed(), session.threads());
  }

  private interface Use {
    void of(Tensor images, int[] labels) throws InputException;
  }

  /** The same batches for every candidate and measure, each in an arena that is otherwise empty. */
  private void eachBatch(Candidate candidate, Use use) throws InputException {
    try (BatchCursor batches = loader.epoch(0, 0, Augmentation.NONE)) {
      for (int i = 0; i < settings.batches(); i++) {
        try (Batch batch = batches.next()) {
          setup.session().arena().reset();
          use.of(feeder.images(batch, candidate.resolution()), batch.labels());
        }
      }
    }
  }

  /** The candidate's network; one at a time is there. */
  private VisionTransformer network(Candidate candidate) throws InputException {
    if (learner == null || learner.depth() != candidate.depth()) {
      closeLearner();
      learner = setup.newLearner(candidate.depth());
    }
    return learner.model();
  }

  private void backward(VisionTransformer network, Tensor images, int[] labels, GradientSink sink) {
    Tape tape = Tape.recording(setup.session());
    Variable logits = network.forward(tape, images);
    double smoothing = setup.config().regularization().labelSmoothing();
    CrossEntropy loss = new CrossEntropy(tape, logits.value(), labels, smoothing);
    tape.backward(logits, loss.gradient(1f / labels.length), sink);
  }

  /** The least of the steps, after some to warm up: forward and backward. */
  @Override
  public double stepSeconds(Candidate candidate) throws InputException {
    VisionTransformer network = network(candidate);
    List<Double> seconds = new ArrayList<>();
    while (!Measures.isEnough(seconds, settings.steps())) {
      eachBatch(
          candidate,
          (images, labels) -> {
            long begin = System.nanoTime();
            network.parameters().clearGradients();
            backward(network, images, labels, network.parameters().accumulator());
            seconds.add((System.nanoTime() - begin) * 1e-9);
          });
    }
    return Measures.seconds(seconds);
  }

  /** The mean condition number over the batches; of one that has none, why. */
  @Override
  public Trainability trainability(Candidate candidate) throws InputException {
    VisionTransformer network = network(candidate);
    List<NeuralTangentKernel> found = new ArrayList<>();
    eachBatch(
        candidate,
        (images, labels) ->
            found.add(
                NeuralTangentKernel.of(setup.session(), network::forward, images, Outputs.SUMMED)));
    kernels.put(candidate, found);
    return Measures.trainability(
        found.stream().map(NeuralTangentKernel::condition).toList(), settings.samples());
  }

  @Override
  public double zico(Candidate candidate) throws InputException {
    VisionTransformer network = network(candidate);
    try (ZiCo zico = new ZiCo(setup.session())) {
      eachBatch(candidate, (images, labels) -> backward(network, images, labels, zico));
      return zico.score().total();
    }
  }

  @Override
  public Cost cost(Candidate candidate) {
    var config = setup.plan().model().withDepth(candidate.depth());
    return new Cost(config.parameters(), config.flops(candidate.resolution()));
  }

  /** The kernels that {@link #trainability} has measured, by candidate, one for each batch. */
  public Map<Candidate, List<NeuralTangentKernel>> kernels() {
    return Map.copyOf(kernels);
  }

  private void closeLearner() {
    if (learner != null) {
      learner.close();
      learner = null;
    }
  }

  @Override
  public void close() {
    closeLearner();
    loader.close();
    feeder.close();
  }
}
