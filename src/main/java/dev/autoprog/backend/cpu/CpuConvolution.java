package dev.autoprog.backend.cpu;

import dev.autoprog.kernel.ConvolutionKernels;
import dev.autoprog.kernel.ConvolutionShape;
import dev.autoprog.tensor.Tensor;

/** {@code convolution.cpp}. */
interface CpuConvolution extends ConvolutionKernels, CpuContext {
  @Override
  default void convolutionForward(
      ConvolutionShape s, Tensor x, Tensor weight, Tensor bias, Tensor y) {
    check(
        NativeCpu.ap_convolution_forward(
            context(),
            CpuContext.type(x),
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
            CpuContext.addressOrNull(bias),
            y.address()));
  }

  @Override
  default void convolutionBackwardInput(ConvolutionShape s, Tensor dy, Tensor weight, Tensor dx) {
    check(
        NativeCpu.ap_convolution_backward_input(
            context(),
            CpuContext.type(dy),
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
        NativeCpu.ap_convolution_backward_weight(
            context(),
            CpuContext.type(x),
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
            CpuContext.addressOrNull(dBias)));
  }

  @Override
  default void unfold(ConvolutionShape s, Tensor x, Tensor patches) {
    check(
        NativeCpu.ap_unfold(
            context(),
            CpuContext.type(x),
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
