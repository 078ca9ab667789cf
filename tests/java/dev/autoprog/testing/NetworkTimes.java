package dev.autoprog.testing;

import dev.autoprog.backend.Backend;
import dev.autoprog.backend.Session;
import dev.autoprog.model.DitConfig;
import dev.autoprog.model.UNetConfig;
import dev.autoprog.model.VitConfig;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.DoubleStream;

/**
 * Times whole networks where there is neither JMH nor libtorch: a training step, the neural tangent
 * kernel, ZiCo. Random weights and inputs, bfloat16, one batch again and again; each time ends when
 * its result is on the host. Another program, which knows the peers, reads what is printed.
 */
public final class NetworkTimes {
  private static final int WARM_UPS = 5;

  private NetworkTimes() {}

  /**
   * Prints a JSON object: {@code milliseconds}, of each run, {@code bytes}, that the session holds
   * at the end, and {@code backend}.
   *
   * @param args step, ntk or zico; vit-s (DeiT-S/16 at 224), dit-s or dit-xl (DiT-S/2 and DiT-XL/2,
   *     without a variance), unet (Stable Diffusion 1.5's), vit-s-mini, dit-s-mini or unet-mini;
   *     the batch; how many runs; a backend
   */
  public static void main(String[] args) {
    if (args.length != 5) {
      System.err.println(
          "NetworkTimes: %d arguments, expected work, network, batch, runs and backend"
              .formatted(args.length));
      System.exit(2);
    }
    Backend backend = Backend.named(args[4]);
    try (Session session = Session.open(backend);
        TimedNetwork network = network(session, args[1], Integer.parseInt(args[2]))) {
      Runnable work = work(args[0], network);
      double[] times = milliseconds(session, work, Integer.parseInt(args[3]));
      System.out.printf(
          Locale.ROOT,
          "{\"milliseconds\": %s, \"bytes\": %d, \"backend\": \"%s\"}%n",
          Arrays.toString(times),
          session.allocatedBytes(),
          backend.name());
    }
  }

  private static double[] milliseconds(Session session, Runnable work, int runs) {
    Runnable timed =
        () -> {
          session.arena().reset();
          work.run();
        };
    for (int i = 0; i < WARM_UPS; i++) {
      timed.run();
    }
    return DoubleStream.generate(
            () -> {
              long begin = System.nanoTime();
              timed.run();
              return (System.nanoTime() - begin) * 1e-6;
            })
        .limit(runs)
        .toArray();
  }

  private static Runnable work(String name, TimedNetwork network) {
    return switch (name) {
      case "step" -> network::step;
      case "ntk" -> network::tangentKernel;
      case "zico" -> network::zico;
      default ->
          throw new IllegalArgumentException("work is " + name + ", expected step, ntk or zico");
    };
  }

  private static TimedNetwork network(Session session, String name, int batch) {
    return switch (name) {
      case "vit-s" -> new TimedClassifier(session, VitConfig.deitSmall(), batch);
      case "vit-s-mini" ->
          new TimedClassifier(session, new VitConfig(32, 8, 3, 10, 48, 2, 3, 4), batch);
      case "dit-s" -> new TimedDenoiser(session, dit(32, 384, 12, 6, 1000), batch);
      case "dit-xl" -> new TimedDenoiser(session, dit(32, 1152, 28, 16, 1000), batch);
      case "dit-s-mini" -> new TimedDenoiser(session, dit(8, 48, 2, 3, 10), batch);
      case "unet" -> new TimedDenoiser(session, UNetConfig.stableDiffusion15(), batch);
      case "unet-mini" -> new TimedDenoiser(session, smallUNet(), batch);
      default ->
          throw new IllegalArgumentException(
              "network is "
                  + name
                  + ", expected vit-s, dit-s, dit-xl, unet, vit-s-mini, dit-s-mini or unet-mini");
    };
  }

  /** On latents of four channels, patches of two pixels. */
  private static DitConfig dit(int resolution, int width, int depth, int heads, int classes) {
    return new DitConfig(resolution, 2, 4, classes, width, depth, heads, 4, false, 0);
  }

  private static UNetConfig smallUNet() {
    return new UNetConfig(16, 4, 0, 0, 64, List.of(1, 2), List.of(0), 1, 4, 32, 48, false);
  }
}
