package dev.autoprog.kernel;

import dev.autoprog.tensor.DType;
import dev.autoprog.tensor.Device;
import dev.autoprog.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * The checks of one call. Each argument is checked as it is named; outputs, named after the inputs,
 * must lie apart from every argument before them.
 */
final class ArgumentChecks {
  private final String kernel;
  private final Device device;
  private final List<Tensor> seen = new ArrayList<>();
  private DType type; // T, once an argument of that type has been seen

  ArgumentChecks(String kernel, Device device) {
    this.kernel = kernel;
    this.device = device;
  }

  /** An input of type T, of any size. */
  ArgumentChecks activation(String name, Tensor tensor) {
    return usable(name, tensor, typeOf(name, tensor));
  }

  /** An input of type T and of this size. */
  ArgumentChecks activation(String name, Tensor tensor, long elements) {
    return activation(name, tensor).sized(name, tensor, elements);
  }

  /** An input of type T and of this size, or null. */
  ArgumentChecks activationOrNull(String name, Tensor tensor, long elements) {
    return tensor == null ? this : activation(name, tensor, elements);
  }

  /**
   * An output of type T and of this size.
   *
   * @param mayBe inputs that it may coincide with, but not partly overlap
   */
  ArgumentChecks result(String name, Tensor tensor, long elements, Tensor... mayBe) {
    return activation(name, tensor, elements).apart(name, tensor, mayBe);
  }

  /** The same, or null. */
  ArgumentChecks resultOrNull(String name, Tensor tensor, long elements, Tensor... mayBe) {
    return tensor == null ? this : result(name, tensor, elements, mayBe);
  }

  /** An output of type T and of this size, or null. */
  ArgumentChecks resultOrNull(String name, Tensor tensor, long elements) {
    return tensor == null ? this : result(name, tensor, elements);
  }

  /** An output of type T or FLOAT32 and of this size. */
  ArgumentChecks resultOrFloats(String name, Tensor tensor, long elements) {
    return tensor != null && tensor.dtype() == DType.FLOAT32
        ? output(name, tensor, elements)
        : result(name, tensor, elements);
  }

  /** A FLOAT32 or BFLOAT16 output of this size, whatever the inputs are. */
  ArgumentChecks floats(String name, Tensor tensor, long elements) {
    type = null;
    return result(name, tensor, elements);
  }

  /** A FLOAT32 input of any size. */
  ArgumentChecks input(String name, Tensor tensor) {
    return usable(name, tensor, DType.FLOAT32);
  }

  /** A FLOAT32 input of this size. */
  ArgumentChecks input(String name, Tensor tensor, long elements) {
    return input(name, tensor, DType.FLOAT32, elements);
  }

  /** An input of this type and size. */
  ArgumentChecks input(String name, Tensor tensor, DType dtype, long elements) {
    return usable(name, tensor, dtype).sized(name, tensor, elements);
  }

  /** A FLOAT32 input of this size, or null. */
  ArgumentChecks inputOrNull(String name, Tensor tensor, long elements) {
    return tensor == null ? this : input(name, tensor, elements);
  }

  /** An input of type T and of this size or a larger one. */
  ArgumentChecks activationOfAtLeast(String name, Tensor tensor, long elements) {
    activation(name, tensor);
    if (tensor.elements() < elements) {
      throw bad(name, tensor, elements + " elements or more");
    }
    return this;
  }

  /** A FLOAT32 output of any size. */
  ArgumentChecks output(String name, Tensor tensor) {
    return usable(name, tensor, DType.FLOAT32).apart(name, tensor);
  }

  /**
   * A FLOAT32 output of this size.
   *
   * @param mayBe inputs that it may coincide with, but not partly overlap
   */
  ArgumentChecks output(String name, Tensor tensor, long elements, Tensor... mayBe) {
    return usable(name, tensor, DType.FLOAT32)
        .sized(name, tensor, elements)
        .apart(name, tensor, mayBe);
  }

  /** A FLOAT32 output of this size or a larger one. */
  ArgumentChecks outputOfAtLeast(String name, Tensor tensor, long elements) {
    output(name, tensor);
    if (tensor.elements() < elements) {
      throw bad(name, tensor, elements + " elements or more");
    }
    return this;
  }

  /** A FLOAT32 output of this size, or null. */
  ArgumentChecks outputOrNull(String name, Tensor tensor, long elements) {
    return tensor == null ? this : output(name, tensor, elements);
  }

  /** An output of this type and size. */
  ArgumentChecks output(String name, Tensor tensor, DType dtype, long elements) {
    return usable(name, tensor, dtype).sized(name, tensor, elements).apart(name, tensor);
  }

  /** What a cross entropy is taken of: each row's logits, label, and partner and λ or neither. */
  ArgumentChecks targets(
      RowsShape shape, Tensor logits, Tensor labels, Tensor partners, Tensor lambda) {
    dense(shape)
        .input("logits", logits, Shapes.elements(shape.rows(), shape.columns()))
        .input("labels", labels, DType.INT32, shape.rows());
    return partners == null && lambda == null
        ? this
        : input("partners", partners, DType.INT32, shape.rows())
            .input("lambda", lambda, shape.rows());
  }

  /** Rows without gaps. */
  ArgumentChecks dense(RowsShape shape) {
    if (shape.stride() != shape.columns()) {
      throw bad("shape", shape, "rows without gaps");
    }
    return this;
  }

  /** The exception for an argument that is not what it should be. */
  IllegalArgumentException bad(String name, Object found, String expected) {
    return new IllegalArgumentException(
        kernel + ": " + name + " is " + found + ", expected " + expected);
  }

  /** T as this argument has it, or as an earlier one has settled it. */
  private DType typeOf(String name, Tensor tensor) {
    if (type == null && tensor != null) {
      if (tensor.dtype() != DType.FLOAT32 && tensor.dtype() != DType.BFLOAT16) {
        throw bad(name, tensor, "FLOAT32 or BFLOAT16");
      }
      type = tensor.dtype();
    }
    return type;
  }

  private ArgumentChecks usable(String name, Tensor tensor, DType dtype) {
    if (tensor == null) {
      throw bad(name, "null", "a tensor");
    }
    if (tensor.dtype() != dtype) {
      throw bad(name, tensor, dtype + ", the only type that this call takes");
    }
    if (tensor.device() != device) {
      throw bad(
          name, tensor + ", another session's", "a tensor on this session's " + device.name());
    }
    tensor.address();
    seen.add(tensor);
    return this;
  }

  private ArgumentChecks sized(String name, Tensor tensor, long elements) {
    if (tensor.elements() != elements) {
      throw bad(name, tensor, elements + " elements");
    }
    return this;
  }

  private ArgumentChecks apart(String name, Tensor output, Tensor... mayBe) {
    for (Tensor other : seen.subList(0, seen.size() - 1)) {
      boolean overlap =
          output.address() < other.address() + other.bytes()
              && other.address() < output.address() + output.bytes();
      if (overlap && !(contains(mayBe, other) && coincide(output, other))) {
        throw bad(name, output, "memory that does not overlap another argument's (" + other + ")");
      }
    }
    return this;
  }

  private static boolean contains(Tensor[] tensors, Tensor wanted) {
    for (Tensor tensor : tensors) {
      if (tensor == wanted) {
        return true;
      }
    }
    return false;
  }

  private static boolean coincide(Tensor a, Tensor b) {
    return a.address() == b.address() && a.bytes() == b.bytes();
  }
}
