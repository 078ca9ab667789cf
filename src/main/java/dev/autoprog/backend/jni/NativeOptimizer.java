package dev.autoprog.backend.jni;

import dev.autoprog.kernel.AdamWConstants;
import dev.autoprog.kernel.OptimizerKernels;
import dev.autoprog.tensor.Tensor;
import java.util.List;

/** The kernels of {@code optimizer.cpp} and {@code optimizer.cu}. */
interface NativeOptimizer extends OptimizerKernels, NativeContext {
  @Override
  default void sumOfSquares(Tensor x, Tensor sum) {
    check(KernelFunctions.ap_sum_of_squares(context(), x.elements(), x.address(), sum.address()));
  }

  @Override
  default void adamW(
      AdamWConstants constants,
      Tensor rates,
      Tensor w,
      Tensor g,
      Tensor m,
      Tensor v,
      Tensor squaredNorm,
      List<Tensor> emas,
      Tensor rounded) {
    long[] addresses = emas.stream().mapToLong(Tensor::address).toArray();
    check(
        KernelFunctions.ap_adam_w(
            context(),
            w.elements(),
            constants.beta1(),
            constants.beta2(),
            constants.epsilon(),
            constants.weightDecay(),
            constants.maxNorm(),
            rates.address(),
            w.address(),
            g.address(),
            m.address(),
            v.address(),
            squaredNorm.address(),
            addresses.length,
            addresses,
            NativeContext.addressOrNull(rounded)));
  }
}
