package dev.autoprog.autograd;

import dev.autoprog.backend.Session;
import dev.autoprog.kernel.Kernels;
import dev.autoprog.tensor.DType;
import dev.autoprog.tensor.Memory;
import dev.autoprog.tensor.Shape;
import dev.autoprog.tensor.Tensor;
import java.util.ArrayList;
import java.util.Collection;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;

/**
 * The record of one forward pass. Everything on it lives in the session's arena, so a tape is over
 * when the arena is reset.
 *
 * <p>The backward pass gives memory back as it goes: what an operation allocated in the forward
 * pass when its own rule has run (all that read it came later, so their rules ran before), and a
 * gradient when the last rule that was handed it has. Only the value of the output stays.
 */
public final class Tape {
  private final Session session;
  private final boolean recording;
  private final List<Node> nodes = new ArrayList<>();

  /** What was allocated since the last operation was recorded, or the last rule began. */
  private List<Tensor> fresh = new ArrayList<>();

  /** Of gradients that were allocated by a rule: how many variables have them. */
  private final Map<Memory, Integer> holders = new IdentityHashMap<>();

  private Tape(Session session, boolean recording) {
    this.session = session;
    this.recording = recording;
  }

  /** A tape for a pass that will be differentiated. */
  public static Tape recording(Session session) {
    return new Tape(session, true);
  }

  /** A tape that records nothing: for evaluation. */
  public static Tape inference(Session session) {
    return new Tape(session, false);
  }

  /** The session in which the pass runs. */
  public Session session() {
    return session;
  }

  /** The session's kernels. */
  public Kernels kernels() {
    return session.kernels();
  }

  /** A FLOAT32 tensor of the step's arena, its content undefined. */
  public Tensor allocate(long... dims) {
    return allocate(DType.FLOAT32, dims);
  }

  /** A tensor of the step's arena, its content undefined. */
  public Tensor allocate(DType type, long... dims) {
    return allocate(type, Shape.of(dims));
  }

  /** A tensor of the step's arena with another one's type and shape, its content undefined. */
  public Tensor allocateLike(Tensor other) {
    return allocate(other.dtype(), other.shape());
  }

  private Tensor allocate(DType type, Shape shape) {
    Tensor tensor = session.arena().allocate(type, shape);
    fresh.add(tensor);
    return tensor;
  }

  /** A value that needs no gradient. */
  public Variable constant(Tensor value) {
    return new Result(value, false);
  }

  /** Whether the pass will be differentiated. */
  public boolean isRecording() {
    return recording;
  }

  /** What a part of a network reads that has a tape of its own. */
  Variable input(Tensor value, boolean requiresGradient) {
    return new Result(value, requiresGradient);
  }

  /** Gives back all that was allocated on this tape, except {@code kept}, and forgets it. */
  void releaseAllBut(Collection<Tensor> kept) {
    nodes.forEach(node -> fresh.addAll(node.allocated));
    nodes.clear();
    takeFresh().stream()
        .filter(t -> kept.stream().noneMatch(k -> k.memory() == t.memory()))
        .forEach(this::release);
  }

  /**
   * Gives the memory of a result back before the backward pass, or before an evaluation is over:
   * for one that no later operation reads, and of which the rules of those that read it need the
   * shape alone, since what they multiplied it with is frozen.
   *
   * @throws IllegalArgumentException if it was not allocated on this tape, or was given back
   */
  public void forget(Variable result) {
    forget(result.value());
  }

  /** The same, of what an operation allocated for itself. */
  void forget(Tensor tensor) {
    if (forget(fresh, tensor)) {
      return;
    }
    for (int i = nodes.size() - 1; i >= 0; i--) {
      if (forget(nodes.get(i).allocated, tensor)) {
        return;
      }
    }
    throw new IllegalArgumentException(tensor + " is not this tape's, or was given back");
  }

  private boolean forget(List<Tensor> allocated, Tensor tensor) {
    for (int i = allocated.size() - 1; i >= 0; i--) {
      if (allocated.get(i).memory() == tensor.memory()) {
        release(allocated.remove(i));
        return true;
      }
    }
    return false;
  }

  /** Takes over a tensor that another tape allocated and has not given back. */
  void adopt(Tensor tensor) {
    fresh.add(tensor);
  }

  /**
   * The result of an operation.
   *
   * @param value what it computed
   * @param rule its backward rule, kept only if one of the inputs requires a gradient
   * @param inputs everything it read that may require one
   */
  public Variable record(Tensor value, BackwardRule rule, Variable... inputs) {
    boolean required = false;
    for (Variable input : inputs) {
      required |= recording && input != null && input.requiresGradient();
    }
    Result result = new Result(value, required);
    if (required) {
      nodes.add(new Node(result, rule, takeFresh()));
    }
    return result;
  }

  /**
   * Runs the recorded operations backward from {@code output}, last one first. Nothing happens if
   * {@code output} depends on nothing trainable. It uses the record up: a forward pass has one
   * backward pass.
   *
   * @param seed the gradient by {@code output}, in its shape
   * @throws IllegalStateException if this tape is for inference, or {@code output} is none of its
   *     results any more
   */
  public void backward(Variable output, Tensor seed, GradientSink sink) {
    if (!recording) {
      throw new IllegalStateException("This tape records nothing: it is for inference");
    }
    if (!output.requiresGradient()) {
      return;
    }
    if (nodes.stream().noneMatch(node -> node.result == output)) {
      throw new IllegalStateException(
          output.value()
              + " is not a result of this tape, or a backward pass has used it up; record another"
              + " forward pass");
    }
    takeFresh(); // such as the loss: not the tape's
    accumulate(output, seed);
    for (int i = nodes.size() - 1; i >= 0; i--) {
      Node node = nodes.get(i);
      if (node.result.gradient != null) {
        node.rule.apply(node.result.gradient, sink);
        takeFresh().stream().filter(t -> !holders.containsKey(t.memory())).forEach(this::release);
        drop(node.result);
      }
      node.allocated.stream()
          .filter(t -> t.memory() != output.value().memory())
          .forEach(this::release);
    }
    nodes.clear();
  }

  private List<Tensor> takeFresh() {
    List<Tensor> taken = fresh;
    fresh = new ArrayList<>();
    return taken;
  }

  private void release(Tensor tensor) {
    session.arena().release(tensor);
  }

  /**
   * Adds a contribution to the gradient by {@code input}. The tape keeps the tensor: it must not
   * change afterwards. Constants take nothing.
   *
   * @param contribution from {@link #allocate} in the present rule, or a gradient that was handed
   *     to it
   */
  public void accumulate(Variable input, Tensor contribution) {
    if (!input.requiresGradient()) {
      return;
    }
    Result result = result(input);
    if (result.gradient == null) {
      hold(result, contribution);
    } else {
      Tensor sum = gradientTarget(input);
      kernels().add(result.gradient, contribution, sum);
      replaceGradient(input, sum);
    }
  }

  /** What has flowed into {@code input} so far, or null: for rules that add to it by themselves. */
  public Tensor gradientSoFar(Variable input) {
    return result(input).gradient;
  }

  /**
   * Where a rule may put what {@link #gradientSoFar} grows to: in the same place if nobody else
   * reads it, else in a fresh one like the value.
   */
  public Tensor gradientTarget(Variable input) {
    Tensor soFar = result(input).gradient;
    boolean ours = soFar != null && holders.getOrDefault(soFar.memory(), 0) == 1;
    return ours ? soFar : allocateLike(input.value());
  }

  /** Replaces what has flowed into {@code input}; the new tensor includes what was there. */
  public void replaceGradient(Variable input, Tensor gradient) {
    Result result = result(input);
    if (result.gradient != gradient) {
      drop(result);
      hold(result, gradient);
    }
  }

  private void hold(Result result, Tensor gradient) {
    result.gradient = gradient;
    boolean ours = fresh.contains(gradient) || holders.containsKey(gradient.memory());
    if (ours) {
      holders.merge(gradient.memory(), 1, Integer::sum);
    }
  }

  private void drop(Result result) {
    Tensor gradient = result.gradient;
    result.gradient = null;
    if (gradient != null && holders.containsKey(gradient.memory())) {
      if (holders.merge(gradient.memory(), -1, Integer::sum) == 0) {
        holders.remove(gradient.memory());
        if (!fresh.contains(gradient)) {
          release(gradient);
        }
      }
    }
  }

  private static Result result(Variable variable) {
    if (variable instanceof Result result) {
      return result;
    }
    throw new IllegalArgumentException(
        "A parameter's gradient goes to the sink, as factors, not to the tape");
  }

  private record Node(Result result, BackwardRule rule, List<Tensor> allocated) {}

  private static final class Result implements Variable {
    private final Tensor value;
    private final boolean requiresGradient;
    private Tensor gradient;

    Result(Tensor value, boolean requiresGradient) {
      this.value = value;
      this.requiresGradient = requiresGradient;
    }

    @Override
    public Tensor value() {
      return value;
    }

    @Override
    public boolean requiresGradient() {
      return requiresGradient;
    }
  }
}
