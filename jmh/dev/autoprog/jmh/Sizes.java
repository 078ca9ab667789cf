package dev.autoprog.jmh;

import java.util.Arrays;

/** Several sizes in one parameter, {@code 1576x192x576}, so that they vary together. */
final class Sizes {
  private Sizes() {}

  static long[] of(String parameter) {
    return Arrays.stream(parameter.split("x")).mapToLong(Long::parseLong).toArray();
  }
}
