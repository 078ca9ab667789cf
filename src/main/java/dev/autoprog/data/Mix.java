package dev.autoprog.data;

/**
 * How the images of a batch are mixed in pairs, the first with the last, the second with the last
 * but one and so on: in a box, each becomes {@code lambda} times itself and {@code 1 − lambda}
 * times its partner; and so do their targets, with {@code targetLambda}.
 *
 * @param top the box's upper edge in pixels
 * @param left the box's left edge in pixels
 * @param height the box's in pixels
 * @param width the box's in pixels
 * @param lambda λ in the box, in [0, 1]: what mixup draws, and 0 for cutmix
 * @param targetLambda how much of an image is left: λ for mixup, for cutmix the share of its area
 *     outside the box
 */
public record Mix(int top, int left, int height, int width, float lambda, float targetLambda) {
  /** Every image by itself. */
  public static final Mix NONE = new Mix(0, 0, 0, 0, 1, 1);

  /** Whether images and targets stay as they are. */
  public boolean isNone() {
    return targetLambda == 1;
  }
}
