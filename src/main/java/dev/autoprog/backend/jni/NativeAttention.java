package dev.autoprog.backend.jni;

import dev.autoprog.kernel.AttentionKernels;
import dev.autoprog.kernel.AttentionShape;
import dev.autoprog.kernel.CrossAttentionShape;
import dev.autoprog.tensor.Tensor;

/** The kernels of {@code attention.cpp} and {@code attention.cu}. */
interface NativeAttention extends AttentionKernels, NativeContext {
  @Override
  default void attentionForward(AttentionShape s, Tensor qkv, Tensor out, Tensor logSumExp) {
    check(
        KernelFunctions.ap_attention_forward(
            context(),
            NativeContext.type(qkv),
            s.batch(),
            s.tokens(),
            s.heads(),
            s.headDim(),
            s.scale(),
            qkv.address(),
            out.address(),
            logSumExp.address()));
  }

  @Override
  default void attentionBackward(
      AttentionShape s, Tensor qkv, Tensor out, Tensor logSumExp, Tensor dOut, Tensor dQkv) {
    check(
        KernelFunctions.ap_attention_backward(
            context(),
            NativeContext.type(qkv),
            s.batch(),
            s.tokens(),
            s.heads(),
            s.headDim(),
            s.scale(),
            qkv.address(),
            out.address(),
            logSumExp.address(),
            dOut.address(),
            dQkv.address()));
  }

  @Override
  default void crossAttentionForward(
      CrossAttentionShape s, Tensor q, Tensor kv, Tensor out, Tensor logSumExp) {
    check(
        KernelFunctions.ap_cross_attention_forward(
            context(),
            NativeContext.type(q),
            s.batch(),
            s.queries(),
            s.keys(),
            s.heads(),
            s.headDim(),
            s.scale(),
            q.address(),
            kv.address(),
            out.address(),
            logSumExp.address()));
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
    check(
        KernelFunctions.ap_cross_attention_backward(
            context(),
            NativeContext.type(q),
            s.batch(),
            s.queries(),
            s.keys(),
            s.heads(),
            s.headDim(),
            s.scale(),
            q.address(),
            kv.address(),
            out.address(),
            logSumExp.address(),
            dOut.address(),
            dQ.address(),
            dKv.address()));
  }
}
