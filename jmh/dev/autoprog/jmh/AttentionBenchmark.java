package dev.autoprog.jmh;

import dev.autoprog.kernel.AttentionShape;
import dev.autoprog.model.LibtorchVit;
import dev.autoprog.tensor.Tensor;
import java.util.List;
import org.openjdk.jmh.annotations.Param;

/** Attention from packed queries, keys and values, at width 384 and about 8 320 tokens in all. */
@Question("How fast is attention at the sizes of vision transformers, with and without gradients?")
public class AttentionBenchmark extends Comparison {
  private static final int WIDTH = 384;
  private static final int ALL_TOKENS = 8320;

  /** N, tokens of an image. */
  @Param({"49", "65", "197", "257"})
  public int tokens;

  /** D, width of a head. */
  @Param({"32", "64"})
  public int headDim;

  /** What is computed. */
  @Param({"forward", "forward+backward"})
  public String pass;

  private AttentionShape attention() {
    return new AttentionShape(ALL_TOKENS / tokens, tokens, WIDTH / headDim, headDim);
  }

  private boolean backward() {
    return pass.equals("forward+backward");
  }

  @Override
  Work work(Implementation implementation) {
    AttentionShape s = attention();
    double forward = Work.attentionForward(s.batch(), s.tokens(), s.width());
    double backward = Work.attentionBackward(s.batch(), s.tokens(), s.width());
    return Work.operations(backward() ? forward + backward : forward);
  }

  @Override
  Contender ours(Ours ours) {
    AttentionShape s = attention();
    long elements = s.batch() * s.tokens() * s.width();
    Tensor qkv =
        ours.tensor(
            Inputs.gaussian("qkv", 3 * elements), s.batch(), s.tokens(), 3, s.heads(), s.headDim());
    Tensor dOut =
        ours.tensor(
            Inputs.gaussian("dOut", elements), s.batch(), s.tokens(), s.heads(), s.headDim());
    Tensor out = ours.empty(s.batch(), s.tokens(), s.heads(), s.headDim());
    Tensor logSumExp = ours.zeros(s.batch(), s.heads(), s.tokens());
    Tensor dQkv = ours.empty(s.batch(), s.tokens(), 3, s.heads(), s.headDim());
    var kernels = ours.kernels();
    if (!backward()) {
      return ours.contender(() -> kernels.attentionForward(s, qkv, out, logSumExp), out);
    }
    return ours.contender(
        () -> {
          kernels.attentionForward(s, qkv, out, logSumExp);
          kernels.attentionBackward(s, qkv, out, logSumExp, dOut, dQkv);
        },
        out,
        dQkv);
  }

  @Override
  Contender libtorch(LibtorchPeer peer) {
    AttentionShape s = attention();
    long elements = s.batch() * s.tokens() * s.width();
    var qkv =
        peer.tensor(
            Inputs.gaussian("qkv", 3 * elements), s.batch(), s.tokens(), 3, s.heads(), s.headDim());
    var dOut =
        peer.tensor(
            Inputs.gaussian("dOut", elements), s.batch(), s.tokens(), s.heads(), s.headDim());
    qkv.requires_grad_(backward());
    return peer.attending(
        attention ->
            LibtorchPeer.contender(
                () -> {
                  var out = LibtorchVit.packed(qkv, attention).contiguous();
                  return backward()
                      ? List.of(out, LibtorchPeer.gradients(out, dOut, qkv).get(0))
                      : List.of(out);
                }));
  }
}
