package dev.autoprog.model;

import dev.autoprog.backend.Session;
import dev.autoprog.nn.ParameterSet;
import dev.autoprog.nn.Precision;
import dev.autoprog.tensor.Shape;
import java.util.Collections;
import java.util.List;
import java.util.Map;

/**
 * What a UNet looks like, as diffusers' {@code UNet2DConditionModel}.
 *
 * @param resolution R, the usual side of the images or latents, in pixels; a multiple of {@link
 *     #resolutionStep}
 * @param channels of the images or latents
 * @param classes that it can be asked for; 0 for none
 * @param stages K, of how many training stages it can tell images apart; 0 for none
 * @param baseChannels channels of the first level
 * @param multipliers channels of each level, in base channels, the first 1; each level but the last
 *     halves the side
 * @param attentionLevels levels that have attention, from 0; if there are any, the middle has it
 *     too
 * @param residualBlocks of each level on the way down; on the way up there is one more
 * @param heads H of every attention; the channels of a head must be a multiple of 8 up to 160
 * @param groups of the norms; they divide the channels of each level
 * @param contextWidth of the context that attention reads, such as an encoded text; 0 for none
 * @param learnsVariance whether it predicts the variance beside the noise
 */
public record UNetConfig(
    int resolution,
    int channels,
    int classes,
    int stages,
    int baseChannels,
    List<Integer> multipliers,
    List<Integer> attentionLevels,
    int residualBlocks,
    int heads,
    int groups,
    int contextWidth,
    boolean learnsVariance)
    implements DenoisingConfig {
  private static final int MOST_LEVELS = 16;

  /** Checks the ranges above. */
  public UNetConfig {
    multipliers = List.copyOf(multipliers);
    attentionLevels = List.copyOf(attentionLevels);
    int levels = multipliers.size();
    require(
        Math.min(Math.min(channels, baseChannels), Math.min(residualBlocks, heads)) >= 1
            && groups >= 1,
        "channels, base channels, residual blocks, heads and groups must be at least 1");
    require(
        classes >= 0 && stages >= 0 && contextWidth >= 0,
        "classes, stages and context width must be at least 0");
    require(
        levels >= 1
            && levels <= MOST_LEVELS
            && multipliers.get(0) == 1
            && Collections.min(multipliers) >= 1,
        "multipliers are %s, expected 1 to %d, the first 1 and none less"
            .formatted(multipliers, MOST_LEVELS));
    require(
        resolution >= 1 && resolution % (1 << levels - 1) == 0,
        "a side of %d pixels cannot be halved %d times".formatted(resolution, levels - 1));
    require(
        contextWidth == 0 || !attentionLevels.isEmpty(),
        "a context of width " + contextWidth + " without a level with attention that reads it");
    for (int level : attentionLevels) {
      require(
          level >= 0 && level < levels,
          "attention at level %d of %d, expected 0 to %d".formatted(level, levels, levels - 1));
    }
    for (int level = 0; level < levels; level++) {
      int width = Math.multiplyExact(baseChannels, multipliers.get(level));
      require(
          width % groups == 0,
          "%d channels of level %d in %d groups: the groups must be equal"
              .formatted(width, level, groups));
      boolean attends =
          attentionLevels.contains(level) || level == levels - 1 && !attentionLevels.isEmpty();
      require(
          !attends || width % heads == 0 && width / heads % 8 == 0 && width / heads <= 160,
          "%d channels of level %d in %d heads: a head must have a multiple of 8 up to 160"
              .formatted(width, level, heads));
    }
  }

  private static void require(boolean fine, String otherwise) {
    if (!fine) {
      throw new IllegalArgumentException(otherwise);
    }
  }

  /** For 32×32 images on a CPU: 1.3 M parameters. */
  public static UNetConfig tiny(int channels, int classes) {
    return ofBase(32, channels, classes);
  }

  /** For 32×32 images on a CPU: 3.0 M parameters. */
  public static UNetConfig small(int channels, int classes) {
    return ofBase(48, channels, classes);
  }

  private static UNetConfig ofBase(int base, int channels, int classes) {
    return new UNetConfig(
        32, channels, classes, 0, base, List.of(1, 2, 2), List.of(2), 1, 2, 8, 0, false);
  }

  /** The UNet of Stable Diffusion 1.5, on latents of 512-pixel images: 860 M parameters. */
  public static UNetConfig stableDiffusion15() {
    return new UNetConfig(
        64, 4, 0, 0, 320, List.of(1, 2, 4, 4), List.of(0, 1, 2), 2, 8, 32, 768, false);
  }

  @Override
  public UNet create(Session session, Precision precision, long seed) {
    return UNet.create(session, this, precision, seed);
  }

  /** How many levels there are. */
  public int levels() {
    return multipliers.size();
  }

  /** Channels of a level's maps. */
  public int width(int level) {
    return baseChannels * multipliers.get(level);
  }

  /** Each level but the last halves the side. */
  @Override
  public int resolutionStep() {
    return 1 << levels() - 1;
  }

  /** Channels of what it predicts: of the noise, and of the variance if it learns it. */
  public int outChannels() {
    return learnsVariance ? 2 * channels : channels;
  }

  /** Names and shapes of its weights, as checkpoints have them. */
  public Map<String, Shape> shapes() {
    ParameterSet.Builder builder = new ParameterSet.Builder();
    new UNetLayers(builder, this, Precision.FP32);
    return builder.shapes();
  }

  /**
   * Floating point operations of one image's forward pass in products of matrices, a multiply-add
   * being two; of a context, with the 77 tokens that Stable Diffusion's text encoder makes.
   *
   * @param resolution side of the image, in pixels
   */
  public double flops(int resolution) {
    return new UNetLayers(new ParameterSet.Builder(), this, Precision.FP32).flops(resolution);
  }

  /** The same for another number of classes. */
  public UNetConfig withClasses(int classes) {
    return with(classes, stages);
  }

  /** The same with identifiers of this many stages. */
  public UNetConfig withStages(int stages) {
    return with(classes, stages);
  }

  private UNetConfig with(int classes, int stages) {
    return new UNetConfig(
        resolution,
        channels,
        classes,
        stages,
        baseChannels,
        multipliers,
        attentionLevels,
        residualBlocks,
        heads,
        groups,
        contextWidth,
        learnsVariance);
  }
}
