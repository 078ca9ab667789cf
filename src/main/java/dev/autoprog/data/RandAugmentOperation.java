package dev.autoprog.data;

import java.util.List;

/**
 * The fourteen operations that RandAugment chooses from, each with equal probability: those of the
 * paper (Cubuk et al. 2020, §3.1), which are torchvision's, too. How far one goes at a level from 0
 * to 1 is that of timm's increasing set (<i>inc1</i>), where a higher level is a stronger change.
 *
 * <p>timm's own list has Invert and SolarizeAdd instead of the identity. They are left out to keep
 * to the paper; Invert is Solarize at level 1.
 */
enum RandAugmentOperation {
  /** Nothing. */
  IDENTITY,
  /** {@link PixelOperations#autoContrast}, whatever the level. */
  AUTO_CONTRAST,
  /** {@link PixelOperations#equalize}, whatever the level. */
  EQUALIZE,
  /** {@link PixelOperations#rotate} by up to 30°, either way. */
  ROTATE,
  /** {@link PixelOperations#solarize} from 256, nothing, to 0, all. */
  SOLARIZE,
  /** {@link PixelOperations#color} by 1 ± 0.9·level. */
  COLOR,
  /** {@link PixelOperations#posterize} to 4 bits, or fewer, down to 0. */
  POSTERIZE,
  /** {@link PixelOperations#contrast} by 1 ± 0.9·level. */
  CONTRAST,
  /** {@link PixelOperations#brightness} by 1 ± 0.9·level. */
  BRIGHTNESS,
  /** {@link PixelOperations#sharpness} by 1 ± 0.9·level. */
  SHARPNESS,
  /** {@link PixelOperations#shearX} by up to 0.3, either way. */
  SHEAR_X,
  /** {@link PixelOperations#shearY} by up to 0.3, either way. */
  SHEAR_Y,
  /** {@link PixelOperations#translateX} by up to 0.45 of the width, either way. */
  TRANSLATE_X,
  /** {@link PixelOperations#translateY} by up to 0.45 of the height, either way. */
  TRANSLATE_Y;

  private static final double MAX_DEGREES = 30;
  private static final double MAX_ENHANCEMENT = 0.9;
  private static final double MAX_SHEAR = 0.3;
  private static final double MAX_TRANSLATION = 0.45;
  private static final int MAX_POSTERIZED_BITS = 4;

  private static final RandAugmentOperation[] ALL = values();

  /** How many there are. */
  static int count() {
    return ALL.length;
  }

  /** The operation of a number below {@link #count}. */
  static RandAugmentOperation at(int number) {
    return ALL[number];
  }

  /**
   * Changes the image.
   *
   * @param level how far, from 0 to 1
   * @param negated which way, where there are two
   * @param fill per channel, what comes from outside the image
   */
  void apply(Planes image, double level, boolean negated, List<Integer> fill) {
    double signed = negated ? -level : level;
    switch (this) {
      case IDENTITY -> {}
      case AUTO_CONTRAST -> PixelOperations.autoContrast(image);
      case EQUALIZE -> PixelOperations.equalize(image);
      case ROTATE -> PixelOperations.rotate(image, MAX_DEGREES * signed, fill);
      case SOLARIZE ->
          PixelOperations.solarize(image, Planes.VALUES - (int) (Planes.VALUES * level));
      case COLOR -> PixelOperations.color(image, 1 + MAX_ENHANCEMENT * signed);
      case POSTERIZE ->
          PixelOperations.posterize(
              image, MAX_POSTERIZED_BITS - (int) (MAX_POSTERIZED_BITS * level));
      case CONTRAST -> PixelOperations.contrast(image, 1 + MAX_ENHANCEMENT * signed);
      case BRIGHTNESS -> PixelOperations.brightness(image, 1 + MAX_ENHANCEMENT * signed);
      case SHARPNESS -> PixelOperations.sharpness(image, 1 + MAX_ENHANCEMENT * signed);
      case SHEAR_X -> PixelOperations.shearX(image, MAX_SHEAR * signed, fill);
      case SHEAR_Y -> PixelOperations.shearY(image, MAX_SHEAR * signed, fill);
      case TRANSLATE_X -> PixelOperations.translateX(image, MAX_TRANSLATION * signed, fill);
      case TRANSLATE_Y -> PixelOperations.translateY(image, MAX_TRANSLATION * signed, fill);
    }
  }
}
