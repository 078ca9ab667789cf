package dev.autoprog.jmh;

import dev.autoprog.kernel.RowsShape;
import dev.autoprog.tensor.Tensor;
import java.util.List;
import org.bytedeco.javacpp.BoolPointer;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.openjdk.jmh.annotations.Param;

/** Layer norm with gain and bias; the backward pass gives the gradients of all three. */
@Question("How close to the memory's speed is layer norm, forward and backward?")
public class LayerNormBenchmark extends Comparison {
  private static final float EPSILON = 1e-6f;

  /** Rows and width. */
  @Param({"8320x384", "1576x768"})
  public String shape;

  /** What is computed. */
  @Param({"forward", "backward"})
  public String pass;

  private RowsShape rows() {
    long[] sizes = Sizes.of(shape);
    return RowsShape.dense(sizes[0], sizes[1]);
  }

  private boolean backward() {
    return pass.equals("backward");
  }

  /** Forward x is read and y written; backward x and dy are read and dx written. */
  @Override
  Work work(Implementation implementation) {
    RowsShape s = rows();
    double array = (double) s.rows() * s.columns() * implementation.elementBytes();
    return Work.bytes((backward() ? 3 : 2) * array);
  }

  @Override
  Contender ours(Ours ours) {
    RowsShape s = rows();
    long n = s.rows();
    long width = s.columns();
    Tensor x = ours.tensor(Inputs.gaussian("x", n * width), n, width);
    Tensor dy = ours.tensor(Inputs.gaussian("dy", n * width), n, width);
    Tensor gain = ours.float32(Inputs.gaussian("gain", width), width);
    Tensor bias = ours.float32(Inputs.gaussian("bias", width), width);
    Tensor y = ours.empty(n, width);
    Tensor mean = ours.zeros(n);
    Tensor rstd = ours.zeros(n);
    Tensor dx = ours.empty(n, width);
    Tensor dGain = ours.zeros(width);
    Tensor dBias = ours.zeros(width);
    var kernels = ours.kernels();
    Runnable forward = () -> kernels.layerNormForward(s, EPSILON, x, gain, bias, y, mean, rstd);
    if (!backward()) {
      return ours.contender(forward, y);
    }
    forward.run();
    return ours.contender(
        () -> {
          kernels.layerNormBackwardParameters(s, x, mean, rstd, dy, dGain, dBias);
          kernels.layerNormBackward(s, x, gain, mean, rstd, dy, null, dx);
        },
        dx,
        dGain,
        dBias);
  }

  @Override
  Contender libtorch(LibtorchPeer peer) {
    RowsShape s = rows();
    long n = s.rows();
    long[] width = {s.columns()};
    var x = peer.tensor(Inputs.gaussian("x", n * width[0]), n, width[0]);
    var dy = peer.tensor(Inputs.gaussian("dy", n * width[0]), n, width[0]);
    var gain = new TensorOptional(peer.tensor(Inputs.gaussian("gain", width[0]), width));
    var bias = new TensorOptional(peer.tensor(Inputs.gaussian("bias", width[0]), width));
    if (!backward()) {
      return LibtorchPeer.contender(
          () -> List.of(torch.native_layer_norm(x, width, gain, bias, EPSILON).get0()));
    }
    var forward = torch.native_layer_norm(x, width, gain, bias, EPSILON);
    var mean = forward.get1();
    var rstd = forward.get2();
    var all = new BoolPointer(3).put(0, true).put(1, true).put(2, true);
    return LibtorchPeer.contender(
        () -> {
          var gradients =
              torch.native_layer_norm_backward(dy, x, width, mean, rstd, gain, bias, all);
          return List.of(gradients.get0(), gradients.get1(), gradients.get2());
        });
  }
}
