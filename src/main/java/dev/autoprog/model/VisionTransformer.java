package dev.autoprog.model;

import dev.autoprog.autograd.Operations;
import dev.autoprog.autograd.Recomputation;
import dev.autoprog.autograd.Tape;
import dev.autoprog.autograd.Variable;
import dev.autoprog.backend.Session;
import dev.autoprog.nn.Initializer;
import dev.autoprog.nn.LayerNorm;
import dev.autoprog.nn.Linear;
import dev.autoprog.nn.Parameter;
import dev.autoprog.nn.ParameterSet;
import dev.autoprog.nn.PatchEmbedding;
import dev.autoprog.nn.Precision;
import dev.autoprog.nn.StochasticDepth;
import dev.autoprog.nn.TransformerBlock;
import dev.autoprog.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;
import java.util.stream.IntStream;

/**
 * The vision transformer of Dosovitskiy et al. 2021 as DeiT (Touvron et al. 2021) trains it:
 * patches and a class token, learned positions, pre-norm blocks, a norm and a linear head on the
 * class token. Parameters bear timm's names. Images of any side that the patch divides are
 * accepted: the positions follow by bicubic resize.
 */
public final class VisionTransformer implements AutoCloseable {
  private static final double STD = 0.02;

  private final VitConfig config;
  private final Precision precision;
  private final PatchEmbedding patchEmbedding;
  private final Parameter classToken;
  private final Parameter positions;
  private final List<TransformerBlock> blocks = new ArrayList<>();
  private final LayerNorm norm;
  private final Linear head;
  private final ParameterSet parameters;
  private final List<List<Parameter>> parametersOfBlocks;
  private boolean recomputing;

  private VisionTransformer(Session session, VitConfig config, Precision precision) {
    this.config = config;
    this.precision = precision;
    ParameterSet.Builder builder = new ParameterSet.Builder();
    int width = config.width();
    int grid = config.grid();
    classToken = builder.free("cls_token", Initializer.truncatedNormal(STD), 1, 1, width);
    positions =
        builder.free(
            "pos_embed", Initializer.truncatedNormal(STD), 1, 1 + (long) grid * grid, width);
    patchEmbedding =
        new PatchEmbedding(builder.under("patch_embed"), config.channels(), config.patch(), width);
    for (int i = 0; i < config.depth(); i++) {
      blocks.add(
          new TransformerBlock(
              builder.under("blocks").under(Integer.toString(i)),
              width,
              config.heads(),
              config.hidden()));
    }
    norm = new LayerNorm(builder.under("norm"), width);
    head = new Linear(builder.under("head"), width, config.classes());
    parameters = builder.allocate(session, precision);
    parametersOfBlocks =
        allBlocks().stream()
            .map(
                i ->
                    parameters.all().stream()
                        .filter(p -> p.name().startsWith("blocks." + i + "."))
                        .toList())
            .toList();
  }

  /** A vision transformer in float32 with fresh weights, drawn from {@code seed}. */
  public static VisionTransformer create(Session session, VitConfig config, long seed) {
    return create(session, config, Precision.FP32, seed);
  }

  /** A vision transformer with fresh weights, drawn from {@code seed}. */
  public static VisionTransformer create(
      Session session, VitConfig config, Precision precision, long seed) {
    VisionTransformer vit = new VisionTransformer(session, config, precision);
    vit.parameters.initialize(seed);
    return vit;
  }

  /** What it looks like. */
  public VitConfig config() {
    return config;
  }

  /** With what it computes. */
  public Precision precision() {
    return precision;
  }

  /**
   * Whether the backward pass computes each block's activations again instead of keeping them: less
   * memory, the same bits, about a third more time. Off at first.
   */
  public void recomputeBlocks(boolean recompute) {
    recomputing = recompute;
  }

  /** Whether {@link #recomputeBlocks} is on. */
  public boolean recomputesBlocks() {
    return recomputing;
  }

  /** Its parameters. */
  public ParameterSet parameters() {
    return parameters;
  }

  /** All its blocks, as what {@link #forward} runs through. */
  public List<Integer> allBlocks() {
    return IntStream.range(0, config.depth()).boxed().toList();
  }

  /** The parameters of one block. */
  public List<Parameter> parametersOfBlock(int block) {
    return parametersOfBlocks.get(block);
  }

  /** The logits for evaluation: every branch is kept. */
  public Variable forward(Tape tape, Tensor images) {
    return forward(tape, images, StochasticDepth.NONE);
  }

  /** The logits, through all blocks. */
  public Variable forward(Tape tape, Tensor images, StochasticDepth depth) {
    return forward(tape, images, depth, allBlocks());
  }

  /**
   * The logits, through some of the blocks.
   *
   * @param images FLOAT32 (B, channels, R, R), normalised; the patch must divide R
   * @param depth stochastic depth for as many blocks as are run through
   * @param path indices of the blocks to run through, in order; the others are passed by
   * @return FLOAT32 (B, classes)
   * @throws IllegalArgumentException if the images do not fit the network
   */
  public Variable forward(Tape tape, Tensor images, StochasticDepth depth, List<Integer> path) {
    return classify(tape, features(tape, images, depth, path));
  }

  /**
   * What the head reads of each image, for evaluation: the class token behind the last norm.
   *
   * @param images FLOAT32 (B, channels, R, R), normalised; the patch must divide R
   * @return (B, C)
   * @throws IllegalArgumentException if the images do not fit the network
   */
  public Variable features(Tape tape, Tensor images) {
    return features(tape, images, StochasticDepth.NONE, allBlocks());
  }

  /**
   * The logits, of {@link #features}.
   *
   * @return FLOAT32 (B, classes)
   */
  public Variable classify(Tape tape, Variable features) {
    return head.forwardToFloats(tape, features);
  }

  private Variable features(Tape tape, Tensor images, StochasticDepth depth, List<Integer> path) {
    long side = images.shape().dim(-1);
    if (images.shape().rank() != 4
        || images.shape().dim(1) != config.channels()
        || images.shape().dim(2) != side) {
      throw new IllegalArgumentException(
          "images are " + images.shape() + ", expected (B, " + config.channels() + ", R, R)");
    }
    Variable patches = patchEmbedding.forward(tape, images);
    int grid = (int) (side / config.patch());
    Variable x =
        Operations.assembleTokens(tape, patches, classToken, positions, config.grid(), grid);
    for (int i = 0; i < path.size(); i++) {
      int place = i;
      TransformerBlock block = blocks.get(path.get(i));
      BiFunction<Tape, Variable, Variable> part =
          i < path.size() - 1
              ? (t, in) -> block.forward(t, in, depth, place)
              : (t, in) -> block.forwardClassToken(t, in, depth, place);
      x =
          recomputing || !tape.isRecording()
              ? Recomputation.of(tape, x, part)
              : part.apply(tape, x);
    }
    // the norm works token by token, and the head reads the class token alone
    return norm.forward(tape, path.isEmpty() ? Operations.selectClassToken(tape, x) : x);
  }

  /** Gives its memory back. */
  @Override
  public void close() {
    parameters.close();
  }
}
