package dev.autoprog.cli;

/**
 * A run that is to be.
 *
 * @param arm what it is an example of
 * @param seed that it is drawn from
 * @param config all that it is trained by
 */
record PlannedRun<C extends Record>(String arm, long seed, C config) {
  /** Its directory within the comparison's. */
  String directory() {
    return arm + "/seed-" + seed;
  }
}
