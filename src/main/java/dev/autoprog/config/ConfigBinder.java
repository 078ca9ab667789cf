package dev.autoprog.config;

import com.fasterxml.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import dev.autoprog.InputException;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.commons.text.similarity.LevenshteinDistance;

/** Makes records from a {@link ConfigTree}, key by key, and takes nothing that does not fit. */
final class ConfigBinder {
  private static final String EXPECTED = ", expected ";

  private ConfigBinder() {}

  /** The key of a record's component. */
  static String key(RecordComponent component) {
    return SnakeCaseStrategy.INSTANCE.translate(component.getName());
  }

  /** A component's value. */
  static Object valueOf(RecordComponent component, Object from) {
    try {
      component.getAccessor().setAccessible(true);
      return component.getAccessor().invoke(from);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("Cannot read " + component, e);
    }
  }

  /**
   * The record that {@code tree} describes.
   *
   * @param path of the record from the top; empty at the top
   * @param defaults for the keys that are not there; null where all must be
   */
  static <R> R record(Class<R> type, ConfigTree tree, R defaults, String path)
      throws InputException {
    if (!(tree instanceof ConfigTree.Fields fields)) {
      String expected = "a group with the keys " + String.join(", ", keys(type));
      throw ConfigScalars.mismatch(tree, path, expected, null);
    }
    for (String key : fields.values().keySet()) {
      requireKnown(type, key, fields, path);
    }
    RecordComponent[] components = type.getRecordComponents();
    Object[] values = new Object[components.length];
    for (int i = 0; i < values.length; i++) {
      values[i] = component(components[i], fields, defaults, path);
    }
    return construct(type, values, fields, path);
  }

  private static Object component(
      RecordComponent component, ConfigTree.Fields fields, Object defaults, String path)
      throws InputException {
    String key = key(component);
    ConfigTree given = fields.values().get(key);
    if (given == null && defaults == null) {
      throw new InputException(
          fields.where(), "no '" + key + "' in '" + path + "'", "one", "Add the key");
    }
    Object fallback = defaults == null ? null : valueOf(component, defaults);
    String keyPath = path.isEmpty() ? key : path + "." + key;
    return given == null ? fallback : value(component.getGenericType(), given, fallback, keyPath);
  }

  private static List<String> keys(Class<?> type) {
    return Stream.of(type.getRecordComponents()).map(ConfigBinder::key).toList();
  }

  private static void requireKnown(Class<?> type, String key, ConfigTree.Fields fields, String path)
      throws InputException {
    List<String> known = keys(type);
    if (known.contains(key)) {
      return;
    }
    Sibling sibling = type.getAnnotation(Sibling.class);
    if (sibling != null && path.isEmpty() && List.of(sibling.keys()).contains(key)) {
      throw new InputException(
          fields.keyPlaces().get(key),
          "the key '" + key + "' of the configuration of " + sibling.of(),
          "that of " + sibling.instead(),
          sibling.remedy());
    }
    LevenshteinDistance distance = LevenshteinDistance.getDefaultInstance();
    Optional<String> nearest =
        known.stream()
            .min(Comparator.comparingInt(name -> distance.apply(name, key)))
            .filter(name -> distance.apply(name, key) <= Math.max(2, name.length() / 3));
    throw new InputException(
        fields.keyPlaces().get(key),
        "unknown key '" + key + "'" + (path.isEmpty() ? "" : " in '" + path + "'"),
        "one of " + String.join(", ", known),
        nearest.map(name -> "Did you mean '" + name + "'?").orElse("Remove the key"));
  }

  private static <R> R construct(Class<R> type, Object[] values, ConfigTree tree, String path)
      throws InputException {
    Class<?>[] types =
        Stream.of(type.getRecordComponents()).map(RecordComponent::getType).toArray(Class[]::new);
    try {
      Constructor<R> constructor = type.getDeclaredConstructor(types);
      constructor.setAccessible(true);
      return constructor.newInstance(values);
    } catch (InvocationTargetException e) {
      if (!(e.getCause() instanceof IllegalArgumentException refusal)) {
        throw new IllegalStateException("Cannot make " + type, e.getCause());
      }
      throw refused(tree, path, refusal);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("Cannot make " + type, e);
    }
  }

  /** What the record expected is the end of its message, if it says so. */
  private static InputException refused(
      ConfigTree tree, String path, IllegalArgumentException refusal) {
    String message = refusal.getMessage();
    int end = message.lastIndexOf(EXPECTED);
    return new InputException(
        tree.where(),
        (path.isEmpty() ? "" : "'" + path + "' refused, ")
            + (end < 0 ? message : message.substring(0, end)),
        end < 0 ? "values that go together" : message.substring(end + EXPECTED.length()),
        "Correct the value",
        refusal);
  }

  private static Object value(Type type, ConfigTree given, Object fallback, String path)
      throws InputException {
    if (type instanceof ParameterizedType generic && generic.getRawType() == Optional.class) {
      Type content = generic.getActualTypeArguments()[0];
      Object before = fallback instanceof Optional<?> some ? some.orElse(null) : null;
      return optional(content, given, before, path);
    }
    ConfigTree tree = resolve(given, type);
    if (type instanceof ParameterizedType generic && generic.getRawType() == List.class) {
      return list(generic.getActualTypeArguments()[0], tree, path);
    } else if (type instanceof Class<?> plain) {
      return plain.isRecord()
          ? nested(plain, tree, fallback, path)
          : ConfigScalars.read(plain, tree, path);
    }
    throw new IllegalArgumentException("Configurations have no " + type + ", as " + path + " is");
  }

  private static Optional<?> optional(Type content, ConfigTree given, Object before, String path)
      throws InputException {
    if (isNull(given)) {
      return Optional.empty();
    } else if (given instanceof ConfigTree.Layered layers && isGroup(content)) {
      Optional<?> below = optional(content, layers.below(), before, path);
      return optional(content, layers.above(), below.orElse(null), path);
    }
    return Optional.of(value(content, given, before, path));
  }

  private static boolean isNull(ConfigTree tree) {
    return tree instanceof ConfigTree.Scalar scalar && scalar.isNull()
        || tree instanceof ConfigTree.Unparsed raw && List.of("null", "~").contains(raw.text())
        || tree instanceof ConfigTree.Layered layers && isNull(layers.above());
  }

  private static boolean isGroup(Type type) {
    return type instanceof Class<?> plain && plain.isRecord();
  }

  /** What was given, as a value of the type: parsed, and in one layer. */
  private static ConfigTree resolve(ConfigTree given, Type type) throws InputException {
    if (given instanceof ConfigTree.Unparsed raw) {
      return type == String.class || type == Path.class ? raw.asText() : raw.asYaml();
    }
    if (!(given instanceof ConfigTree.Layered layers)) {
      return given;
    }
    ConfigTree above = resolve(layers.above(), type);
    if (!isGroup(type) || !(above instanceof ConfigTree.Fields)) {
      return above;
    }
    ConfigTree below = resolve(layers.below(), type);
    return below instanceof ConfigTree.Fields ? ConfigTree.layered(below, above) : below;
  }

  private static <R> R nested(Class<R> type, ConfigTree tree, Object fallback, String path)
      throws InputException {
    return record(type, tree, type.cast(fallback), path);
  }

  private static List<Object> list(Type element, ConfigTree tree, String path)
      throws InputException {
    if (!(tree instanceof ConfigTree.Items items)) {
      throw ConfigScalars.mismatch(tree, path, "a list", null);
    }
    List<Object> values = new ArrayList<>();
    for (ConfigTree item : items.values()) {
      values.add(value(element, item, null, path + "[" + values.size() + "]"));
    }
    return List.copyOf(values);
  }
}
