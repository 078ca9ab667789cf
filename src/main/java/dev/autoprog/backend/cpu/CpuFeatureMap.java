package dev.autoprog.backend.cpu;

import dev.autoprog.kernel.ConcatenationShape;
import dev.autoprog.kernel.FeatureMapKernels;
import dev.autoprog.kernel.FeatureMapShape;
import dev.autoprog.tensor.Tensor;

/** {@code feature_map.cpp}. */
interface CpuFeatureMap extends FeatureMapKernels, CpuContext {
  @Override
  default void upsampleForward(FeatureMapShape s, Tensor x, Tensor y) {
    check(
        NativeCpu.ap_upsample_forward(
            context(),
            CpuContext.type(x),
            s.batch(),
            s.height(),
            s.width(),
            s.channels(),
            x.address(),
            y.address()));
  }

  @Override
  default void upsampleBackward(FeatureMapShape s, Tensor dy, Tensor dx) {
    check(
        NativeCpu.ap_upsample_backward(
            context(),
            CpuContext.type(dy),
            s.batch(),
            s.height(),
            s.width(),
            s.channels(),
            dy.address(),
            dx.address()));
  }

  @Override
  default void concatenate(ConcatenationShape s, Tensor a, Tensor b, Tensor out) {
    check(
        NativeCpu.ap_concatenate(
            context(),
            CpuContext.type(a),
            s.rows(),
            s.first(),
            s.second(),
            a.address(),
            b.address(),
            out.address()));
  }

  @Override
  default void split(ConcatenationShape s, Tensor x, Tensor a, Tensor b) {
    check(
        NativeCpu.ap_split(
            context(),
            CpuContext.type(x),
            s.rows(),
            s.first(),
            s.second(),
            x.address(),
            CpuContext.addressOrNull(a),
            CpuContext.addressOrNull(b)));
  }
}
