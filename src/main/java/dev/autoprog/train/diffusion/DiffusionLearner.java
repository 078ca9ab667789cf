package dev.autoprog.train.diffusion;

import dev.autoprog.autograd.GradientSink;
import dev.autoprog.autograd.Tape;
import dev.autoprog.autograd.Variable;
import dev.autoprog.backend.RepeatedCalls;
import dev.autoprog.backend.Session;
import dev.autoprog.diffusion.Denoising;
import dev.autoprog.diffusion.DiffusionLoss;
import dev.autoprog.diffusion.DiffusionProcess;
import dev.autoprog.diffusion.NoisyBatch;
import dev.autoprog.model.Conditions;
import dev.autoprog.model.DenoisingNetwork;
import dev.autoprog.nn.Parameter;
import dev.autoprog.nn.ParameterSet;
import dev.autoprog.optim.AdamW;
import dev.autoprog.optim.Ema;
import dev.autoprog.progressive.unfreeze.UnfreezingPattern;
import dev.autoprog.tensor.Shape;
import dev.autoprog.tensor.Tensor;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.BiConsumer;
import java.util.stream.Stream;

/**
 * A denoising network that learns: the network, its optimizer and the moving average of its
 * weights, as one thing that takes steps and unfreezes.
 */
public final class DiffusionLearner implements AutoCloseable {
  private final Session session;
  private final DenoisingNetwork network;
  private final DiffusionProcess process;
  private final AdamW optimizer;
  private final Ema average;
  private final GradientSink sink;

  /** Of steps: what they read and write stays where it is until other blocks are trained. */
  private final RepeatedCalls calls;

  /**
   * A learner around {@code network}, which it owns from now on.
   *
   * @param averageDecay of the moving average
   */
  public DiffusionLearner(
      Session session,
      DenoisingNetwork network,
      DiffusionProcess process,
      AdamW.Settings settings,
      double averageDecay) {
    this.session = session;
    this.network = network;
    this.process = process;
    ParameterSet parameters = network.parameters();
    this.optimizer = new AdamW(session, parameters, settings);
    this.average = new Ema(session, parameters, averageDecay, true);
    this.sink = parameters.accumulator();
    this.calls = new RepeatedCalls(session);
  }

  /** The network as it is now. */
  public DenoisingNetwork network() {
    return network;
  }

  /** What it is trained for. */
  public DiffusionProcess process() {
    return process;
  }

  /** The moving average of its weights. */
  public Ema average() {
    return average;
  }

  /**
   * What one step found.
   *
   * @param loss mean over the batch
   * @param gradientNorm global norm before clipping
   */
  public record StepResult(double loss, double gradientNorm) {
    /** Whether the numbers are finite; if not, nothing was learned. */
    public boolean isFinite() {
      return Double.isFinite(loss) && Double.isFinite(gradientNorm);
    }
  }

  /**
   * Freezes all blocks but those of a level. What it computes stays the same. Blocks that were
   * frozen before begin with an optimizer's state of their own; of frozen ones none is kept.
   *
   * @param step the next step
   */
  public void train(UnfreezingPattern pattern, int level, long step) {
    forEachFreezable(
        pattern,
        level,
        (parameter, trained) -> {
          if (!trained) {
            parameter.trainable(false);
          } else if (!parameter.requiresGradient()) {
            parameter.trainableSince(step);
          }
        });
    calls.clear();
    optimizer.fit();
    network.parameters().gradients().fitAnew();
  }

  private void fitGradients() {
    calls.clear();
    network.parameters().gradients().fitAnew();
  }

  /**
   * What lies below the blocks is trained with the first of them: nothing must go back there else.
   */
  private void forEachFreezable(
      UnfreezingPattern pattern, int level, BiConsumer<Parameter, Boolean> action) {
    int depth = network.depth();
    boolean first = pattern.trains(0, depth, level);
    network.parametersBelowBlocks().forEach(p -> action.accept(p, first));
    for (int block = 0; block < depth; block++) {
      boolean trained = pattern.trains(block, depth, level);
      network.parametersOfBlock(block).forEach(p -> action.accept(p, trained));
    }
  }

  /**
   * Runs {@code body} while the blocks of a level are trained and all others frozen, then puts
   * everything back.
   */
  <X extends Exception> void asIf(UnfreezingPattern pattern, int level, Body<X> body) throws X {
    Map<Parameter, Boolean> before = new LinkedHashMap<>();
    network.parameters().all().forEach(p -> before.put(p, p.requiresGradient()));
    forEachFreezable(pattern, level, Parameter::trainable);
    fitGradients();
    try {
      body.run();
    } finally {
      before.forEach(Parameter::trainable);
      fitGradients();
    }
  }

  /** What is done while something is frozen. */
  interface Body<X extends Exception> {
    void run() throws X;
  }

  /** How many numbers are trained now. */
  long trainable() {
    return network.parameters().all().stream()
        .filter(Parameter::requiresGradient)
        .mapToLong(p -> p.shape().elements())
        .sum();
  }

  /** One step: forward, backward, update. */
  public StepResult step(NoisyBatch batch, Conditions conditions, long step, double learningRate) {
    return begin(batch, conditions, step, learningRate).await();
  }

  /** A step whose kernels are called, whether they have run or not. */
  public static final class Begun {
    private final Denoising task;
    private final AdamW optimizer;

    private Begun(Denoising task, AdamW optimizer) {
      this.task = task;
      this.optimizer = optimizer;
    }

    /** Waits for what it found; to be asked before the step's arena is reset, or another begins. */
    public StepResult await() {
      return new StepResult(task.mean(), optimizer.norm());
    }
  }

  /** {@link #step}, not awaited. */
  Begun begin(NoisyBatch batch, Conditions conditions, long step, double learningRate) {
    optimizer.prepare(step, learningRate, List.of(average));
    return new Begun(learn(batch, conditions, true), optimizer);
  }

  /** Forward and backward, as a step costs it; the loss. Nothing is learned. */
  double rehearse(NoisyBatch batch, Conditions conditions) {
    return learn(batch, conditions, false).mean();
  }

  /**
   * Forward and backward, and the update that is prepared, by one sequence of kernel calls that
   * nothing interrupts: a loss or a gradient that is not finite changes nothing, and shows in what
   * is read afterwards.
   */
  private Denoising learn(NoisyBatch batch, Conditions conditions, boolean updates) {
    Denoising task = new Denoising(session, process, batch);
    Conditions placed = conditions.on(session);
    Signature signature =
        new Signature(
            Stream.of(batch.clean(), batch.noise(), batch.noisy(), conditions.context())
                .filter(Objects::nonNull)
                .map(Tensor::address)
                .toList(),
            batch.noisy().shape(),
            updates,
            network.parameters().trainableRanges());
    calls.run(
        signature,
        () -> {
          network.parameters().clearGradients();
          gradients(task, batch, placed, sink);
          if (updates) {
            optimizer.update(List.of(average));
          }
        });
    return task;
  }

  /** What the calls depend on. */
  private record Signature(
      List<Long> read, Shape shape, boolean updates, List<ParameterSet.Range> trained) {}

  /** Forward and backward, the gradients to {@code into}; the loss. Nothing is learned. */
  double gradients(NoisyBatch batch, Conditions conditions, GradientSink into) {
    Denoising task = new Denoising(session, process, batch);
    gradients(task, batch, conditions, into);
    return task.mean();
  }

  private void gradients(
      Denoising task, NoisyBatch batch, Conditions conditions, GradientSink into) {
    Tape tape = Tape.recording(session);
    Variable output = network.forward(tape, batch.noisy(), conditions);
    DiffusionLoss loss = new DiffusionLoss(tape, task, output.value());
    tape.backward(output, loss.gradient(1f / batch.timesteps().length), into);
  }

  /** The mean squared error of the averaged weights' prediction, without learning. */
  public double averagesError(NoisyBatch batch, Conditions conditions) {
    return network
        .parameters()
        .reading(
            average.values(),
            () -> {
              Tape tape = Tape.inference(session);
              Variable output = network.forward(tape, batch.noisy(), conditions);
              return new DiffusionLoss(tape, process, batch, output.value()).error();
            });
  }

  /** How many sequences of kernel calls the device makes as one by now. */
  long captured() {
    return calls.captured();
  }

  /** The weights by name. */
  Map<String, Tensor> weights() {
    return network.parameters().placesIn(network.parameters().values());
  }

  /** The optimizer's moments of what is trained, and the average, by kind and parameter name. */
  Map<String, Tensor> state() {
    Map<String, Tensor> state = new LinkedHashMap<>();
    put(state, "first_moment.", optimizer.firstMoments().places());
    put(state, "second_moment.", optimizer.secondMoments().places());
    put(state, "average.", network.parameters().placesIn(average.values()));
    return state;
  }

  private static void put(Map<String, Tensor> state, String prefix, Map<String, Tensor> places) {
    places.forEach((name, place) -> state.put(prefix + name, place));
  }

  @Override
  public void close() {
    calls.close();
    average.close();
    optimizer.close();
    network.close();
  }
}
