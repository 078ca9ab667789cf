package dev.autoprog.backend.cuda;

import dev.autoprog.kernel.AttentionKernels;
import dev.autoprog.kernel.AttentionShape;
import dev.autoprog.kernel.CrossAttentionShape;
import dev.autoprog.tensor.Tensor;

/** {@code attention.cu}. */
interface CudaAttention extends AttentionKernels, CudaContext {
  @Override
  default void attentionForward(AttentionShape s, Tensor qkv, Tensor out, Tensor logSumExp) {
    check(
        NativeCuda.ap_attention_forward(
            context(),
            CudaContext.type(qkv),
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
        NativeCuda.ap_attention_backward(
            context(),
            CudaContext.type(qkv),
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
        NativeCuda.ap_cross_attention_forward(
            context(),
            CudaContext.type(q),
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
        NativeCuda.ap_cross_attention_backward(
            context(),
            CudaContext.type(q),
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
