package dev.autoprog.config;

import com.fasterxml.jackson.core.JsonToken;
import dev.autoprog.InputException;
import java.math.BigInteger;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The types of single values in a configuration. */
final class ConfigScalars {
  /** The doubles that YAML has names for. */
  static final Map<String, Double> NAMED =
      Map.of(
          ".nan", Double.NaN, ".inf", Double.POSITIVE_INFINITY, "-.inf", Double.NEGATIVE_INFINITY);

  /**
   * How to read one type.
   *
   * @param expected its name in messages
   * @param reader gives null, or throws IllegalArgumentException or ArithmeticException, for a
   *     value that does not fit
   */
  private record Kind(String expected, Reader reader) {}

  private interface Reader {
    Object read(ConfigTree.Scalar scalar);
  }

  private static final Map<Class<?>, Kind> KINDS = new HashMap<>();

  static {
    var integer =
        new Kind("a whole number of 32 bits", s -> isWhole(s) ? whole(s).intValueExact() : null);
    var longInteger =
        new Kind("a whole number of 64 bits", s -> isWhole(s) ? whole(s).longValueExact() : null);
    var real = new Kind("a number", ConfigScalars::real);
    var single = new Kind("a number within the range of float32", ConfigScalars::single);
    var truth = new Kind("true or false", ConfigScalars::truth);
    KINDS.put(int.class, integer);
    KINDS.put(Integer.class, integer);
    KINDS.put(long.class, longInteger);
    KINDS.put(Long.class, longInteger);
    KINDS.put(double.class, real);
    KINDS.put(Double.class, real);
    KINDS.put(float.class, single);
    KINDS.put(Float.class, single);
    KINDS.put(boolean.class, truth);
    KINDS.put(Boolean.class, truth);
    KINDS.put(String.class, new Kind("text", ConfigScalars::text));
    KINDS.put(Path.class, new Kind("a path", s -> s.isNull() ? null : Path.of(s.text())));
  }

  private ConfigScalars() {}

  /** The value that {@code tree} has as {@code type}; {@code path} is the key's, for messages. */
  static Object read(Class<?> type, ConfigTree tree, String path) throws InputException {
    Kind kind = type.isEnum() ? ofEnum(type) : KINDS.get(type);
    if (kind == null) {
      throw new IllegalArgumentException("Configurations have no " + type + ", as " + path + " is");
    }
    if (tree instanceof ConfigTree.Scalar scalar) {
      try {
        Object value = kind.reader().read(scalar);
        if (value != null) {
          return value;
        }
      } catch (IllegalArgumentException | ArithmeticException e) {
        throw mismatch(tree, path, kind.expected(), e);
      }
    }
    throw mismatch(tree, path, kind.expected(), null);
  }

  /** The error for a value of another kind than the key's. */
  static InputException mismatch(ConfigTree tree, String path, String expected, Throwable cause) {
    String subject = tree.where() + (path.isEmpty() ? "" : ", '" + path + "'");
    return new InputException(subject, tree.described(), expected, "Correct the value", cause);
  }

  /** An enum constant's word. */
  static String word(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT);
  }

  private static Kind ofEnum(Class<?> type) {
    Map<String, Enum<?>> byWord =
        Stream.of(type.getEnumConstants())
            .map(constant -> (Enum<?>) constant)
            .collect(Collectors.toMap(ConfigScalars::word, constant -> constant));
    String words =
        Stream.of(type.getEnumConstants())
            .map(constant -> word((Enum<?>) constant))
            .collect(Collectors.joining(", "));
    return new Kind("one of " + words, scalar -> byWord.get(scalar.text()));
  }

  private static boolean isWhole(ConfigTree.Scalar scalar) {
    return scalar.token() == JsonToken.VALUE_NUMBER_INT;
  }

  private static BigInteger whole(ConfigTree.Scalar scalar) {
    return new BigInteger(digits(scalar));
  }

  private static String digits(ConfigTree.Scalar scalar) {
    return scalar.text().replace("_", "");
  }

  private static Double real(ConfigTree.Scalar scalar) {
    Double named = NAMED.get(scalar.text());
    if (named != null) {
      return named;
    } else if (!isWhole(scalar) && scalar.token() != JsonToken.VALUE_NUMBER_FLOAT) {
      return null;
    }
    double value = Double.parseDouble(digits(scalar));
    return Double.isFinite(value) ? value : null;
  }

  private static Float single(ConfigTree.Scalar scalar) {
    Double value = real(scalar);
    if (value == null || Double.isFinite(value) && !Float.isFinite(value.floatValue())) {
      return null;
    }
    return Double.isFinite(value) ? Float.parseFloat(digits(scalar)) : value.floatValue();
  }

  private static Boolean truth(ConfigTree.Scalar scalar) {
    return switch (scalar.token()) {
      case VALUE_TRUE -> true;
      case VALUE_FALSE -> false;
      default -> null;
    };
  }

  private static String text(ConfigTree.Scalar scalar) {
    return scalar.isNull() ? null : scalar.text();
  }
}
