package dev.autoprog.progressive.search;

import dev.autoprog.progressive.growth.Growable;
import java.util.List;

/**
 * A network in training that can be searched while it trains. Once grown ({@link #grow}) it is the
 * supernet: a forward pass must be able to run through some of its blocks only, and to read images
 * of several resolutions. A {@link SubNetwork} says which blocks, how many times what each adds to
 * its input counts, and which resolution; batches are resized to it bilinearly.
 *
 * <p>What {@link #losses} and {@link #stepSeconds} do must leave no trace: weights, averages, the
 * optimizer's state, the batches to come and their random numbers are the same afterwards.
 *
 * @param <X> what can go wrong with the trainer's data or disk; {@code RuntimeException} if nothing
 *     that a caller must handle
 */
public interface Searchable<X extends Exception> extends Growable {
  /** Training steps of one epoch; the same each time. */
  long stepsPerEpoch();

  /**
   * Takes the next training step of the run (next batch, learning rate of the schedule, averages
   * updated) on the sub-network alone, with the regularisation of the last stage.
   */
  void step(SubNetwork network) throws X;

  /**
   * The sub-network's mean training loss in each of {@code batches} batches, or in as many as there
   * are, with the weights of a moving average: always the same batches in the same order, of
   * training images with always the same augmentation, whatever the sub-network.
   */
  List<Double> losses(SubNetwork network, int batches) throws X;

  /**
   * Notes how the supernet is now, before the first step: {@link #rewind} returns to it. Called if
   * the weights of the search are not inherited. The steps until then are none of the run's: they
   * are taken on its next batches, at its present learning rate, but it counts and logs none of
   * them. A checkpoint holds what was noted.
   */
  void mark() throws X;

  /**
   * Makes the supernet what it was at {@link #mark}: weights, averages, the optimizer's state, the
   * batches to come; then forgets the mark.
   */
  void rewind() throws X;

  /** Seconds of one training step of the sub-network, warmed up; above 0. */
  double stepSeconds(SubNetwork network) throws X;

  /**
   * Hears how far the search is, after each step and each measurement: the moment to write a
   * checkpoint of the network together with {@code progress}.
   *
   * @return false to stop here; {@link OneShotSearch#resume} goes on from {@code progress}
   */
  boolean goOn(SearchProgress progress) throws X;

  /**
   * Becomes the sub-network that was chosen: the supernet without the blocks that it passes by, the
   * averages and the optimizer's state likewise, on images of its resolution. What a block adds
   * counts as it is from then on: where its strength is not 1, the weights that end its residual
   * branches, and their averages, are multiplied by it.
   */
  void adopt(SubNetwork network) throws X;

  /** What the sub-network would cost; for the decision's table, not for the decision. */
  default Cost cost(SubNetwork network) {
    return Cost.UNKNOWN;
  }

  /**
   * What a network costs on paper.
   *
   * @param parameters how many weights; NaN if not known
   * @param flops of one image's forward pass; NaN if not known
   */
  record Cost(double parameters, double flops) {
    /** Nobody counted. */
    public static final Cost UNKNOWN = new Cost(Double.NaN, Double.NaN);
  }
}
