package dev.autoprog.model;

import dev.autoprog.autograd.ConditioningOperations;
import dev.autoprog.autograd.Operations;
import dev.autoprog.autograd.Recomputation;
import dev.autoprog.autograd.Tape;
import dev.autoprog.autograd.Variable;
import dev.autoprog.backend.Session;
import dev.autoprog.kernel.PositionShape;
import dev.autoprog.kernel.Segments;
import dev.autoprog.nn.AdaptiveBlock;
import dev.autoprog.nn.Embedding;
import dev.autoprog.nn.Initializer;
import dev.autoprog.nn.Linear;
import dev.autoprog.nn.Parameter;
import dev.autoprog.nn.ParameterSet;
import dev.autoprog.nn.PatchEmbedding;
import dev.autoprog.nn.Precision;
import dev.autoprog.nn.TimestepEmbedding;
import dev.autoprog.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The diffusion transformer (DiT, Peebles and Xie 2023): patches with fixed positions, blocks
 * modulated by the condition, a modulated norm and a linear layer back to patches. The condition is
 * the sum of the embeddings of timestep, class and training stage (Li et al. 2024). Parameters bear
 * the names of the published checkpoints. Images of any side that the patch divides are accepted:
 * the positions follow by bicubic resize.
 */
public final class DiffusionTransformer implements DenoisingNetwork {
  /** The stage identifiers' table, which published checkpoints do not have. */
  public static final String STAGE_TABLE = "s_embedder.embedding_table.weight";

  /** The classes' table, by the name that published checkpoints have for it. */
  public static final String CLASS_TABLE = "y_embedder.embedding_table.weight";

  private static final String POSITIONS = "pos_embed";
  private static final int FREQUENCIES = 256;

  private final DitConfig config;
  private final Precision precision;
  private final PatchEmbedding patchEmbedding;
  private final Parameter positions;
  private final ConditionEmbedding conditionEmbedding;
  private final List<AdaptiveBlock> blocks = new ArrayList<>();
  private final Linear finalModulation;
  private final Linear head;
  private final ParameterSet parameters;
  private final List<List<Parameter>> parametersOfBlocks;
  private final List<Parameter> parametersOfPatches;

  private DiffusionTransformer(Session session, DitConfig config, Precision precision) {
    this.config = config;
    this.precision = precision;
    ParameterSet.Builder builder = new ParameterSet.Builder();
    int width = config.width();
    int grid = config.grid();
    positions =
        builder.free(POSITIONS, SinCosPositions.of(grid, width), 1, (long) grid * grid, width);
    positions.trainable(false);
    patchEmbedding =
        new PatchEmbedding(builder.under("x_embedder"), config.channels(), config.patch(), width);
    ParameterSet.Builder times = builder.under("t_embedder").under("mlp");
    Initializer normal = Initializer.truncatedNormal(0.02);
    conditionEmbedding =
        new ConditionEmbedding(
            new TimestepEmbedding(
                FREQUENCIES,
                new Linear(times.under("0"), FREQUENCIES, width, normal),
                new Linear(times.under("2"), width, width, normal),
                precision),
            table(builder, CLASS_TABLE, config.classes(), width),
            table(builder, STAGE_TABLE, config.stages(), width));
    for (int i = 0; i < config.depth(); i++) {
      blocks.add(
          new AdaptiveBlock(
              builder.under("blocks").under(Integer.toString(i)),
              width,
              config.heads(),
              config.hidden()));
    }
    ParameterSet.Builder last = builder.under("final_layer");
    Initializer zero = Initializer.constant(0);
    finalModulation = new Linear(last.under("adaLN_modulation").under("1"), width, 2 * width, zero);
    int patchElements = config.patch() * config.patch() * config.outChannels();
    head = new Linear(last.under("linear"), width, patchElements, zero);
    parameters = builder.allocate(session, precision);
    parametersOfBlocks =
        IntStream.range(0, config.depth()).mapToObj(i -> named("blocks." + i + ".")).toList();
    parametersOfPatches = named("x_embedder.");
  }

  /** One row for each, and one for none. */
  private static Embedding table(ParameterSet.Builder builder, String name, int rows, int width) {
    return rows == 0 ? null : new Embedding(builder, name, rows + 1, width);
  }

  private List<Parameter> named(String prefix) {
    return parameters.all().stream().filter(p -> p.name().startsWith(prefix)).toList();
  }

  /** A diffusion transformer with fresh weights, drawn from {@code seed}. */
  public static DiffusionTransformer create(
      Session session, DitConfig config, Precision precision, long seed) {
    DiffusionTransformer dit = new DiffusionTransformer(session, config, precision);
    dit.parameters.initialize(seed);
    return dit;
  }

  /** What it looks like. */
  public DitConfig config() {
    return config;
  }

  @Override
  public Variable forward(Tape tape, Tensor noisy, Conditions conditions) {
    int grid = gridOf(noisy);
    Variable x = patches(tape, noisy, grid);
    Variable condition = conditionEmbedding.forward(tape, noisy.shape().dim(0), conditions);
    Variable fixed = tape.constant(condition.value());
    for (int i = 0; i < blocks.size(); i++) {
      AdaptiveBlock block = blocks.get(i);
      // below the lowest block that trains nothing goes back, to the condition's embeddings neither
      boolean constant = !x.requiresGradient() && isFrozen(parametersOfBlocks.get(i));
      x =
          constant || !tape.isRecording()
              ? Recomputation.of(tape, x, (t, in) -> block.forward(t, in, fixed))
              : block.forward(tape, x, condition);
    }
    Variable modulation = finalModulation.forward(tape, condition);
    Variable normalised =
        ConditioningOperations.modulatedNorm(tape, x, modulation, 0, 1, AdaptiveBlock.EPSILON);
    return Operations.unpatchify(
        tape, head.forwardToFloats(tape, normalised), config.outChannels(), config.patch());
  }

  private static boolean isFrozen(List<Parameter> parameters) {
    return parameters.stream().noneMatch(Parameter::requiresGradient);
  }

  private int gridOf(Tensor noisy) {
    long side = noisy.shape().dim(-1);
    if (noisy.shape().rank() != 4
        || noisy.shape().dim(1) != config.channels()
        || noisy.shape().dim(2) != side
        || side % config.patch() != 0) {
      throw new IllegalArgumentException(
          "images are %s, expected (B, %d, R, R), R a multiple of %d"
              .formatted(noisy.shape(), config.channels(), config.patch()));
    }
    return (int) (side / config.patch());
  }

  private Variable patches(Tape tape, Tensor noisy, int grid) {
    Variable patches = patchEmbedding.forward(tape, noisy);
    return Operations.addToSamples(tape, patches, positionsOf(tape, grid));
  }

  /** Of type T, (grid², C). */
  private Tensor positionsOf(Tape tape, int grid) {
    int stored = config.grid();
    if (grid == stored) {
      return positions.operand();
    }
    int width = config.width();
    PositionShape shape = new PositionShape(stored, grid, width);
    long classToken = width; // the kernel expects one before the grid
    Tensor padded = tape.allocate(1 + (long) stored * stored, width);
    Tensor resized = tape.allocate(1 + (long) grid * grid, width);
    Tensor own = positions.value();
    tape.kernels().fill(padded, 0);
    tape.kernels()
        .copySegments(
            new Segments(new long[] {0}, new long[] {classToken}, new long[] {own.elements()}),
            own,
            padded);
    tape.kernels().resizePositions(shape, padded, resized);
    Tensor tokens = resized.rows(1, resized.shape().dim(0));
    Tensor typed = tape.allocate(precision.activations(), tokens.shape().toArray());
    tape.kernels().convert(tokens, typed);
    return typed;
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
    return config.patch();
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
    return config.depth();
  }

  @Override
  public List<Parameter> parametersOfBlock(int block) {
    return parametersOfBlocks.get(block);
  }

  @Override
  public List<Parameter> parametersBelowBlocks() {
    return parametersOfPatches;
  }

  @Override
  public boolean isOfStages(String name) {
    return name.equals(STAGE_TABLE);
  }

  @Override
  public boolean isOfClasses(String name) {
    return name.equals(CLASS_TABLE);
  }

  @Override
  public boolean isFixed(String name) {
    return name.equals(POSITIONS);
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
