package dev.autoprog.jmh;

import dev.autoprog.backend.Backend;
import dev.autoprog.backend.Session;
import dev.autoprog.model.LibtorchVit;
import dev.autoprog.model.VisionTransformer;
import dev.autoprog.model.VitConfig;
import dev.autoprog.optim.AdamW;
import dev.autoprog.tensor.Tensor;
import dev.autoprog.testing.RandomData;
import dev.autoprog.train.Learner;
import dev.autoprog.train.RunConfig;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.TensorVector;
import org.openjdk.jmh.annotations.Param;

/** A whole step of DeiT-Ti: forward, loss, backward, AdamW and the moving averages. */
@Question(
    value = "How many images a second does DeiT-Ti train on?",
    peers = {
      Implementation.LIBTORCH,
      Implementation.LIBTORCH_BEST,
      Implementation.LIBTORCH_BF16,
      Implementation.DJL
    })
public class TrainingStepBenchmark extends Comparison {
  static final double SMOOTHING = 0.1;
  static final double LEARNING_RATE = 1e-3;
  static final double EMA_DECAY = 0.99;
  private static final long SEED = 1;

  /** Images of a batch, and their side in pixels; patches are 4 pixels wide at 32, else 16. */
  @Param({"128x32", "8x224"})
  public String images;

  /** How many moving averages are carried along. */
  @Param("4")
  public int averages;

  private int batch() {
    return (int) Sizes.of(images)[0];
  }

  private int side() {
    return (int) Sizes.of(images)[1];
  }

  private VitConfig config() {
    return side() == 32
        ? VitConfig.deitTiny().withClasses(10).withImages(32, 4, 3)
        : VitConfig.deitTiny().withImages(side(), 16, 3);
  }

  private float[] pixels() {
    return Inputs.gaussian("pixels", 3L * batch() * side() * side());
  }

  private int[] labels() {
    return RandomData.of("labels").integers(batch(), 0, config().classes());
  }

  @Override
  Work work(Implementation implementation) {
    VitConfig c = config();
    int patches = c.grid() * c.grid();
    double embedding =
        Work.product((double) batch() * patches, 3.0 * c.patch() * c.patch(), c.width());
    double tokens = 1.0 + patches;
    double blocks =
        (c.depth() - 1) * Work.block(batch(), tokens, c.width(), c.hidden())
            + Work.classTokenBlock(batch(), tokens, c.width(), c.hidden());
    double head = Work.product(batch(), c.width(), c.classes());
    return Work.images(batch(), 2 * embedding + blocks + 3 * head);
  }

  @Override
  Contender ours(Ours ours) {
    Session session = ours.session();
    Learner learner =
        new Learner(
            session,
            VisionTransformer.create(session, config(), ours.precision(), SEED),
            new AdamW.Settings(0.9, 0.999, 1e-8, LibtorchPeer.WEIGHT_DECAY, 0),
            new RunConfig.Averages(Collections.nCopies(averages, EMA_DECAY), false),
            RunConfig.Moments.COPY,
            SEED);
    Tensor input = ours.float32(pixels(), batch(), 3, side(), side());
    int[] labels = labels();
    long[] step = {0};
    return Contender.ofSteps(
        () -> {
          session.arena().reset();
          return learner.step(input, labels, SMOOTHING, 0, step[0]++, LEARNING_RATE).loss();
        },
        session::close);
  }

  /** What {@code use} makes of our network's fresh weights, without a native library of ours. */
  private <T> T ofFreshWeights(Function<VisionTransformer, T> use) {
    try (Session session = Session.open(Backend.named("reference"));
        VisionTransformer vit = VisionTransformer.create(session, config(), SEED)) {
      return use.apply(vit);
    }
  }

  @Override
  Contender libtorch(LibtorchPeer peer) {
    return peer.attending(attention -> libtorch(peer, attention));
  }

  private Contender libtorch(LibtorchPeer peer, LibtorchVit.Attention attention) {
    Map<String, org.bytedeco.pytorch.Tensor> weights =
        ofFreshWeights(vit -> LibtorchPeer.weights(vit.parameters(), peer::float32));
    var graph = new LibtorchVit(config(), weights, attention);
    var all = weights.values().toArray(org.bytedeco.pytorch.Tensor[]::new);
    var adamW = LibtorchPeer.adamW(new TensorVector(all), LEARNING_RATE);
    List<List<org.bytedeco.pytorch.Tensor>> emas =
        Collections.nCopies(averages, all).stream()
            .map(w -> List.of(w).stream().map(t -> t.detach().clone()).toList())
            .toList();
    var input = peer.float32(pixels(), batch(), 3, side(), side());
    int[] labels = labels();
    Scalar share = new Scalar(1 - EMA_DECAY);
    return Contender.ofSteps(
        () ->
            LibtorchPeer.scoped(
                () -> {
                  adamW.zero_grad();
                  var loss = peer.autocast(() -> graph.loss(input, labels, SMOOTHING));
                  loss.backward();
                  adamW.step();
                  for (var ema : emas) {
                    for (int i = 0; i < all.length; i++) {
                      ema.get(i).lerp_(all[i].detach(), share);
                    }
                  }
                  return loss.item_float();
                }),
        () -> {});
  }

  @Override
  Contender djl(int threads) {
    return ofFreshWeights(
        vit -> new DjlTraining(vit, averages, threads).contender(pixels(), labels(), side()));
  }
}
