package dev.autoprog.jmh;

import dev.autoprog.kernel.Gelu;
import dev.autoprog.tensor.Tensor;
import java.util.List;
import org.bytedeco.pytorch.global.torch;
import org.openjdk.jmh.annotations.Param;

/** The exact GELU of an MLP's hidden layer. */
@Question("How close to the memory's speed is GELU, forward and backward?")
public class GeluBenchmark extends Comparison {
  /** Rows and hidden width. */
  @Param({"8320x1536", "1576x768"})
  public String shape;

  /** What is computed. */
  @Param({"forward", "forward+backward"})
  public String pass;

  private boolean backward() {
    return pass.equals("forward+backward");
  }

  /** Forward x is read and y written; backward x, or what was kept of it, and dy are read too. */
  @Override
  Work work(Implementation implementation) {
    long[] s = Sizes.of(shape);
    return Work.bytes((backward() ? 5.0 : 2.0) * s[0] * s[1] * implementation.elementBytes());
  }

  @Override
  Contender ours(Ours ours) {
    long[] s = Sizes.of(shape);
    Tensor x = ours.tensor(Inputs.gaussian("x", s[0] * s[1]), s);
    Tensor dy = ours.tensor(Inputs.gaussian("dy", s[0] * s[1]), s);
    Tensor y = ours.empty(s);
    var kernels = ours.kernels();
    if (!backward()) {
      return ours.contender(() -> kernels.geluForward(Gelu.ERF, x, y, null), y);
    }
    Tensor slope = ours.empty(s);
    Tensor dx = ours.empty(s);
    return ours.contender(
        () -> {
          kernels.geluForward(Gelu.ERF, x, y, slope);
          kernels.geluBackward(slope, dy, dx);
        },
        y,
        dx);
  }

  @Override
  Contender libtorch(LibtorchPeer peer) {
    long[] s = Sizes.of(shape);
    var x = peer.tensor(Inputs.gaussian("x", s[0] * s[1]), s);
    var dy = peer.tensor(Inputs.gaussian("dy", s[0] * s[1]), s);
    return backward()
        ? LibtorchPeer.contender(() -> List.of(torch.gelu(x), torch.gelu_backward(dy, x)))
        : LibtorchPeer.contender(() -> List.of(torch.gelu(x)));
  }
}
