package dev.autoprog.backend.jni;

import dev.autoprog.kernel.ConvolutionKernels;
import dev.autoprog.kernel.ConvolutionShape;
import dev.autoprog.tensor.Tensor;

/** The kernels of {@code convolution.cpp} and {@code convolution.cu}. */
interface NativeConvolution extends ConvolutionKernels, NativeContext {
  @Override
  default void convolutionForward(
      ConvolutionShape s, Tensor x, Tensor weight, Tensor bias, Tensor y) {
    check(
        KernelFunctions.ap_convolution_forward(
            context(),
            NativeContext.type(x),
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
            NativeContext.addressOrNull(bias),
            y.address()));
  }

  @Override
  default void convolutionBackwardInput(ConvolutionShape s, Tensor dy, Tensor weight, Tensor dx) {
    check(
        KernelFunctions.ap_convolution_backward_input(
            context(),
            NativeContext.type(dy),
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
        KernelFunctions.ap_convolution_backward_weight(
            context(),
            NativeContext.type(x),
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
            NativeContext.addressOrNull(dBias)));
  }

  @Override
  default void unfold(ConvolutionShape s, Tensor x, Tensor patches) {
    check(
        KernelFunctions.ap_unfold(
            context(),
            NativeContext.type(x),
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
