package dev.autoprog.backend.cuda;

import dev.autoprog.kernel.ConvolutionKernels;
import dev.autoprog.kernel.ConvolutionShape;
import dev.autoprog.tensor.Tensor;

/** {@code convolution.cu}. */
interface CudaConvolution extends ConvolutionKernels, CudaContext {
  @Override
  default void convolutionForward(
      ConvolutionShape s, Tensor x, Tensor weight, Tensor bias, Tensor y) {
    check(
        NativeCuda.ap_convolution_forward(
            context(),
            CudaContext.type(x),
            s.batch(),
            s.height(),
            s.width(),
            s.in(),
            s.out(),
            s.kernel(),
            s.stride(),
            s.padding(),
            x.address(),
            weight.address(),
            CudaContext.addressOrNull(bias),
            y.address()));
  }

  @Override
  default void convolutionBackwardInput(ConvolutionShape s, Tensor dy, Tensor weight, Tensor dx) {
    check(
        NativeCuda.ap_convolution_backward_input(
            context(),
            CudaContext.type(dy),
            s.batch(),
            s.height(),
            s.width(),
            s.in(),
            s.out(),
            s.kernel(),
            s.stride(),
            s.padding(),
            dy.address(),
            weight.address(),
            dx.address()));
  }

  @Override
  default void convolutionBackwardWeight(
      ConvolutionShape s, Tensor x, Tensor dy, Tensor dWeight, Tensor dBias) {
    check(
        NativeCuda.ap_convolution_backward_weight(
            context(),
            CudaContext.type(x),
            s.batch(),
            s.height(),
            s.width(),
            s.in(),
            s.out(),
            s.kernel(),
            s.stride(),
            s.padding(),
            x.address(),
            dy.address(),
            dWeight.address(),
            CudaContext.addressOrNull(dBias)));
  }

  @Override
  default void unfold(ConvolutionShape s, Tensor x, Tensor patches) {
    check(
        NativeCuda.ap_unfold(
            context(),
            CudaContext.type(x),
            s.batch(),
            s.height(),
            s.width(),
            s.in(),
            s.out(),
            s.kernel(),
            s.stride(),
            s.padding(),
            x.address(),
            patches.address()));
  }
}
