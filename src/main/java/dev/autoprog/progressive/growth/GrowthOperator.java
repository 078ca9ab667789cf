package dev.autoprog.progressive.growth;

import dev.autoprog.progressive.growth.GrowthMap.Block;
import dev.autoprog.progressive.growth.GrowthMap.Kind;
import dev.autoprog.progressive.growth.GrowthMap.Weights;
import java.util.ArrayList;
import java.util.List;

/**
 * How a stack of blocks gets deeper (Li et al. 2022, §3.3). All but {@link #STACK} place blocks the
 * same way: with {@code q = L′ / L} and {@code r = L′ mod L}, each of the first {@code L − r}
 * blocks appears q times in a row, each of the last r blocks q + 1 times. A block's first
 * appearance is itself, but for {@link #SPLIT}; the operators differ in what the others are.
 */
public enum GrowthOperator {
  /** New blocks have fresh weights. */
  RANDOM(Weights.ONLINE, Kind.FRESH),
  /** The whole stack repeats: block i′ is a copy of block {@code i′ mod L} (Gong et al. 2019). */
  STACK(Weights.ONLINE, Kind.COPY),
  /** New blocks are copies of the ones before them. */
  INTERPOLATE(Weights.ONLINE, Kind.COPY),
  /** New blocks add nothing at first: the function stays what it was, up to rounding. */
  IDENTITY(Weights.ONLINE, Kind.IDENTITY),
  /**
   * A block that appears several times is as many copies, each of which does an equal share of what
   * it did: as an ordinary differential equation is solved in smaller steps (Chang et al. 2018).
   */
  SPLIT(Weights.ONLINE, Kind.SHARE),
  /** MoGrow: as {@link #INTERPOLATE}, with the weights of the slowest moving average. */
  MOMENTUM(Weights.MOMENTUM, Kind.COPY);

  private final Weights weights;
  private final Kind added;

  GrowthOperator(Weights weights, Kind added) {
    this.weights = weights;
    this.added = added;
  }

  /**
   * What a network grows by that has learned nothing yet, so that there is nothing to share out:
   * new blocks are as fresh as the others.
   */
  public GrowthOperator ofFreshNetwork() {
    return this == SPLIT ? RANDOM : this;
  }

  /**
   * The map from {@code from} to {@code to} blocks. Equal depths give a plain copy of the online
   * network.
   *
   * @throws IllegalArgumentException if {@code from} is below 1 or {@code to} below {@code from}
   */
  public GrowthMap map(int from, int to) {
    if (from < 1 || to < from) {
      throw new IllegalArgumentException("cannot grow from " + from + " to " + to + " blocks");
    }
    List<Block> blocks = new ArrayList<>(to);
    if (this == STACK) {
      for (int i = 0; i < to; i++) {
        blocks.add(new Block(i % from, Kind.COPY));
      }
    } else {
      int repeats = to / from;
      int extra = to % from;
      for (int source = 0; source < from; source++) {
        int copies = source < from - extra ? repeats : repeats + 1;
        for (int copy = 0; copy < copies; copy++) {
          boolean itself = copy == 0 && (added != Kind.SHARE || copies == 1);
          blocks.add(new Block(source, itself ? Kind.COPY : added));
        }
      }
    }
    return new GrowthMap(from, to, from == to ? Weights.ONLINE : weights, blocks);
  }
}
