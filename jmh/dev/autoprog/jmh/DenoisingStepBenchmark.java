package dev.autoprog.jmh;

import dev.autoprog.backend.Backend;
import dev.autoprog.backend.Session;
import dev.autoprog.diffusion.DiffusionProcess;
import dev.autoprog.diffusion.NoiseSchedule;
import dev.autoprog.diffusion.NoisyBatch;
import dev.autoprog.diffusion.Prediction;
import dev.autoprog.diffusion.Variance;
import dev.autoprog.model.Conditions;
import dev.autoprog.model.DenoisingConfig;
import dev.autoprog.model.DenoisingNetwork;
import dev.autoprog.model.DitConfig;
import dev.autoprog.model.LibtorchDit;
import dev.autoprog.model.LibtorchUNet;
import dev.autoprog.model.LibtorchVit;
import dev.autoprog.model.UNetConfig;
import dev.autoprog.nn.Precision;
import dev.autoprog.optim.AdamW;
import dev.autoprog.tensor.Tensor;
import dev.autoprog.testing.Libtorch;
import dev.autoprog.testing.NothingZero;
import dev.autoprog.testing.RandomData;
import dev.autoprog.train.diffusion.DiffusionLearner;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.openjdk.jmh.annotations.Param;

/**
 * A whole step of a diffusion model: noise, forward, loss, backward, AdamW and a moving average.
 *
 * <p>The peer's maps lie channels last, and its UNet has 48 channels, not 40 as in the recipe: of
 * planes, libtorch 2.10 gets 3×3 convolutions of 24 or 40 channels wrong by a third (float32, a
 * processor with AVX-512), and with planes the steps of the UNet of 48 differ, too, from ours and
 * its own channels last. {@link Agreement} refuses that.
 */
@Question("How many images a second does a diffusion model train on?")
public class DenoisingStepBenchmark extends Comparison {
  private static final DiffusionProcess PROCESS =
      new DiffusionProcess(NoiseSchedule.cosine(1000), Prediction.EPSILON, Variance.FIXED_SMALL);
  private static final double LEARNING_RATE = 5e-4;
  private static final double EMA_DECAY = 0.995;
  private static final long SEED = 1;

  /**
   * The network: the diffusion transformer or the UNet of the recipes for Fashion-MNIST, or DiT-S/2
   * on latents of 256-pixel images.
   */
  @Param({"dit-28", "unet-28", "dit-s-2"})
  public String network;

  private int batch() {
    return switch (network) {
      case "dit-28" -> 64;
      case "unet-28" -> 32;
      default -> 8;
    };
  }

  private DenoisingConfig config() {
    return switch (network) {
      case "dit-28" -> new DitConfig(28, 4, 1, 10, 128, 8, 4, 4, false, 0);
      case "unet-28" ->
          new UNetConfig(28, 1, 10, 0, 48, List.of(1, 2, 2), List.of(2), 1, 2, 8, 0, false);
      case "dit-s-2" -> new DitConfig(32, 2, 4, 1000, 384, 12, 6, 4, false, 0);
      default ->
          throw new IllegalArgumentException(
              "network is " + network + ", expected dit-28, unet-28 or dit-s-2");
    };
  }

  private DenoisingNetwork fresh(Session session, Precision precision) {
    DenoisingNetwork fresh = config().create(session, precision, SEED);
    NothingZero.in(fresh);
    return fresh;
  }

  private static long channels(DenoisingConfig config) {
    return config instanceof DitConfig dit ? dit.channels() : ((UNetConfig) config).channels();
  }

  private long[] shape() {
    DenoisingConfig c = config();
    return new long[] {batch(), channels(c), c.resolution(), c.resolution()};
  }

  private float[] images(String name) {
    long[] shape = shape();
    return Inputs.gaussian(name, shape[0] * shape[1] * shape[2] * shape[3]);
  }

  private int[] timesteps() {
    return RandomData.of("timesteps").integers(batch(), 0, PROCESS.schedule().steps());
  }

  private int[] labels() {
    return RandomData.of("labels").integers(batch(), 0, config().classes());
  }

  @Override
  Work work(Implementation implementation) {
    try (Session session = Session.open(Backend.named("reference"));
        DenoisingNetwork fresh = config().create(session, Precision.FP32, SEED)) {
      return Work.images(batch(), 3 * batch() * fresh.flops(config().resolution()));
    }
  }

  @Override
  Contender ours(Ours ours) {
    Session session = ours.session();
    AdamW.Settings settings = new AdamW.Settings(0.9, 0.999, 1e-8, LibtorchPeer.WEIGHT_DECAY, 0);
    DenoisingNetwork fresh = fresh(session, ours.precision());
    DiffusionLearner learner = new DiffusionLearner(session, fresh, PROCESS, settings, EMA_DECAY);
    Tensor clean = ours.float32(images("clean"), shape());
    Tensor noise = ours.float32(images("noise"), shape());
    int[] timesteps = timesteps();
    int[] labels = labels();
    long[] step = {0};
    return Contender.ofSteps(
        () -> {
          session.arena().reset();
          NoisyBatch noisy = NoisyBatch.of(session, PROCESS.schedule(), clean, noise, timesteps);
          Conditions conditions = Conditions.of(noisy.told(PROCESS.schedule()), labels);
          return learner.step(noisy, conditions, step[0]++, LEARNING_RATE).loss();
        },
        session::close);
  }

  @Override
  Contender libtorch(LibtorchPeer peer) {
    return peer.attending(attention -> libtorch(peer, attention));
  }

  private Contender libtorch(LibtorchPeer peer, LibtorchVit.Attention attention) {
    Map<String, org.bytedeco.pytorch.Tensor> weights = weights(peer);
    var trained =
        weights.values().stream()
            .filter(org.bytedeco.pytorch.Tensor::requires_grad)
            .toArray(org.bytedeco.pytorch.Tensor[]::new);
    var adamW = LibtorchPeer.adamW(new TensorVector(trained), LEARNING_RATE);
    var average = List.of(trained).stream().map(w -> w.detach().clone()).toList();
    var clean = channelsLast(peer.float32(images("clean"), shape()));
    var noise = channelsLast(peer.float32(images("noise"), shape()));
    int[] t = timesteps();
    var signalRates = rates(peer, t, true);
    var noiseRates = rates(peer, t, false);
    float[] told = new float[t.length];
    for (int i = 0; i < told.length; i++) {
      told[i] = PROCESS.schedule().timestep(t[i]);
    }
    var times = peer.float32(told, t.length);
    var labels = Libtorch.labels(labels());
    Scalar share = new Scalar(1 - EMA_DECAY);
    return Contender.ofSteps(
        () ->
            LibtorchPeer.scoped(
                () -> {
                  adamW.zero_grad();
                  var noisy = clean.mul(signalRates).add(noise.mul(noiseRates));
                  var loss =
                      peer.autocast(
                          () ->
                              torch.mse_loss(
                                  predicted(weights, attention, noisy, times, labels)
                                      .to(torch.ScalarType.Float),
                                  noise));
                  loss.backward();
                  adamW.step();
                  for (int i = 0; i < trained.length; i++) {
                    average.get(i).lerp_(trained[i].detach(), share);
                  }
                  return loss.item_float();
                }),
        () -> {});
  }

  private org.bytedeco.pytorch.Tensor predicted(
      Map<String, org.bytedeco.pytorch.Tensor> weights,
      LibtorchVit.Attention attention,
      org.bytedeco.pytorch.Tensor noisy,
      org.bytedeco.pytorch.Tensor times,
      org.bytedeco.pytorch.Tensor labels) {
    return config() instanceof UNetConfig unet
        ? new LibtorchUNet(unet, weights, attention).forward(noisy, times, labels, null, null)
        : new LibtorchDit((DitConfig) config(), weights, attention)
            .forward(noisy, times, labels, null);
  }

  /** Those of our network when it begins; no native library of ours is loaded for it. */
  private Map<String, org.bytedeco.pytorch.Tensor> weights(LibtorchPeer peer) {
    try (Session session = Session.open(Backend.named("reference"));
        DenoisingNetwork fresh = fresh(session, Precision.FP32)) {
      return LibtorchPeer.weights(
          fresh.parameters(), (values, dims) -> channelsLast(peer.float32(values, dims)));
    }
  }

  private static org.bytedeco.pytorch.Tensor channelsLast(org.bytedeco.pytorch.Tensor tensor) {
    return tensor.dim() == 4 ? tensor.contiguous(torch.MemoryFormat.ChannelsLast) : tensor;
  }

  /** Of each image, what its pixels or its noise are multiplied by. */
  private static org.bytedeco.pytorch.Tensor rates(
      LibtorchPeer peer, int[] timesteps, boolean ofSignal) {
    float[] rates = new float[timesteps.length];
    for (int i = 0; i < rates.length; i++) {
      NoiseSchedule schedule = PROCESS.schedule();
      rates[i] =
          (float) (ofSignal ? schedule.signalRate(timesteps[i]) : schedule.noiseRate(timesteps[i]));
    }
    return peer.float32(rates, rates.length, 1, 1, 1);
  }
}
