package dev.autoprog.jmh;

import dev.autoprog.kernel.GroupShape;
import dev.autoprog.tensor.Tensor;
import dev.autoprog.testing.LibtorchMaps;
import java.util.List;
import org.openjdk.jmh.annotations.Param;

/** Group norm with SiLU behind it, as a UNet has it before each convolution. */
@Question("How close to the memory's speed are group norm and SiLU, forward and backward?")
public class GroupNormBenchmark extends Comparison {
  private static final float EPSILON = 1e-5f;

  /** Maps, their side, channels and groups. */
  @Param({"64x28x48x8", "64x14x96x8", "16x64x320x32"})
  public String shape;

  /** What is computed: forward, or forward and backward. */
  @Param({"forward", "both"})
  public String pass;

  private GroupShape groups() {
    long[] sizes = Sizes.of(shape);
    return new GroupShape(sizes[0], sizes[1] * sizes[1], sizes[2], sizes[3]);
  }

  private boolean forwardAlone() {
    return pass.equals("forward");
  }

  private long elements() {
    GroupShape s = groups();
    return s.batch() * s.pixels() * s.channels();
  }

  /** Forward x is read and y written; backward x and dy are read and dx written. */
  @Override
  Work work(Implementation implementation) {
    return Work.bytes((forwardAlone() ? 2.0 : 5.0) * elements() * implementation.elementBytes());
  }

  @Override
  Contender ours(Ours ours) {
    GroupShape s = groups();
    long[] dims = {s.batch(), s.pixels(), s.channels()};
    Tensor x = ours.tensor(Inputs.gaussian("x", elements()), dims);
    Tensor dy = ours.tensor(Inputs.gaussian("dy", elements()), dims);
    Tensor gain = ours.float32(Inputs.gaussian("gain", s.channels()), s.channels());
    Tensor bias = ours.float32(Inputs.gaussian("bias", s.channels()), s.channels());
    Tensor y = ours.empty(dims);
    Tensor mean = ours.zeros(s.batch(), s.groups());
    Tensor rstd = ours.zeros(s.batch(), s.groups());
    Tensor dx = ours.empty(dims);
    Tensor dGain = ours.zeros(s.channels());
    Tensor dBias = ours.zeros(s.channels());
    var kernels = ours.kernels();
    Runnable forward =
        () -> kernels.groupNormForward(s, EPSILON, true, x, gain, bias, y, mean, rstd);
    if (forwardAlone()) {
      return ours.contender(forward, y);
    }
    return ours.contender(
        () -> {
          forward.run();
          kernels.fill(dGain, 0);
          kernels.fill(dBias, 0);
          kernels.groupNormBackwardParameters(s, true, x, gain, bias, mean, rstd, dy, dGain, dBias);
          kernels.groupNormBackward(s, true, x, gain, bias, mean, rstd, dy, null, dx);
        },
        y,
        dx,
        dGain,
        dBias);
  }

  @Override
  Contender libtorch(LibtorchPeer peer) {
    return peer.faster(libtorch(peer, false), () -> libtorch(peer, true));
  }

  private Contender libtorch(LibtorchPeer peer, boolean channelsLast) {
    GroupShape s = groups();
    var x = maps(peer, "x", channelsLast);
    var dy = maps(peer, "dy", channelsLast);
    var gain = peer.tensor(Inputs.gaussian("gain", s.channels()), s.channels());
    var bias = peer.tensor(Inputs.gaussian("bias", s.channels()), s.channels());
    if (forwardAlone()) {
      return LibtorchPeer.contender(
          () -> List.of(LibtorchMaps.groupNorm(x, gain, bias, s.groups(), EPSILON, true)));
    }
    List.of(x, gain, bias).forEach(variable -> variable.requires_grad_(true));
    return LibtorchPeer.contender(
        () -> {
          var y = LibtorchMaps.groupNorm(x, gain, bias, s.groups(), EPSILON, true);
          var gradients = LibtorchPeer.gradients(y, dy, x, gain, bias);
          return List.of(y, gradients.get(0), gradients.get(1), gradients.get(2));
        });
  }

  /** (B, H, W, C); in memory, so or by planes. */
  private org.bytedeco.pytorch.Tensor maps(LibtorchPeer peer, String name, boolean channelsLast) {
    long[] sizes = Sizes.of(shape);
    var maps =
        peer.tensor(Inputs.gaussian(name, elements()), sizes[0], sizes[1], sizes[1], sizes[2]);
    return channelsLast ? maps : maps.permute(0, 3, 1, 2).contiguous().permute(0, 2, 3, 1);
  }
}
