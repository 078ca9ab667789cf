package dev.autoprog.backend.jni;

import dev.autoprog.kernel.ConcatenationShape;
import dev.autoprog.kernel.FeatureMapKernels;
import dev.autoprog.kernel.FeatureMapShape;
import dev.autoprog.tensor.Tensor;

/** The kernels of {@code feature_map.cpp} and {@code feature_map.cu}. */
interface NativeFeatureMap extends FeatureMapKernels, NativeContext {
  @Override
  default void upsampleForward(FeatureMapShape s, Tensor x, Tensor y) {
    check(
        KernelFunctions.ap_upsample_forward(
            context(),
            NativeContext.type(x),
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
        KernelFunctions.ap_upsample_backward(
            context(),
            NativeContext.type(dy),
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
        KernelFunctions.ap_concatenate(
            context(),
            NativeContext.type(a),
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
        KernelFunctions.ap_split(
            context(),
            NativeContext.type(x),
            s.rows(),
            s.first(),
            s.second(),
            x.address(),
            NativeContext.addressOrNull(a),
            NativeContext.addressOrNull(b)));
  }
}
