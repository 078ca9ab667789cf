package dev.autoprog.jmh;

import dev.autoprog.kernel.LinearShape;
import dev.autoprog.tensor.Tensor;
import java.util.List;
import org.bytedeco.pytorch.global.torch;
import org.openjdk.jmh.annotations.Param;

/** {@code y = x Wᵀ + b}, {@code dx = dy W} and {@code dW += dyᵀ x} on the shapes of ViTs. */
@Question("How fast are a linear layer and its two gradients, on the shapes of ViT-Ti, S and B?")
public class MatmulBenchmark extends Comparison {
  /** Rows, width before and after: 8 images at 224 px (197 tokens), or 128 at 32 px (65). */
  @Param({
    "1576x192x576",
    "1576x192x768",
    "8320x384x1152",
    "8320x384x1536",
    "8320x1536x384",
    "1576x768x3072"
  })
  public String shape;

  /** Which product. */
  @Param({"forward", "dx", "dW"})
  public String pass;

  private LinearShape linear() {
    long[] sizes = Sizes.of(shape);
    return new LinearShape(sizes[0], sizes[1], sizes[2]);
  }

  @Override
  Work work(Implementation implementation) {
    LinearShape s = linear();
    return Work.operations(Work.product(s.rows(), s.in(), s.out()));
  }

  @Override
  Contender ours(Ours ours) {
    LinearShape s = linear();
    Tensor x = ours.tensor(Inputs.gaussian("x", s.rows() * s.in()), s.rows(), s.in());
    Tensor dy = ours.tensor(Inputs.gaussian("dy", s.rows() * s.out()), s.rows(), s.out());
    Tensor weight = ours.tensor(Inputs.gaussian("weight", s.in() * s.out()), s.out(), s.in());
    Tensor bias = ours.float32(Inputs.gaussian("bias", s.out()), s.out());
    Tensor y = ours.empty(s.rows(), s.out());
    Tensor dx = ours.empty(s.rows(), s.in());
    Tensor dWeight = ours.zeros(s.out(), s.in());
    var kernels = ours.kernels();
    return switch (pass) {
      case "forward" -> ours.contender(() -> kernels.linearForward(s, x, weight, bias, null, y), y);
      case "dx" -> ours.contender(() -> kernels.linearBackwardInput(s, dy, weight, null, dx), dx);
      default ->
          ours.contender(() -> kernels.linearBackwardWeight(s, x, dy, dWeight, null), dWeight);
    };
  }

  @Override
  Contender libtorch(LibtorchPeer peer) {
    LinearShape s = linear();
    var x = peer.tensor(Inputs.gaussian("x", s.rows() * s.in()), s.rows(), s.in());
    var dy = peer.tensor(Inputs.gaussian("dy", s.rows() * s.out()), s.rows(), s.out());
    var weight = peer.tensor(Inputs.gaussian("weight", s.in() * s.out()), s.out(), s.in());
    var bias = peer.tensor(Inputs.gaussian("bias", s.out()), s.out());
    var dWeight = peer.tensor(new float[(int) (s.out() * s.in())], s.out(), s.in());
    return switch (pass) {
      case "forward" -> LibtorchPeer.contender(() -> List.of(torch.linear(x, weight, bias)));
      case "dx" -> LibtorchPeer.contender(() -> List.of(dy.mm(weight)));
      default -> LibtorchPeer.contender(() -> List.of(dWeight.addmm_(dy.t(), x)));
    };
  }
}
