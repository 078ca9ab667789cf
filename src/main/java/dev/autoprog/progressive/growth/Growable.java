package dev.autoprog.progressive.growth;

/** A stack of blocks that can get deeper. */
public interface Growable {
  /** L, how many blocks there are now. */
  int depth();

  /**
   * Becomes a stack of {@code map.to()} blocks, each from where the map says. Everything outside
   * the stack, the moving averages and the optimizer's state go along.
   *
   * @throws IllegalArgumentException if {@code map.from()} is not the present depth
   */
  void grow(GrowthMap map);
}
