package dev.autoprog.jmh;

/**
 * What one run of a benchmark has to do at the least.
 *
 * @param operations floating-point operations, a multiply-add being two; 0 where memory is what
 *     bounds it
 * @param bytes that must be read or written; 0 where arithmetic is what bounds it
 * @param images that a training step sees; 0 for anything else
 */
record Work(double operations, double bytes, double images) {
  /** Nothing worth a rate. */
  static final Work NONE = new Work(0, 0, 0);

  static Work operations(double operations) {
    return new Work(operations, 0, 0);
  }

  static Work bytes(double bytes) {
    return new Work(0, bytes, 0);
  }

  static Work images(double images, double operations) {
    return new Work(operations, 0, images);
  }

  /** A product of (rows, in) and (in, out). */
  static double product(double rows, double in, double out) {
    return 2 * rows * in * out;
  }

  /** Attention's two products forward. */
  static double attentionForward(double batch, double tokens, double width) {
    return 2 * product(batch * tokens, width, tokens);
  }

  /** Attention's five products backward: one is the scores again, as no N×N matrix is kept. */
  static double attentionBackward(double batch, double tokens, double width) {
    return 2.5 * attentionForward(batch, tokens, width);
  }

  /** A transformer block, forward and the gradients by its input and all parameters. */
  static double block(double batch, double tokens, double width, double hidden) {
    double rows = batch * tokens;
    double linear = product(rows, width, 4 * width) + 2 * product(rows, width, hidden);
    return 3 * linear
        + attentionForward(batch, tokens, width)
        + attentionBackward(batch, tokens, width);
  }

  /** A last block, of which the class token alone is read: what the others ask is for nothing. */
  static double classTokenBlock(double batch, double tokens, double width, double hidden) {
    double keysAndValues = product(batch * tokens, width, 2 * width);
    double ofClassTokens = product(batch, width, 2 * width) + 2 * product(batch, width, hidden);
    double attention =
        attentionForward(batch, tokens, width) + attentionBackward(batch, tokens, width);
    return 3 * (keysAndValues + ofClassTokens) + attention / tokens;
  }
}
