package dev.autoprog.testing;

import dev.autoprog.kernel.Kernels;
import dev.autoprog.kernel.reference.ReferenceKernels;
import dev.autoprog.tensor.Bfloat16;
import dev.autoprog.tensor.DType;
import dev.autoprog.tensor.HostDevice;
import dev.autoprog.tensor.Tensor;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * One call of one kernel, apart from any backend: the named arguments with their values, what the
 * kernel does with each, and the call itself. What runs it decides where the tensors lie.
 */
public final class KernelCall {
  /** What a kernel does with an argument. */
  public enum Role {
    /** Read only. */
    INPUT,
    /** Overwritten, whatever it held. */
    OUTPUT,
    /** Read and written: {@code +=}, or changed in place. */
    UPDATED
  }

  /**
   * One tensor argument.
   *
   * @param values a float[], int[] or byte[]; null for an output
   */
  public record Argument(String name, Role role, DType dtype, int elements, Object values) {}

  /** An output that may be the very tensor of an input. */
  public record Alias(String output, String input) {}

  /** The tensors of a call by name; one that was left out is null. */
  public interface Tensors {
    /** The tensor of this name. */
    Tensor get(String name);
  }

  /** The call. */
  public interface Body {
    /** Calls the kernel. */
    void run(Kernels kernels, Tensors tensors);
  }

  private final String kernel;
  private final Map<String, Argument> arguments = new LinkedHashMap<>();
  private final List<Alias> aliases = new ArrayList<>();
  private final Set<String> typed = new HashSet<>();
  private Body body;

  /** A call of {@code kernel} that has no arguments yet. */
  public KernelCall(String kernel) {
    this.kernel = kernel;
  }

  /** An argument that the kernel reads; values that are null stand for a null tensor. */
  public KernelCall input(String name, float[] values) {
    return values == null ? this : put(name, Role.INPUT, DType.FLOAT32, values.length, values);
  }

  /** A FLOAT32 or BFLOAT16 argument that the kernel reads; the values are rounded to its type. */
  public KernelCall input(String name, DType dtype, float[] values) {
    float[] exact = dtype == DType.BFLOAT16 ? rounded(values) : values;
    return put(name, Role.INPUT, dtype, values.length, exact);
  }

  /** An INT32 argument that the kernel reads. */
  public KernelCall input(String name, int[] values) {
    return put(name, Role.INPUT, DType.INT32, values.length, values);
  }

  /** A UINT8 argument that the kernel reads. */
  public KernelCall input(String name, byte[] values) {
    return put(name, Role.INPUT, DType.UINT8, values.length, values);
  }

  /** An argument that the kernel overwrites. */
  public KernelCall output(String name, long elements) {
    return put(name, Role.OUTPUT, DType.FLOAT32, Math.toIntExact(elements), null);
  }

  /** A FLOAT32 or BFLOAT16 argument that the kernel overwrites. */
  public KernelCall output(String name, DType dtype, long elements) {
    return put(name, Role.OUTPUT, dtype, Math.toIntExact(elements), null);
  }

  /** An argument that the kernel adds to or changes in place. */
  public KernelCall updated(String name, float[] values) {
    return put(name, Role.UPDATED, DType.FLOAT32, values.length, values);
  }

  /** An argument of this type that the kernel adds to or changes in place. */
  public KernelCall updated(String name, DType dtype, float[] values) {
    return put(name, Role.UPDATED, dtype, values.length, values);
  }

  /** Says that the contract allows {@code output} to be {@code input}. */
  public KernelCall mayBe(String output, String input) {
    if (arguments.containsKey(input)) {
      aliases.add(new Alias(output, input));
    }
    return this;
  }

  /** Names the arguments that are of type T: FLOAT32 or BFLOAT16, all alike. */
  public KernelCall typed(String... names) {
    typed.addAll(List.of(names));
    return this;
  }

  /** Which arguments are of type T. */
  public Set<String> typed() {
    return Set.copyOf(typed);
  }

  /** The same call with T = BFLOAT16: inputs of that type are rounded, NaN and infinity stay. */
  public KernelCall inBfloat16() {
    KernelCall copy = copy(kernel + " in bfloat16");
    for (Argument a : arguments.values()) {
      if (typed.contains(a.name())) {
        float[] rounded = a.values() == null ? null : rounded((float[]) a.values());
        copy.put(a.name(), a.role(), DType.BFLOAT16, a.elements(), rounded);
      }
    }
    return copy;
  }

  /** The same call in FLOAT32, with the inputs that {@link #inBfloat16} has. */
  public KernelCall roundedInputs() {
    KernelCall copy = copy(kernel);
    for (Argument a : arguments.values()) {
      if (typed.contains(a.name()) && a.values() != null) {
        copy.put(a.name(), a.role(), a.dtype(), a.elements(), rounded((float[]) a.values()));
      }
    }
    return copy;
  }

  private static float[] rounded(float[] values) {
    float[] rounded = new float[values.length];
    for (int i = 0; i < values.length; i++) {
      rounded[i] = Bfloat16.toFloat(Bfloat16.of(values[i]));
    }
    return rounded;
  }

  /** Says how the kernel is called. */
  public KernelCall body(Body call) {
    this.body = call;
    return this;
  }

  /** The same call with other values for one float argument. */
  public KernelCall with(String name, float[] values) {
    return replacing(name, values);
  }

  private KernelCall replacing(String name, Object values) {
    Argument old = arguments.get(name);
    return copy(kernel).put(name, old.role(), old.dtype(), old.elements(), values);
  }

  private KernelCall copy(String name) {
    KernelCall copy = new KernelCall(name);
    copy.arguments.putAll(arguments);
    copy.aliases.addAll(aliases);
    copy.typed.addAll(typed);
    copy.body = body;
    return copy;
  }

  /** The same call with other values for one INT32 argument. */
  public KernelCall with(String name, int[] values) {
    return replacing(name, values);
  }

  /** The same call with null for an argument. */
  public KernelCall without(String name) {
    KernelCall copy = copy(kernel + " without " + name);
    copy.arguments.remove(name);
    copy.aliases.removeIf(alias -> alias.output().equals(name) || alias.input().equals(name));
    copy.typed.remove(name);
    return copy;
  }

  /** The kernel's name. */
  public String kernel() {
    return kernel;
  }

  /** The arguments in order. */
  public List<Argument> arguments() {
    return List.copyOf(arguments.values());
  }

  /** Which outputs may be which inputs. */
  public List<Alias> aliases() {
    return List.copyOf(aliases);
  }

  /** A fresh copy of a float argument's values. */
  public float[] floats(String name) {
    return ((float[]) arguments.get(name).values()).clone();
  }

  /** A fresh copy of an INT32 argument's values. */
  public int[] integers(String name) {
    return ((int[]) arguments.get(name).values()).clone();
  }

  /** A fresh copy of a UINT8 argument's values. */
  public byte[] bytes(String name) {
    return ((byte[]) arguments.get(name).values()).clone();
  }

  /** Calls {@code kernels} with {@code tensors}. */
  public void run(Kernels kernels, Tensors tensors) {
    body.run(kernels, tensors);
  }

  /** What the reference computes: every output and updated argument by name. */
  public Map<String, float[]> onReference() {
    try (GuardedTensors tensors = new GuardedTensors(new HostDevice(), this, 0, null)) {
      body.run(new ReferenceKernels(), tensors);
      return tensors.results();
    }
  }

  private KernelCall put(String name, Role role, DType dtype, int elements, Object values) {
    arguments.put(name, new Argument(name, role, dtype, elements, values));
    return this;
  }

  @Override
  public String toString() {
    return kernel;
  }
}
