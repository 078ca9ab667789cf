package dev.autoprog.backend.cuda;

import dev.autoprog.kernel.ConcatenationShape;
import dev.autoprog.kernel.FeatureMapKernels;
import dev.autoprog.kernel.FeatureMapShape;
import dev.autoprog.tensor.Tensor;

/** {@code feature_map.cu}. */
interface CudaFeatureMap extends FeatureMapKernels, CudaContext {
  @Override
  default void upsampleForward(FeatureMapShape s, Tensor x, Tensor y) {
    check(
        NativeCuda.ap_upsample_forward(
            context(),
            CudaContext.type(x),
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
        NativeCuda.ap_upsample_backward(
            context(),
            CudaContext.type(dy),
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
        NativeCuda.ap_concatenate(
            context(),
            CudaContext.type(a),
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
        NativeCuda.ap_split(
            context(),
            CudaContext.type(x),
            s.rows(),
            s.first(),
            s.second(),
            x.address(),
            CudaContext.addressOrNull(a),
            CudaContext.addressOrNull(b)));
  }
}
