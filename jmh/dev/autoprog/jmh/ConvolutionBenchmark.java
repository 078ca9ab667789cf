package dev.autoprog.jmh;

import dev.autoprog.kernel.ConvolutionShape;
import dev.autoprog.tensor.Tensor;
import dev.autoprog.testing.LibtorchMaps;
import java.util.List;
import org.openjdk.jmh.annotations.Param;

/**
 * A 3×3 convolution with bias on feature maps, as a UNet has them. The peer reads its maps as it
 * likes them best: planes, or channels last.
 */
@Question("How fast is a UNet's convolution, forward, and with the gradients of all three?")
public class ConvolutionBenchmark extends Comparison {
  private static final int KERNEL = 3;

  /** Maps, their side, channels in and out. */
  @Param({"64x28x48x48", "64x14x96x96", "64x7x192x96"})
  public String shape;

  /** What is computed: forward, or forward and backward. */
  @Param({"forward", "both"})
  public String pass;

  private ConvolutionShape convolution() {
    long[] sizes = Sizes.of(shape);
    return new ConvolutionShape(
        sizes[0], sizes[1], sizes[1], sizes[2], sizes[3], KERNEL, 1, KERNEL / 2);
  }

  private boolean forwardAlone() {
    return pass.equals("forward");
  }

  @Override
  Work work(Implementation implementation) {
    var s = convolution().unfolded();
    return Work.operations((forwardAlone() ? 1 : 3) * Work.product(s.rows(), s.in(), s.out()));
  }

  private static float[] maps(String name, ConvolutionShape s, long channels) {
    return Inputs.gaussian(name, s.batch() * s.height() * s.width() * channels);
  }

  private static float[] weight(ConvolutionShape s) {
    return Inputs.gaussian("weight", s.out() * s.patch());
  }

  @Override
  Contender ours(Ours ours) {
    ConvolutionShape s = convolution();
    Tensor x = ours.tensor(maps("x", s, s.in()), s.batch(), s.height(), s.width(), s.in());
    Tensor dy = ours.tensor(maps("dy", s, s.out()), s.batch(), s.height(), s.width(), s.out());
    Tensor weight = ours.tensor(weight(s), s.out(), s.in(), KERNEL, KERNEL);
    Tensor bias = ours.float32(Inputs.gaussian("bias", s.out()), s.out());
    Tensor y = ours.empty(s.batch(), s.height(), s.width(), s.out());
    Tensor dx = ours.empty(s.batch(), s.height(), s.width(), s.in());
    Tensor dWeight = ours.zeros(s.out(), s.in(), KERNEL, KERNEL);
    Tensor dBias = ours.zeros(s.out());
    var kernels = ours.kernels();
    Runnable forward = () -> kernels.convolutionForward(s, x, weight, bias, y);
    if (forwardAlone()) {
      return ours.contender(forward, y);
    }
    return ours.contender(
        () -> {
          forward.run();
          kernels.fill(dWeight, 0);
          kernels.fill(dBias, 0);
          kernels.convolutionBackwardInput(s, dy, weight, dx);
          kernels.convolutionBackwardWeight(s, x, dy, dWeight, dBias);
        },
        y,
        dx,
        dWeight,
        dBias);
  }

  @Override
  Contender libtorch(LibtorchPeer peer) {
    return peer.faster(libtorch(peer, false), () -> libtorch(peer, true));
  }

  private Contender libtorch(LibtorchPeer peer, boolean channelsLast) {
    ConvolutionShape s = convolution();
    var x = maps(peer, "x", s, s.in(), channelsLast);
    var dy = maps(peer, "dy", s, s.out(), channelsLast);
    var weight = peer.tensor(weight(s), s.out(), s.in(), KERNEL, KERNEL);
    var bias = peer.tensor(Inputs.gaussian("bias", s.out()), s.out());
    if (forwardAlone()) {
      return LibtorchPeer.contender(
          () -> List.of(LibtorchMaps.convolution(x, weight, bias, 1, KERNEL / 2)));
    }
    List.of(x, weight, bias).forEach(variable -> variable.requires_grad_(true));
    return LibtorchPeer.contender(
        () -> {
          var y = LibtorchMaps.convolution(x, weight, bias, 1, KERNEL / 2);
          var gradients = LibtorchPeer.gradients(y, dy, x, weight, bias);
          return List.of(y, gradients.get(0), gradients.get(1), gradients.get(2));
        });
  }

  /** (B, H, W, C); in memory, so or by planes. */
  private static org.bytedeco.pytorch.Tensor maps(
      LibtorchPeer peer, String name, ConvolutionShape s, long channels, boolean channelsLast) {
    var maps = peer.tensor(maps(name, s, channels), s.batch(), s.height(), s.width(), channels);
    return channelsLast ? maps : maps.permute(0, 3, 1, 2).contiguous().permute(0, 2, 3, 1);
  }
}
