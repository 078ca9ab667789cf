package dev.autoprog.train.diffusion;

import dev.autoprog.InputException;
import dev.autoprog.data.Augmentation;
import dev.autoprog.data.Batch;
import dev.autoprog.data.BatchCursor;
import dev.autoprog.data.BatchLoader;
import dev.autoprog.metric.NeuralTangentKernel;
import dev.autoprog.metric.NeuralTangentKernel.Outputs;
import dev.autoprog.metric.NtkCondition;
import dev.autoprog.metric.ZiCo;
import dev.autoprog.model.Conditions;
import dev.autoprog.progressive.search.Measurable;
import dev.autoprog.progressive.search.Searchable.Cost;
import dev.autoprog.progressive.unfreeze.Unfreezing;
import dev.autoprog.train.Measures;
import dev.autoprog.train.diffusion.DiffusionBatches.Step;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Judges what a stage of fine-tuning may train, on the network as it is and the same few training
 * images, without training it.
 */
final class UnfreezingScorer implements Measurable<Unfreezing, InputException>, AutoCloseable {
  private final DiffusionSetup setup;
  private final DiffusionLearner learner;
  private final DiffusionBatches batches;
  private final DiffusionConfig.Search settings;
  private final Map<Integer, BatchLoader> loaders = new HashMap<>();
  private final int stage;

  /**
   * A scorer of one stage's candidates.
   *
   * @throws InputException if there are too few images
   */
  UnfreezingScorer(
      DiffusionSetup setup, DiffusionLearner learner, DiffusionBatches batches, int stage)
      throws InputException {
    this.setup = setup;
    this.learner = learner;
    this.batches = batches;
    this.settings = setup.config().progressive().search();
    this.stage = stage;
    long needed = (long) settings.samples() * settings.batches();
    int there = setup.data().train().size();
    if (there < needed) {
      throw new InputException(
          "progressive.search",
          settings.batches() + " batches of " + settings.samples(),
          "at most " + there + " images, as many as there are",
          "Ask for fewer samples or batches.");
    }
  }

  private BatchLoader loader(int side) throws InputException {
    BatchLoader loader = loaders.get(side);
    if (loader == null) {
      loader =
          new BatchLoader(
              setup.data().train(side),
              settings.samples(),
              setup.config().seed(),
              setup.session().threads());
      loaders.put(side, loader);
    }
    return loader;
  }

  private interface Use {
    void of(Step step) throws InputException;
  }

  /** The same batches and noise for every candidate and measure. */
  private void eachBatch(Unfreezing candidate, Use use) throws InputException {
    try (BatchCursor cursor =
        loader(candidate.resolution()).epoch(-1 - stage, 0, Augmentation.NONE)) {
      for (int i = 0; i < settings.batches(); i++) {
        try (Batch batch = cursor.next()) {
          use.of(batches.judging(batch, candidate.resolution(), -1 - stage, stage));
        }
      }
    }
  }

  /** Runs {@code body} while what the candidate trains is trained. */
  private <X extends Exception> void as(Unfreezing candidate, DiffusionLearner.Body<X> body)
      throws X {
    learner.asIf(setup.config().progressive().pattern(), candidate.level(), body);
  }

  /** The least of the steps, after some to warm up: forward and backward. */
  @Override
  public double stepSeconds(Unfreezing candidate) throws InputException {
    List<Double> seconds = new ArrayList<>();
    as(
        candidate,
        () -> {
          while (!Measures.isEnough(seconds, settings.steps())) {
            eachBatch(
                candidate,
                step -> {
                  long begin = System.nanoTime();
                  learner.rehearse(step.noisy(), step.conditions());
                  seconds.add((System.nanoTime() - begin) * 1e-9);
                });
          }
        });
    return Measures.seconds(seconds);
  }

  /** The mean condition number over the batches; of one that has none, why. */
  @Override
  public Trainability trainability(Unfreezing candidate) throws InputException {
    List<NtkCondition> found = new ArrayList<>();
    as(candidate, () -> eachBatch(candidate, step -> found.add(conditionOf(step))));
    return Measures.trainability(found, settings.samples());
  }

  private NtkCondition conditionOf(Step step) {
    return NeuralTangentKernel.of(
            setup.session(),
            (tape, noisy) ->
                learner
                    .network()
                    .forward(tape, noisy, firstOf(step.conditions(), (int) noisy.shape().dim(0))),
            step.noisy().noisy(),
            Outputs.SUMMED)
        .condition();
  }

  private static Conditions firstOf(Conditions all, int count) {
    return new Conditions(
        Arrays.copyOf(all.timesteps(), count),
        Arrays.copyOf(all.labels(), count),
        all.stages() == null ? null : Arrays.copyOf(all.stages(), count),
        null);
  }

  @Override
  public double zico(Unfreezing candidate) throws InputException {
    try (ZiCo zico = new ZiCo(setup.session())) {
      as(
          candidate,
          () ->
              eachBatch(
                  candidate, step -> learner.gradients(step.noisy(), step.conditions(), zico)));
      return zico.score().total();
    }
  }

  /** What is trained, and the forward pass's operations. */
  @Override
  public Cost cost(Unfreezing candidate) {
    long[] trained = new long[1];
    as(candidate, () -> trained[0] = learner.trainable());
    return new Cost(trained[0], learner.network().flops(candidate.resolution()));
  }

  @Override
  public void close() {
    loaders.values().forEach(BatchLoader::close);
  }
}
