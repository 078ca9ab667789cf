package dev.autoprog.kernel;

import static dev.autoprog.kernel.Shapes.elements;

import dev.autoprog.tensor.Tensor;

/** Checks in front of {@link AttentionKernels}. */
interface CheckedAttention extends CheckedFamily, AttentionKernels {
  @Override
  default void attentionForward(AttentionShape s, Tensor qkv, Tensor out, Tensor logSumExp) {
    begin("attentionForward")
        .activation("qkv", qkv, elements(s.batch(), s.tokens(), 3, s.heads(), s.headDim()))
        .result("out", out, elements(s.batch(), s.tokens(), s.heads(), s.headDim()))
        .output("logSumExp", logSumExp, elements(s.batch(), s.heads(), s.tokens()));
    unchecked().attentionForward(s, qkv, out, logSumExp);
  }

  @Override
  default void attentionBackward(
      AttentionShape s, Tensor qkv, Tensor out, Tensor logSumExp, Tensor dOut, Tensor dQkv) {
    begin("attentionBackward")
        .activation("qkv", qkv, elements(s.batch(), s.tokens(), 3, s.heads(), s.headDim()))
        .activation("out", out, elements(s.batch(), s.tokens(), s.heads(), s.headDim()))
        .input("logSumExp", logSumExp, elements(s.batch(), s.heads(), s.tokens()))
        .activation("dOut", dOut, elements(s.batch(), s.tokens(), s.heads(), s.headDim()))
        .result("dQkv", dQkv, elements(s.batch(), s.tokens(), 3, s.heads(), s.headDim()));
    unchecked().attentionBackward(s, qkv, out, logSumExp, dOut, dQkv);
  }

  @Override
  default void crossAttentionForward(
      CrossAttentionShape s, Tensor q, Tensor kv, Tensor out, Tensor logSumExp) {
    begin("crossAttentionForward")
        .activation("q", q, elements(s.batch(), s.queries(), s.heads(), s.headDim()))
        .activation("kv", kv, elements(s.batch(), s.keys(), 2, s.heads(), s.headDim()))
        .result("out", out, elements(s.batch(), s.queries(), s.heads(), s.headDim()))
        .output("logSumExp", logSumExp, elements(s.batch(), s.heads(), s.queries()));
    unchecked().crossAttentionForward(s, q, kv, out, logSumExp);
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
    begin("crossAttentionBackward")
        .activation("q", q, elements(s.batch(), s.queries(), s.heads(), s.headDim()))
        .activation("kv", kv, elements(s.batch(), s.keys(), 2, s.heads(), s.headDim()))
        .activation("out", out, elements(s.batch(), s.queries(), s.heads(), s.headDim()))
        .input("logSumExp", logSumExp, elements(s.batch(), s.heads(), s.queries()))
        .activation("dOut", dOut, elements(s.batch(), s.queries(), s.heads(), s.headDim()))
        .result("dQ", dQ, elements(s.batch(), s.queries(), s.heads(), s.headDim()))
        .result("dKv", dKv, elements(s.batch(), s.keys(), 2, s.heads(), s.headDim()));
    unchecked().crossAttentionBackward(s, q, kv, out, logSumExp, dOut, dQ, dKv);
  }
}
