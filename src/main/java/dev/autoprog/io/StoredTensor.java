package dev.autoprog.io;

import dev.autoprog.tensor.Shape;

/**
 * Where a tensor lies in a safetensors file.
 *
 * @param name its name, unique in the file
 * @param type of its elements
 * @param shape row-major
 * @param offset of the first byte, from the beginning of the file
 */
public record StoredTensor(String name, StoredType type, Shape shape, long offset) {
  /** How many bytes its elements take. */
  public long bytes() {
    return shape.elements() * type.bytes();
  }
}
