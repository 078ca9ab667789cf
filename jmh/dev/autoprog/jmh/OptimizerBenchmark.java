package dev.autoprog.jmh;

import dev.autoprog.kernel.AdamWConstants;
import dev.autoprog.nn.Precision;
import dev.autoprog.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.bytedeco.pytorch.AdamW;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.TensorVector;
import org.openjdk.jmh.annotations.Param;

/**
 * One AdamW step and the moving averages of the weights; ours in bfloat16 also writes the weights
 * rounded, for the next step's products. The peer gets all weights as one tensor, which is its best
 * case: a model's are some 150.
 */
@Question(
    value = "How close to the memory's speed is an AdamW step with moving averages?",
    peers = {Implementation.LIBTORCH, Implementation.LIBTORCH_BEST})
public class OptimizerBenchmark extends Comparison {
  private static final double LEARNING_RATE = 1e-2;
  private static final double EMA_DECAY = 0.99;

  /** DeiT-Ti's and DeiT-S's. */
  @Param({"5717416", "22050664"})
  public int parameters;

  /** How many moving averages are carried along. */
  @Param({"1", "4"})
  public int averages;

  /** Weights, both moments and averages are read and written, gradients read; a copy is written. */
  @Override
  Work work(Implementation implementation) {
    int copy = implementation.isBfloat16() ? implementation.elementBytes() : 0;
    return Work.bytes(((7.0 + 2 * averages) * Float.BYTES + copy) * parameters);
  }

  @Override
  Contender ours(Ours ours) {
    Tensor w = ours.float32(Inputs.gaussian("w", parameters), parameters);
    Tensor g = ours.float32(Inputs.gaussian("g", parameters), parameters);
    Tensor m = ours.zeros(parameters);
    Tensor v = ours.zeros(parameters);
    Tensor squaredNorm = ours.zeros(1);
    Tensor rounded = ours.precision() == Precision.BF16 ? ours.empty(parameters) : null;
    List<Tensor> emas = Stream.generate(() -> ours.zeros(parameters)).limit(averages).toList();
    double[] decays = new double[averages];
    Arrays.fill(decays, EMA_DECAY);
    AdamWConstants constants =
        new AdamWConstants(
            0.9f, 0.999f, 1e-8f, (float) LibtorchPeer.WEIGHT_DECAY, Float.POSITIVE_INFINITY);
    Tensor rates = ours.zeros(AdamWConstants.RATES + averages);
    long[] step = {0};
    List<Tensor> outputs = new ArrayList<>(emas);
    outputs.add(rounded == null ? w : rounded);
    return ours.contender(
        () -> {
          rates.set(constants.rates(LEARNING_RATE, ++step[0], decays));
          ours.kernels().adamW(constants, rates, w, g, m, v, squaredNorm, emas, rounded);
        },
        outputs.toArray(Tensor[]::new));
  }

  @Override
  Contender libtorch(LibtorchPeer peer) {
    var w = peer.float32(Inputs.gaussian("w", parameters), parameters).requires_grad_(true);
    w.mul(peer.float32(Inputs.gaussian("g", parameters), parameters)).sum().backward();
    var emas =
        Stream.generate(() -> peer.float32(new float[parameters], parameters))
            .limit(averages)
            .toList();
    AdamW adamW = LibtorchPeer.adamW(new TensorVector(w), LEARNING_RATE);
    Scalar share = new Scalar(1 - EMA_DECAY);
    return LibtorchPeer.contender(
        () -> {
          adamW.step();
          emas.forEach(ema -> ema.lerp_(w.detach(), share));
          List<org.bytedeco.pytorch.Tensor> outputs = new ArrayList<>(emas);
          outputs.add(w);
          return outputs;
        });
  }
}
