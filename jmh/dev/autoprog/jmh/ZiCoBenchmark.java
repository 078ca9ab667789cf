package dev.autoprog.jmh;

import dev.autoprog.tensor.Tensor;
import java.util.List;
import org.bytedeco.pytorch.Scalar;
import org.openjdk.jmh.annotations.Param;

/**
 * What a batch's gradient costs ZiCo once it is there: mean, mean magnitude and squared deviations
 * of every weight. The peer writes the same statistics with its own operations, in place.
 */
@Question(
    value = "How close to the memory's speed are ZiCo's running statistics?",
    ours = Implementation.AUTOPROG_FP32,
    peers = {Implementation.LIBTORCH, Implementation.LIBTORCH_BEST})
public class ZiCoBenchmark extends Comparison {
  /** The batch that comes in; what depends on it is a factor. */
  private static final long BATCH = 2;

  /** DeiT-Ti's and DeiT-S's. */
  @Param({"5717416", "22050664"})
  public int parameters;

  /** The gradient is read; mean, magnitude and squares are read and written. */
  @Override
  Work work(Implementation implementation) {
    return Work.bytes(7.0 * Float.BYTES * parameters);
  }

  @Override
  Contender ours(Ours ours) {
    Tensor g = ours.float32(Inputs.gaussian("g", parameters), parameters);
    Tensor mean = ours.zeros(parameters);
    Tensor magnitude = ours.zeros(parameters);
    Tensor squares = ours.zeros(parameters);
    return ours.contender(
        () -> ours.kernels().zicoUpdate(BATCH, g, mean, magnitude, squares),
        mean,
        magnitude,
        squares);
  }

  @Override
  Contender libtorch(LibtorchPeer peer) {
    var g = peer.float32(Inputs.gaussian("g", parameters), parameters);
    var mean = peer.float32(new float[parameters], parameters);
    var magnitude = peer.float32(new float[parameters], parameters);
    var squares = peer.float32(new float[parameters], parameters);
    Scalar share = new Scalar(1.0 / BATCH);
    return LibtorchPeer.contender(
        () -> {
          var before = g.sub(mean);
          mean.lerp_(g, share);
          squares.addcmul_(before, g.sub(mean));
          magnitude.lerp_(g.abs(), share);
          return List.of(mean, magnitude, squares);
        });
  }
}
