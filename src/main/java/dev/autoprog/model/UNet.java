package dev.autoprog.model;

import dev.autoprog.autograd.ConvolutionOperations;
import dev.autoprog.autograd.Operations;
import dev.autoprog.autograd.Recomputation;
import dev.autoprog.autograd.Tape;
import dev.autoprog.autograd.Variable;
import dev.autoprog.backend.Session;
import dev.autoprog.kernel.PatchShape;
import dev.autoprog.model.UNetBlock.Told;
import dev.autoprog.nn.Parameter;
import dev.autoprog.nn.ParameterSet;
import dev.autoprog.nn.Precision;
import dev.autoprog.tensor.Shape;
import dev.autoprog.tensor.Tensor;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/**
 * The UNet of latent diffusion (Rombach et al. 2022; without a context that of Ho et al. 2020 but
 * for its attention): levels of residual blocks and attention on the way down, where each halves
 * the side, a middle, and as many levels on the way up, which also read the maps of the way down.
 * Residual blocks read the sum of the embeddings of timestep, class and training stage, attention a
 * context. Parameters bear the names and shapes of diffusers' {@code UNet2DConditionModel}.
 *
 * <p>The identifier of the training stage (Li et al. 2024) is added to the time embedding as the
 * class is; of a network with a context, another is its last token besides, as in the paper's
 * text-to-image models.
 *
 * <p>The blocks that can be frozen are the levels on the way down, the middle, and the levels on
 * the way up. A fresh network answers 0, as its last convolution is 0: it begins at the best answer
 * of one that has seen no image, whatever the other weights are.
 */
public final class UNet implements DenoisingNetwork {
  /**
   * The classes' table; diffusers' {@code num_class_embeds} must count the row for none, its last.
   */
  public static final String CLASS_TABLE = "class_embedding.weight";

  /** The stage identifiers' table, which published checkpoints do not have. */
  public static final String STAGE_TABLE = "stage_embedding.weight";

  /** The table of their tokens in the context, which published checkpoints do not have. */
  public static final String STAGE_TOKEN = "stage_token.weight";

  private final UNetConfig config;
  private final Precision precision;
  private final UNetLayers layers;
  private final ParameterSet parameters;
  private final List<List<Parameter>> parametersOfBlocks;
  private final List<Parameter> parametersOfInput;

  private UNet(Session session, UNetConfig config, Precision precision) {
    this.config = config;
    this.precision = precision;
    ParameterSet.Builder builder = new ParameterSet.Builder();
    layers = new UNetLayers(builder, config, precision);
    parameters = builder.allocate(session, precision);
    parametersOfBlocks = layers.blocks.stream().map(block -> under(block.name())).toList();
    parametersOfInput = under("conv_in");
  }

  private List<Parameter> under(String name) {
    return parameters.all().stream().filter(p -> p.name().startsWith(name + ".")).toList();
  }

  /** A UNet with fresh weights, drawn from {@code seed}. */
  public static UNet create(Session session, UNetConfig config, Precision precision, long seed) {
    UNet unet = new UNet(session, config, precision);
    unet.parameters.initialize(seed);
    return unet;
  }

  /** What it looks like. */
  public UNetConfig config() {
    return config;
  }

  @Override
  public Variable forward(Tape tape, Tensor noisy, Conditions conditions) {
    requireImages(noisy);
    long batch = noisy.shape().dim(0);
    long side = noisy.shape().dim(2);
    Variable time = layers.condition.forward(tape, batch, conditions);
    Told told = new Told(time, context(tape, batch, conditions));
    Told fixed = told.fixed(tape);
    Variable x = layers.in.forward(tape, pixels(tape, noisy));
    Deque<Variable> skips = new ArrayDeque<>();
    skips.push(x);
    for (int i = 0; i < layers.blocks.size(); i++) {
      UNetBlock block = layers.blocks.get(i);
      Variable input = x;
      // below the lowest block that trains nothing goes back, nor to the condition's embeddings;
      // and if what comes in is constant, then so are all the maps before it
      boolean constant = !x.requiresGradient() && isFrozen(parametersOfBlocks.get(i));
      List<Variable> maps =
          constant || !tape.isRecording()
              ? Recomputation.constants(tape, t -> block.forward(t, input, skips, fixed))
              : block.forward(tape, x, skips, told);
      if (block.givesSkips()) {
        maps.forEach(skips::push);
      }
      x = maps.get(maps.size() - 1);
    }
    Variable out = layers.out.forward(tape, layers.norm.forward(tape, x));
    Variable answer =
        ConvolutionOperations.reshape(
            tape,
            ConvolutionOperations.toFloats(tape, out),
            batch,
            side * side,
            config.outChannels());
    return Operations.unpatchify(tape, answer, config.outChannels(), 1);
  }

  private static boolean isFrozen(List<Parameter> parameters) {
    return parameters.stream().noneMatch(Parameter::requiresGradient);
  }

  private void requireImages(Tensor noisy) {
    Shape shape = noisy.shape();
    if (shape.rank() != 4
        || shape.dim(1) != config.channels()
        || shape.dim(2) != shape.dim(3)
        || shape.dim(2) % config.resolutionStep() != 0) {
      throw new IllegalArgumentException(
          "images are %s, expected (B, %d, R, R), R a multiple of %d: the side is halved %d times"
              .formatted(shape, config.channels(), config.resolutionStep(), config.levels() - 1));
    }
  }

  /** Of type T, (B, R, R, channels). */
  private Variable pixels(Tape tape, Tensor noisy) {
    Shape shape = noisy.shape();
    long side = shape.dim(2);
    Tensor map =
        tape.allocate(precision.activations(), shape.dim(0), side, side, config.channels());
    tape.kernels().patchify(new PatchShape(shape.dim(0), config.channels(), side, 1), noisy, map);
    return tape.constant(map);
  }

  /** The context, and the stage's token behind it; null if the network reads none. */
  private Variable context(Tape tape, long batch, Conditions conditions) {
    int width = config.contextWidth();
    if (width == 0) {
      return null;
    }
    Tensor told = conditions.context();
    if (told == null
        || told.dtype() != precision.activations()
        || told.shape().rank() != 3
        || told.shape().dim(0) != batch
        || told.shape().dim(2) != width) {
      throw new IllegalArgumentException(
          "%s, expected %s (%d, M, %d)"
              .formatted(
                  told == null ? "no context" : "the context is " + told.dtype() + told.shape(),
                  precision.activations(),
                  batch,
                  width));
    }
    if (layers.stageToken == null) {
      return tape.constant(told);
    }
    long tokens = told.shape().dim(1);
    Variable token =
        layers.stageToken.forward(tape, conditions.stages(), conditions.placed().stages());
    Variable rows = tape.constant(told.reshape(batch, tokens * width));
    Variable both = ConvolutionOperations.concatenate(tape, rows, token);
    return ConvolutionOperations.reshape(tape, both, batch, tokens + 1, width);
  }

  @Override
  public int channels() {
    return config.channels();
  }

  @Override
  public int outChannels() {
    return config.outChannels();
  }

  @Override
  public int classes() {
    return config.classes();
  }

  @Override
  public int stages() {
    return config.stages();
  }

  @Override
  public int resolutionStep() {
    return config.resolutionStep();
  }

  @Override
  public ParameterSet parameters() {
    return parameters;
  }

  @Override
  public Precision precision() {
    return precision;
  }

  @Override
  public int depth() {
    return layers.blocks.size();
  }

  @Override
  public List<Parameter> parametersOfBlock(int block) {
    return parametersOfBlocks.get(block);
  }

  @Override
  public List<Parameter> parametersBelowBlocks() {
    return parametersOfInput;
  }

  @Override
  public boolean isOfStages(String name) {
    return name.equals(STAGE_TABLE) || name.equals(STAGE_TOKEN);
  }

  @Override
  public boolean isOfClasses(String name) {
    return name.equals(CLASS_TABLE);
  }

  @Override
  public boolean isFixed(String name) {
    return false;
  }

  @Override
  public double flops(int resolution) {
    return config.flops(resolution);
  }

  @Override
  public void close() {
    parameters.close();
  }
}
