package dev.autoprog.train;

import dev.autoprog.autograd.GradientSink;
import dev.autoprog.autograd.Tape;
import dev.autoprog.autograd.Variable;
import dev.autoprog.backend.RepeatedCalls;
import dev.autoprog.backend.Session;
import dev.autoprog.model.VisionTransformer;
import dev.autoprog.nn.Classification;
import dev.autoprog.nn.CrossEntropy;
import dev.autoprog.nn.ParameterSet;
import dev.autoprog.nn.StochasticDepth;
import dev.autoprog.nn.Targets;
import dev.autoprog.optim.AdamW;
import dev.autoprog.optim.Ema;
import dev.autoprog.tensor.Shape;
import dev.autoprog.tensor.Tensor;
import java.util.List;

/**
 * The kernel calls by which a network learns, one sequence a step, which nothing interrupts: a loss
 * or a gradient that is not finite changes nothing, and shows in what is read afterwards.
 */
final class LearningCalls implements AutoCloseable {
  private final Session session;
  private final VisionTransformer model;
  private final AdamW optimizer;
  private final List<Ema> averages;
  private final GradientSink sink;
  private final RepeatedCalls calls;

  /** Of a network, an optimizer and averages whose memory stays where it is. */
  LearningCalls(Session session, VisionTransformer model, AdamW optimizer, List<Ema> averages) {
    this.session = session;
    this.model = model;
    this.optimizer = optimizer;
    this.averages = averages;
    this.sink = model.parameters().accumulator();
    this.calls = new RepeatedCalls(session);
  }

  /**
   * Forward and backward of a sub-network, and the update for which the optimizer is prepared.
   *
   * @param path the blocks that are run through
   */
  Classification update(
      BlockPath path,
      Tensor images,
      Targets targets,
      double labelSmoothing,
      StochasticDepth depth) {
    return make(path, images, targets, labelSmoothing, depth, true);
  }

  /** Forward and backward alone, every branch kept. */
  Classification gradients(BlockPath path, Tensor images, Targets targets, double labelSmoothing) {
    return make(path, images, targets, labelSmoothing, StochasticDepth.NONE, false);
  }

  private Classification make(
      BlockPath path,
      Tensor images,
      Targets targets,
      double labelSmoothing,
      StochasticDepth depth,
      boolean updates) {
    int samples = targets.labels().length;
    Classification batch = new Classification(session, targets, model.config().classes());
    StochasticDepth drawn = depth.withStrengths(path.strengths()).drawn(session, samples);
    Signature signature =
        new Signature(
            path,
            images.address(),
            images.shape(),
            targets.partners() != null,
            labelSmoothing,
            depth.rate(),
            updates,
            model.recomputesBlocks(),
            model.parameters().trainableRanges().stream().map(ParameterSet.Range::place).toList());
    calls.run(
        signature,
        () -> {
          Tape tape = Tape.recording(session);
          model.parameters().clearGradients();
          Variable logits = model.forward(tape, images, drawn, path.blocks());
          CrossEntropy loss = new CrossEntropy(tape, logits.value(), batch, labelSmoothing);
          tape.backward(logits, loss.gradient(1f / samples), sink);
          if (updates) {
            optimizer.update(averages);
          }
        });
    return batch;
  }

  /** What the calls depend on. */
  private record Signature(
      BlockPath path,
      long images,
      Shape shape,
      boolean mixes,
      double labelSmoothing,
      double dropRate,
      boolean updates,
      boolean recomputes,
      List<ParameterSet.Range> trained) {}

  /** How many sequences the device makes as one by now. */
  long captured() {
    return calls.captured();
  }

  /** Before the memory of network, optimizer or averages is given back. */
  @Override
  public void close() {
    calls.close();
  }
}
