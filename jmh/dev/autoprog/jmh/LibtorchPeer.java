package dev.autoprog.jmh;

import dev.autoprog.model.LibtorchVit;
import dev.autoprog.nn.Parameter;
import dev.autoprog.nn.ParameterSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AdamW;
import org.bytedeco.pytorch.AdamWOptions;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/** libtorch's side of a comparison: tensors in the implementation's precision, and gradients. */
final class LibtorchPeer {
  /** As DeiT is trained. */
  static final double WEIGHT_DECAY = 0.05;

  private static final int TRIALS = 2;

  private final Implementation implementation;

  LibtorchPeer(Implementation implementation, int threads) {
    this.implementation = implementation;
    torch.set_num_threads(threads);
  }

  /**
   * A contender that uses attention: as DeiT's code writes it out, or, at its best, whichever of
   * that and the fused operation makes it faster.
   */
  Contender attending(Function<LibtorchVit.Attention, Contender> network) {
    if (implementation == Implementation.LIBTORCH) {
      return network.apply(LibtorchVit.WRITTEN_OUT);
    }
    long fused = leastTime(network.apply(LibtorchVit.FUSED));
    long writtenOut = leastTime(network.apply(LibtorchVit.WRITTEN_OUT));
    return network.apply(fused <= writtenOut ? LibtorchVit.FUSED : LibtorchVit.WRITTEN_OUT);
  }

  /** As PyTorch's users mostly have it, or, at its best, whichever of two ways is faster. */
  Contender faster(Contender usual, Supplier<Contender> other) {
    if (implementation == Implementation.LIBTORCH) {
      return usual;
    }
    Contender second = other.get();
    return leastTime(usual) <= leastTime(second) ? usual : second;
  }

  private static long leastTime(Contender contender) {
    contender.run();
    long least = Long.MAX_VALUE;
    for (int i = 0; i < TRIALS; i++) {
      long begin = System.nanoTime();
      contender.run();
      least = Math.min(least, System.nanoTime() - begin);
    }
    return least;
  }

  /** A tensor in the implementation's precision. */
  Tensor tensor(float[] values, long... dims) {
    Tensor tensor = float32(values, dims);
    return implementation.isBfloat16() ? tensor.to(torch.ScalarType.BFloat16) : tensor;
  }

  /** A float32 tensor. */
  Tensor float32(float[] values, long... dims) {
    return Tensor.create(values, dims);
  }

  /** Computes under autocast to bfloat16, if that is the implementation's precision. */
  Tensor autocast(Supplier<Tensor> graph) {
    if (!implementation.isBfloat16()) {
      return graph.get();
    }
    // every weight is read once per pass: a cache of the casts would only have to be cleared
    torch.set_autocast_cache_enabled(false);
    torch.set_autocast_dtype(torch.DeviceType.CPU, torch.ScalarType.BFloat16);
    torch.set_autocast_enabled(torch.DeviceType.CPU, true);
    try {
      return graph.get();
    } finally {
      torch.set_autocast_enabled(torch.DeviceType.CPU, false);
    }
  }

  /** The gradients of {@code output}, weighted by {@code seed}, by the variables. */
  static List<Tensor> gradients(Tensor output, Tensor seed, Tensor... variables) {
    TensorVector gradients =
        torch.grad(
            new TensorVector(output),
            new TensorVector(variables),
            new TensorVector(seed),
            new BoolOptional(),
            false,
            false);
    return List.of(gradients.get());
  }

  /** The gradients of a scalar by the variables; it can be differentiated again. */
  static List<Tensor> gradientsKeepingGraph(Tensor scalar, Tensor... variables) {
    TensorVector gradients =
        torch.grad(
            new TensorVector(scalar),
            new TensorVector(variables),
            new TensorVector(),
            new BoolOptional(true),
            false,
            false);
    return List.of(gradients.get());
  }

  /** libtorch's AdamW. */
  static AdamW adamW(TensorVector parameters, double learningRate) {
    AdamWOptions options = new AdamWOptions(learningRate);
    options.weight_decay().put(WEIGHT_DECAY);
    return new AdamW(parameters, options);
  }

  /** How a tensor is made of values: {@link #tensor} or {@link #float32}. */
  @FunctionalInterface
  interface Maker {
    Tensor of(float[] values, long... dims);
  }

  /**
   * A network's parameters by their names in checkpoints, with the values that it has in {@code
   * ours}, and a gradient to come where they have one there.
   */
  static Map<String, Tensor> weights(ParameterSet ours, Maker make) {
    Set<String> fixed =
        ours.all().stream()
            .filter(p -> !p.requiresGradient())
            .map(Parameter::name)
            .collect(Collectors.toSet());
    Map<String, Tensor> weights = new LinkedHashMap<>();
    ours.placesIn(ours.values())
        .forEach(
            (name, value) -> {
              Tensor weight = make.of(value.toFloats(), value.shape().toArray());
              weights.put(name, weight.requires_grad_(!fixed.contains(name)));
            });
    return weights;
  }

  /** A contender; all that a run makes is freed at its end. */
  static Contender contender(Supplier<List<Tensor>> work) {
    return new Contender(
        () -> scoped(work),
        () ->
            scoped(() -> Agreement.joined(work.get().stream().map(LibtorchPeer::floats).toList())),
        () -> {});
  }

  /** Runs {@code body} and frees every tensor that it made. */
  static <T> T scoped(Supplier<T> body) {
    PointerScope scope = new PointerScope();
    try {
      return body.get();
    } finally {
      scope.close();
    }
  }

  private static float[] floats(Tensor tensor) {
    Tensor dense = tensor.detach().to(torch.ScalarType.Float).contiguous();
    float[] values = new float[Math.toIntExact(dense.numel())];
    dense.data_ptr_float().get(values);
    return values;
  }
}
