package dev.autoprog.kernel.reference;

import dev.autoprog.kernel.AttentionKernels;
import dev.autoprog.kernel.AttentionShape;
import dev.autoprog.kernel.CrossAttentionShape;
import dev.autoprog.tensor.Tensor;

/** Scaled dot-product attention, one query at a time against all keys. */
interface ReferenceAttention extends AttentionKernels {
  @Override
  default void attentionForward(AttentionShape s, Tensor qkv, Tensor out, Tensor logSumExp) {
    ReferenceHeads[] in = ReferenceHeads.parts(Values.read(qkv), selfShape(s), s.tokens(), 3);
    forward(selfShape(s), in[0], in[1], in[2], out, logSumExp);
  }

  @Override
  default void attentionBackward(
      AttentionShape s, Tensor qkv, Tensor out, Tensor logSumExp, Tensor dOut, Tensor dQkv) {
    CrossAttentionShape shape = selfShape(s);
    ReferenceHeads[] in = ReferenceHeads.parts(Values.read(qkv), shape, s.tokens(), 3);
    double[] gradient = new double[3 * (int) (s.batch() * s.tokens() * s.width())];
    ReferenceHeads[] to = ReferenceHeads.parts(gradient, shape, s.tokens(), 3);
    backward(shape, in[0], in[1], in[2], out, logSumExp, dOut, to[0], to[1], to[2]);
    Values.write(gradient, dQkv);
  }

  @Override
  default void crossAttentionForward(
      CrossAttentionShape s, Tensor q, Tensor kv, Tensor out, Tensor logSumExp) {
    ReferenceHeads[] in = ReferenceHeads.parts(Values.read(kv), s, s.keys(), 2);
    forward(s, ReferenceHeads.alone(Values.read(q), s), in[0], in[1], out, logSumExp);
  }

  @Override
  default void crossAttentionBackward(
      CrossAttentionShape s,
      Tensor q,
      Tensor kv,
      Tensor out,
      Tensor logSumExp,
      Tensor dOut,
      Tensor dQ,
      Tensor dKv) {
    ReferenceHeads[] in = ReferenceHeads.parts(Values.read(kv), s, s.keys(), 2);
    double[] queries = new double[(int) (s.batch() * s.queries() * s.width())];
    double[] others = new double[2 * (int) (s.batch() * s.keys() * s.width())];
    ReferenceHeads[] to = ReferenceHeads.parts(others, s, s.keys(), 2);
    backward(
        s,
        ReferenceHeads.alone(Values.read(q), s),
        in[0],
        in[1],
        out,
        logSumExp,
        dOut,
        ReferenceHeads.alone(queries, s),
        to[0],
        to[1]);
    Values.write(queries, dQ);
    Values.write(others, dKv);
  }

  private static CrossAttentionShape selfShape(AttentionShape s) {
    return new CrossAttentionShape(s.batch(), s.tokens(), s.tokens(), s.heads(), s.headDim());
  }

  private static void forward(
      CrossAttentionShape s,
      ReferenceHeads q,
      ReferenceHeads k,
      ReferenceHeads v,
      Tensor out,
      Tensor logSumExp) {
    int keys = (int) s.keys();
    double[] o = new double[Math.toIntExact(out.elements())];
    double[] lse = new double[Math.toIntExact(logSumExp.elements())];
    ReferenceHeads to = ReferenceHeads.alone(o, s);
    for (int b = 0; b < s.batch(); b++) {
      for (int h = 0; h < s.heads(); h++) {
        for (int n = 0; n < s.queries(); n++) {
          double[] scores = scores(s, q, k, b, n, h);
          double l = LogSumExp.of(scores, 0, keys);
          lse[saved(s, b, n, h)] = l;
          for (int j = 0; j < keys; j++) {
            to.add(b, n, h, Math.exp(scores[j] - l), v, j);
          }
        }
      }
    }
    Values.write(o, out);
    Values.write(lse, logSumExp);
  }

  /**
   * With {@code P = exp(S − logSumExp)} and {@code S = q kᵀ/√D}: {@code dV = Pᵀ dO}, {@code dS = P
   * ∘ (dO Vᵀ − rowsum(dO ∘ O))}, {@code dQ = dS K/√D}, {@code dK = dSᵀ Q/√D}.
   */
  private static void backward(
      CrossAttentionShape s,
      ReferenceHeads q,
      ReferenceHeads k,
      ReferenceHeads v,
      Tensor out,
      Tensor logSumExp,
      Tensor dOut,
      ReferenceHeads dQ,
      ReferenceHeads dK,
      ReferenceHeads dV) {
    ReferenceHeads o = ReferenceHeads.alone(Values.read(out), s);
    ReferenceHeads dO = ReferenceHeads.alone(Values.read(dOut), s);
    double[] lse = Values.read(logSumExp);
    double scale = 1 / Math.sqrt(s.headDim());
    for (int b = 0; b < s.batch(); b++) {
      for (int h = 0; h < s.heads(); h++) {
        for (int n = 0; n < s.queries(); n++) {
          double[] scores = scores(s, q, k, b, n, h);
          double delta = dO.dot(b, n, h, o, n);
          for (int j = 0; j < s.keys(); j++) {
            double p = Math.exp(scores[j] - lse[saved(s, b, n, h)]);
            double dScore = p * (dO.dot(b, n, h, v, j) - delta);
            dQ.add(b, n, h, scale * dScore, k, j);
            dK.add(b, j, h, scale * dScore, q, n);
            dV.add(b, j, h, p, dO, n);
          }
        }
      }
    }
  }

  private static double[] scores(
      CrossAttentionShape s, ReferenceHeads q, ReferenceHeads k, int b, int n, int h) {
    double[] scores = new double[(int) s.keys()];
    for (int j = 0; j < scores.length; j++) {
      scores[j] = q.dot(b, n, h, k, j) / Math.sqrt(s.headDim());
    }
    return scores;
  }

  /** Where a query's number is in {@code logSumExp (B,H,N)}. */
  private static int saved(CrossAttentionShape s, int b, int n, int h) {
    return (int) ((b * s.heads() + h) * s.queries() + n);
  }
}
