package dev.autoprog.train;

import dev.autoprog.InputException;
import dev.autoprog.data.Batch;
import dev.autoprog.data.BatchCursor;
import dev.autoprog.model.VisionTransformer;
import dev.autoprog.nn.Parameter;
import dev.autoprog.nn.Targets;
import dev.autoprog.progressive.growth.GrowthMap;
import dev.autoprog.progressive.growth.Stage;
import dev.autoprog.progressive.growth.Strength;
import dev.autoprog.progressive.search.Candidate;
import dev.autoprog.progressive.search.OneShotSearch;
import dev.autoprog.progressive.search.SearchDecision;
import dev.autoprog.progressive.search.SearchProgress;
import dev.autoprog.progressive.search.SearchSpace;
import dev.autoprog.progressive.search.Searchable;
import dev.autoprog.progressive.search.SubNetwork;
import dev.autoprog.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The search of a stage's network on the run's own learner and batches. Its training steps are
 * steps of the run, unless the learner is to return to its mark; the candidates' losses are those
 * of the fastest moving average, on the same batches each time, mixed with nothing.
 */
final class StageSearch implements Searchable<Exception> {
  private final TrainingLoop loop;
  private final Progress progress;
  private final Learner learner;
  private final Stage planned;
  private final Strength strength;
  private final TrainingListener listener;
  private final StepTimer timer;
  private final SearchSpace space;
  private BatchCursor batches;

  /**
   * The search of a stage.
   *
   * @param planned the stage as the manual schedule has it
   */
  StageSearch(TrainingLoop loop, Stage planned, TrainingListener listener, StepTimer timer) {
    this.loop = loop;
    this.progress = loop.progress();
    this.learner = loop.learner();
    this.planned = planned;
    this.listener = listener;
    this.timer = timer;
    RunPlan plan = loop.setup().plan();
    this.strength = plan.schedule().last().strength();
    List<StageReport> finished = progress.finished;
    StageReport last = finished.isEmpty() ? null : finished.get(finished.size() - 1);
    this.space =
        plan.searchSpace(
            planned, last == null ? null : new Candidate(last.resolution(), last.depth()));
  }

  /** Searches, or goes on with it; nothing if it was asked to stop meanwhile. */
  Optional<SearchDecision> decide() throws InputException, TrainingException {
    if (progress.decision == null) {
      search();
    }
    return Optional.ofNullable(progress.decision);
  }

  private void search() throws InputException, TrainingException {
    RunConfig config = loop.setup().config();
    RunConfig.Search wanted = config.progressive().search();
    OneShotSearch search =
        new OneShotSearch(
            space,
            config.progressive().operator(),
            new OneShotSearch.Settings(
                wanted.epochs(),
                wanted.batches(),
                wanted.probes(),
                wanted.leastTimeWeight(),
                wanted.inherit(),
                config.seed()));
    listener.searchStarted(planned, space);
    try {
      Optional<SearchDecision> decision =
          progress.search == null ? search.run(this) : search.resume(this, progress.search);
      if (decision.isPresent()) {
        progress.decision = decision.get();
        progress.search = null;
        listener.searched(decision.get().winner().in(planned), decision.get());
      }
    } catch (Stopped e) {
      // the progress is that of the last call of goOn
    } catch (NoRoom e) {
      throw e.refusal;
    } catch (InputException | TrainingException | RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new IllegalStateException(e); // nothing below throws another
    } finally {
      closeBatches();
    }
  }

  /** It was asked to stop where a step cannot say so. */
  private static final class Stopped extends Exception {
    private static final long serialVersionUID = 1;
  }

  /** Carries out of {@link #grow}, which throws nothing checked, why there is no room. */
  private static final class NoRoom extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final transient InputException refusal;

    NoRoom(InputException refusal) {
      super(refusal);
      this.refusal = refusal;
    }
  }

  @Override
  public int depth() {
    return learner.depth();
  }

  @Override
  public void grow(GrowthMap map) {
    long begin = System.nanoTime();
    try {
      loop.setup().grow(learner, map);
    } catch (InputException e) {
      throw new NoRoom(e);
    }
    progress.depth = learner.depth();
    addSeconds(begin);
  }

  @Override
  public long stepsPerEpoch() {
    return loop.setup().plan().stepsPerEpoch();
  }

  @Override
  public void step(SubNetwork network) throws InputException, TrainingException, Stopped {
    if (learner.isMarked()) {
      stepBeside(network);
      return;
    }
    if (progress.batch == stepsPerEpoch()) {
      endEpoch();
    }
    if (batches == null) {
      batches = loop.batches(progress.epoch, progress.batch, strength);
    }
    loop.step(batches, stage(network.candidate()), BlockPath.of(network));
  }

  @Override
  public void mark() throws InputException {
    long begin = System.nanoTime();
    loop.setup().mark(learner);
    addSeconds(begin);
  }

  @Override
  public void rewind() {
    long begin = System.nanoTime();
    learner.rewind();
    closeBatches();
    addSeconds(begin);
  }

  /** On the batches that the run takes next. */
  private void stepBeside(SubNetwork network) throws InputException, TrainingException {
    long begin = System.nanoTime();
    long ahead = progress.batch + progress.search.steps();
    int epoch = Math.toIntExact(progress.epoch + ahead / stepsPerEpoch());
    int batch = Math.toIntExact(ahead % stepsPerEpoch());
    if (batch == 0) {
      closeBatches();
    }
    if (batches == null) {
      batches = loop.batches(epoch, batch, strength);
    }
    loop.stepBeside(
        batches,
        stage(network.candidate()),
        BlockPath.of(network),
        epoch,
        progress.step + progress.search.steps());
    addSeconds(begin);
  }

  /** The supernet is evaluated, as any network at the end of an epoch. */
  private void endEpoch() throws InputException, Stopped {
    closeBatches();
    int resolution =
        space.candidates().stream().mapToInt(Candidate::resolution).max().orElseThrow();
    if (!loop.evaluate(stage(new Candidate(resolution, learner.depth())))) {
      throw new Stopped();
    }
  }

  private Stage stage(Candidate candidate) {
    return candidate.in(
        new Stage(
            planned.index(),
            planned.firstEpoch(),
            planned.epochs(),
            planned.resolution(),
            planned.depth(),
            strength));
  }

  @Override
  public List<Double> losses(SubNetwork network, int count) throws InputException {
    long begin = System.nanoTime();
    Tensor average = learner.averages().get(0).values();
    List<Double> losses =
        learner.model().parameters().reading(average, () -> batchLosses(network, count));
    addSeconds(begin);
    return losses;
  }

  private List<Double> batchLosses(SubNetwork network, int count) throws InputException {
    List<Double> losses = new ArrayList<>();
    try (BatchCursor probe = probe()) {
      while (losses.size() < count && probe.hasNext()) {
        try (Batch batch = probe.next()) {
          losses.add(
              learner.loss(
                  BlockPath.of(network),
                  loop.images(batch, network.candidate().resolution()),
                  Targets.of(batch.labels()),
                  labelSmoothing()));
        }
      }
    }
    return losses;
  }

  @Override
  public double stepSeconds(SubNetwork network) throws InputException {
    long begin = System.nanoTime();
    double seconds;
    try (BatchCursor probe = probe();
        Batch batch = probe.next()) {
      seconds = timer.seconds(network, () -> rehearse(network, batch));
    }
    addSeconds(begin);
    return seconds;
  }

  private void rehearse(SubNetwork network, Batch batch) {
    learner.rehearse(
        BlockPath.of(network),
        loop.images(batch, network.candidate().resolution()),
        Targets.of(batch.labels()),
        labelSmoothing());
  }

  /** The same batches, varied in the same way, whenever it is asked for in this stage. */
  private BatchCursor probe() throws InputException {
    return loop.batches(-1 - planned.index(), 0, strength);
  }

  private double labelSmoothing() {
    return loop.setup().config().regularization().labelSmoothing();
  }

  @Override
  public boolean goOn(SearchProgress now) throws InputException {
    progress.search = now;
    loop.saveIfDue();
    return !loop.stopRequested();
  }

  @Override
  public void adopt(SubNetwork network) {
    long begin = System.nanoTime();
    if (network.blocks().size() < learner.depth()) {
      learner.keep(BlockPath.of(network));
      progress.depth = learner.depth();
    }
    addSeconds(begin);
  }

  @Override
  public Cost cost(SubNetwork network) {
    VisionTransformer model = learner.model();
    long parameters =
        model.parameters().all().stream()
            .filter(p -> isIn(network, p))
            .mapToLong(p -> p.shape().elements())
            .sum();
    Candidate candidate = network.candidate();
    return new Cost(
        parameters, model.config().withDepth(candidate.depth()).flops(candidate.resolution()));
  }

  private static boolean isIn(SubNetwork network, Parameter parameter) {
    String[] name = parameter.name().split("\\.");
    return !name[0].equals("blocks") || network.blocks().contains(Integer.parseInt(name[1]));
  }

  private void addSeconds(long begin) {
    double seconds = (System.nanoTime() - begin) * 1e-9;
    progress.searchSeconds += seconds;
    progress.stageSearchSeconds += seconds;
  }

  private void closeBatches() {
    if (batches != null) {
      batches.close();
      batches = null;
    }
  }
}
