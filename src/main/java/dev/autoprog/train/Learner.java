package dev.autoprog.train;

import dev.autoprog.autograd.Tape;
import dev.autoprog.autograd.Variable;
import dev.autoprog.backend.Session;
import dev.autoprog.model.VisionTransformer;
import dev.autoprog.model.VitConfig;
import dev.autoprog.nn.Classification;
import dev.autoprog.nn.CrossEntropy;
import dev.autoprog.nn.Parameter;
import dev.autoprog.nn.ParameterSet;
import dev.autoprog.nn.StochasticDepth;
import dev.autoprog.nn.Targets;
import dev.autoprog.optim.AdamW;
import dev.autoprog.optim.Ema;
import dev.autoprog.progressive.growth.Growable;
import dev.autoprog.progressive.growth.GrowthMap;
import dev.autoprog.tensor.DeviceMemoryException;
import dev.autoprog.tensor.Tensor;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * A vision transformer that learns: the network, its optimizer and the moving averages of its
 * weights, as one thing that takes steps and grows.
 */
public final class Learner implements Growable, AutoCloseable {
  /** Keeps the draws of stochastic depth apart from all others. */
  private static final long STOCHASTIC_DEPTH_STREAM = 0x5D;

  private final Session session;
  private final long seed;
  private final AdamW.Settings settings;
  private final RunConfig.Averages averagesConfig;
  private final RunConfig.Moments grownMoments;
  private VisionTransformer model;
  private AdamW optimizer;
  private List<Ema> averages;
  private LearningCalls calls;
  private LearnerMark mark;
  private long steps; // updates so far

  /**
   * A learner around {@code model}, which it owns from now on.
   *
   * @throws DeviceMemoryException if there is no room for what learning takes; the model is then
   *     closed
   */
  public Learner(
      Session session,
      VisionTransformer model,
      AdamW.Settings settings,
      RunConfig.Averages averagesConfig,
      RunConfig.Moments grownMoments,
      long seed) {
    this.session = session;
    this.settings = settings;
    this.averagesConfig = averagesConfig;
    this.grownMoments = grownMoments;
    this.seed = seed;
    adopt(model);
  }

  /** Becomes this network; or, without room for what learning it takes, closes it and stays. */
  private void adopt(VisionTransformer network) {
    ParameterSet parameters = network.parameters();
    AdamW newOptimizer = new AdamW(session, parameters, settings);
    List<Ema> newAverages = new ArrayList<>();
    try {
      for (double decay : averagesConfig.decays()) {
        newAverages.add(new Ema(session, parameters, decay, averagesConfig.warmup()));
      }
      // asked for here, so that a network that does not fit is refused before it has taken a step
      parameters.gradients().values();
      newOptimizer.firstMoments().values();
      newOptimizer.secondMoments().values();
    } catch (RuntimeException e) {
      newAverages.forEach(Ema::close);
      newOptimizer.close();
      network.close();
      throw e;
    }
    model = network;
    optimizer = newOptimizer;
    averages = newAverages;
    calls = new LearningCalls(session, model, optimizer, averages);
  }

  /** The network as it is now. */
  public VisionTransformer model() {
    return model;
  }

  @Override
  public int depth() {
    return model.config().depth();
  }

  /**
   * What one step found.
   *
   * @param loss mean over the batch
   * @param correct how many images were classified rightly
   * @param gradientNorm global norm before clipping
   */
  public record StepResult(double loss, int correct, double gradientNorm) {
    /** Whether the numbers are finite; if not, nothing was learned. */
    public boolean isFinite() {
      return Double.isFinite(loss) && Double.isFinite(gradientNorm);
    }
  }

  /**
   * What the network says of a batch.
   *
   * @param loss mean over the batch, nothing smoothed
   * @param correct how many images were classified rightly
   */
  public record Evaluation(double loss, int correct) {}

  /** A step whose kernels are called, whether they have run or not. */
  public static final class Begun {
    private final Classification batch;
    private final AdamW optimizer;

    private Begun(Classification batch, AdamW optimizer) {
      this.batch = batch;
      this.optimizer = optimizer;
    }

    /** Waits for what it found; to be asked before the step's arena is reset, or another begins. */
    public StepResult await() {
      return new StepResult(batch.mean(), batch.correct(), optimizer.norm());
    }
  }

  /** {@link #step(Tensor, Targets, double, double, long, double)} on images of one class each. */
  public StepResult step(
      Tensor images,
      int[] labels,
      double labelSmoothing,
      double dropRate,
      long step,
      double learningRate) {
    return step(images, Targets.of(labels), labelSmoothing, dropRate, step, learningRate);
  }

  /** A step of the whole network. */
  public StepResult step(
      Tensor images,
      Targets targets,
      double labelSmoothing,
      double dropRate,
      long step,
      double learningRate) {
    BlockPath all = BlockPath.of(model.allBlocks());
    return step(all, images, targets, labelSmoothing, dropRate, step, learningRate);
  }

  /**
   * One step of a sub-network: forward, backward, update. Blocks that it passes by stay as they
   * are, with their averages and the optimizer's state.
   *
   * @param path the blocks that it runs through
   * @param images (B, channels, R, R), normalised, in the step's arena or longer-lived
   * @param targets of B samples
   * @param step counts from 0
   * @param dropRate stochastic depth of the last block
   */
  StepResult step(
      BlockPath path,
      Tensor images,
      Targets targets,
      double labelSmoothing,
      double dropRate,
      long step,
      double learningRate) {
    return begin(path, images, targets, labelSmoothing, dropRate, step, learningRate).await();
  }

  /** {@link #step(BlockPath, Tensor, Targets, double, double, long, double)}, not awaited. */
  Begun begin(
      BlockPath path,
      Tensor images,
      Targets targets,
      double labelSmoothing,
      double dropRate,
      long step,
      double learningRate) {
    StochasticDepth depth =
        new StochasticDepth(dropRate, path.blocks().size(), seed ^ STOCHASTIC_DEPTH_STREAM, step);
    List<Parameter> passedBy = freezeAllBut(path.blocks());
    try {
      optimizer.prepare(step, learningRate, averages);
      return new Begun(calls.update(path, images, targets, labelSmoothing, depth), optimizer);
    } finally {
      steps = step + 1;
      for (Parameter parameter : passedBy) {
        parameter.trainable(true);
        parameter.missedUpdates(parameter.missedUpdates() + 1);
      }
    }
  }

  /** Freezes what is trained of the other blocks, and returns that. */
  private List<Parameter> freezeAllBut(List<Integer> blocks) {
    List<Parameter> frozen = new ArrayList<>();
    for (int block = 0; block < depth(); block++) {
      if (!blocks.contains(block)) {
        model.parametersOfBlock(block).stream()
            .filter(Parameter::requiresGradient)
            .forEach(frozen::add);
      }
    }
    frozen.forEach(parameter -> parameter.trainable(false));
    return frozen;
  }

  /**
   * Forward and backward of a sub-network, without an update: what a step costs. Nothing is
   * learned.
   */
  void rehearse(BlockPath path, Tensor images, Targets targets, double labelSmoothing) {
    calls.gradients(path, images, targets, labelSmoothing).mean();
  }

  /** The whole network's answer, without learning: every branch is kept, nothing is smoothed. */
  public Evaluation evaluate(Tensor images, int[] labels) {
    CrossEntropy loss = answer(BlockPath.of(model.allBlocks()), images, Targets.of(labels), 0);
    return new Evaluation(loss.mean(), loss.correct());
  }

  /** The mean loss of a sub-network, without learning: every branch is kept. */
  double loss(BlockPath path, Tensor images, Targets targets, double labelSmoothing) {
    return answer(path, images, targets, labelSmoothing).mean();
  }

  private CrossEntropy answer(
      BlockPath path, Tensor images, Targets targets, double labelSmoothing) {
    Tape tape = Tape.inference(session);
    Variable logits = logits(tape, path, images, StochasticDepth.NONE);
    return new CrossEntropy(tape, logits.value(), targets, labelSmoothing);
  }

  /** The logits of a sub-network. */
  Variable logits(Tape tape, BlockPath path, Tensor images, StochasticDepth depth) {
    return model.forward(tape, images, depth.withStrengths(path.strengths()), path.blocks());
  }

  /** Notes everything that steps change, for {@link #rewind}. */
  void mark() {
    forgetMark();
    mark = new LearnerMark(session, learnedBuffers(), counts());
  }

  /** Becomes again what it was at {@link #mark}, of which it must have the depth. */
  void rewind() {
    mark.restore(learnedBuffers());
    model.parameters().valuesChanged();
    restore(mark.counts());
    forgetMark();
  }

  /** Whether there is something to return to. */
  boolean isMarked() {
    return mark != null;
  }

  private void forgetMark() {
    if (mark != null) {
      mark.close();
      mark = null;
    }
  }

  /** Weights, moments and averages. */
  private Map<String, Tensor> learnedBuffers() {
    Map<String, Tensor> buffers = new LinkedHashMap<>();
    buffers.put("weight", model.parameters().values());
    buffers.put("first_moment", optimizer.firstMoments().values());
    buffers.put("second_moment", optimizer.secondMoments().values());
    for (int i = 0; i < averages.size(); i++) {
      buffers.put("average." + i, averages.get(i).values());
    }
    return buffers;
  }

  /** The moving averages, slowest last. */
  public List<Ema> averages() {
    return averages.stream().sorted(Comparator.comparingDouble(Ema::decay)).toList();
  }

  @Override
  public void grow(GrowthMap map) {
    if (map.from() != depth()) {
      throw new IllegalArgumentException(
          "a map from " + map.from() + " blocks for a network of " + depth());
    }
    boolean momentum = map.weights() == GrowthMap.Weights.MOMENTUM;
    if (momentum && averages.isEmpty()) {
      throw new IllegalArgumentException(
          "a map of a moving average's weights for a learner that keeps none; give it a decay, or"
              + " grow by another operator");
    }
    Tensor weights =
        momentum ? averages().get(averages.size() - 1).values() : model.parameters().values();
    List<Double> strengths = IntStream.range(0, map.to()).mapToObj(map::strength).toList();
    become(map.blocks(), strengths, weights, grownMoments);
  }

  /**
   * Becomes the sub-network of some of its blocks; everything outside the blocks, the moving
   * averages and the optimizer's state go along.
   *
   * @param path the blocks that stay
   */
  void keep(BlockPath path) {
    become(
        path.blocks().stream()
            .map(block -> new GrowthMap.Block(block, GrowthMap.Kind.COPY))
            .toList(),
        path.strengths(),
        model.parameters().values(),
        RunConfig.Moments.COPY);
  }

  private void become(
      List<GrowthMap.Block> blocks,
      List<Double> strengths,
      Tensor weights,
      RunConfig.Moments momentsOfCopies) {
    VisionTransformer before = model;
    AdamW optimizerBefore = optimizer;
    List<Ema> averagesBefore = averages;
    calls.close();
    // the depth takes part in the seed, so that fresh blocks differ from growth to growth
    VitConfig config = before.config().withDepth(blocks.size());
    adopt(VisionTransformer.create(session, config, before.precision(), seed + blocks.size()));
    model.recomputeBlocks(before.recomputesBlocks());
    BlockTransfer transfer =
        new BlockTransfer(
            session.kernels(), before.parameters(), model.parameters(), blocks, strengths);
    transfer.weights(weights, model.parameters().values());
    for (int i = 0; i < averages.size(); i++) {
      // adopt began each average with the fresh weights, which is what fresh blocks keep
      transfer.weights(averagesBefore.get(i).values(), averages.get(i).values());
    }
    transfer.moments(
        optimizerBefore.firstMoments().values(),
        optimizer.firstMoments().values(),
        momentsOfCopies);
    transfer.moments(
        optimizerBefore.secondMoments().values(),
        optimizer.secondMoments().values(),
        momentsOfCopies);
    transfer.updateCounts(steps, momentsOfCopies);
    model.parameters().valuesChanged();

    averagesBefore.forEach(Ema::close);
    optimizerBefore.close();
    before.close();
  }

  /** How many sequences of kernel calls the device makes as one by now. */
  long captured() {
    return calls.captured();
  }

  /** The weights by name, as timm names them. */
  Map<String, Tensor> weights() {
    return model.parameters().placesIn(model.parameters().values());
  }

  /** How often everything was updated. */
  UpdateCounts counts() {
    return UpdateCounts.of(steps, model.parameters());
  }

  /** The same of what was marked; null if nothing is. */
  UpdateCounts markedCounts() {
    return isMarked() ? mark.counts() : null;
  }

  /**
   * Takes over the counts that belong to weights and state.
   *
   * @param marked of what is marked; null if nothing is
   */
  void restore(UpdateCounts counts, UpdateCounts marked) {
    restore(counts);
    if (marked != null) {
      mark.counts(marked);
    }
  }

  private void restore(UpdateCounts counts) {
    steps = counts.steps();
    counts.restore(model.parameters());
  }

  /** The optimizer's moments, the averages and what was marked, by kind and parameter name. */
  Map<String, Tensor> state() {
    Map<String, Tensor> state = new LinkedHashMap<>();
    Map<String, Tensor> buffers = learnedBuffers();
    buffers.remove("weight");
    buffers.forEach((kind, buffer) -> put(state, kind + ".", buffer));
    if (mark != null) {
      mark.buffers().forEach((kind, buffer) -> put(state, "mark." + kind + ".", buffer));
    }
    return state;
  }

  private void put(Map<String, Tensor> state, String prefix, Tensor buffer) {
    model.parameters().placesIn(buffer).forEach((name, place) -> state.put(prefix + name, place));
  }

  @Override
  public void close() {
    calls.close();
    forgetMark();
    averages.forEach(Ema::close);
    optimizer.close();
    model.close();
  }
}
