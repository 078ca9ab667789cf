package dev.autoprog.jmh;

import java.lang.reflect.Field;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.openjdk.jmh.annotations.Param;

/** What {@code -p NAME=VALUE,…} asks for, held against what benchmarks have. */
final class AskedParameters {
  private static final String SIZES = "[0-9x]+";

  private AskedParameters() {}

  /**
   * What none of the benchmarks has, a sentence for each: JMH would ignore a name, and a benchmark
   * take a word that it does not know for another. Sizes may be any.
   */
  static List<String> unknown(List<String> arguments, List<Class<?>> benchmarks) {
    Map<String, Set<String>> known = known(benchmarks);
    List<String> unknown = new ArrayList<>();
    for (int i = 1; i < arguments.size(); i++) {
      if (arguments.get(i - 1).equals("-p")) {
        String[] asked = arguments.get(i).split("=", 2);
        Set<String> values = known.get(asked[0]);
        if (values == null) {
          unknown.add("No parameter is called %s; there are: %s".formatted(asked[0], list(known)));
        } else if (!values.stream().allMatch(value -> value.matches(SIZES))) {
          Stream.of(asked[asked.length - 1].split(","))
              .filter(value -> !values.contains(value))
              .map(value -> "%s is %s, expected %s".formatted(asked[0], value, any(values)))
              .forEach(unknown::add);
        }
      }
    }
    return unknown;
  }

  /** The parameters by name, each with the values that are run unless others are asked for. */
  private static Map<String, Set<String>> known(List<Class<?>> benchmarks) {
    Map<String, Set<String>> known = new TreeMap<>();
    for (Class<?> benchmark : benchmarks) {
      for (Field field : benchmark.getFields()) {
        Param param = field.getAnnotation(Param.class);
        if (param != null) {
          known
              .computeIfAbsent(field.getName(), name -> new TreeSet<>())
              .addAll(Arrays.asList(param.value()));
        }
      }
      Question question = benchmark.getAnnotation(Question.class);
      Stream.concat(Stream.of(question.ours()), Stream.of(question.peers()))
          .forEach(implementation -> known.get("implementation").add(implementation.id()));
    }
    return known;
  }

  private static String list(Map<String, Set<String>> known) {
    return String.join(", ", known.keySet());
  }

  private static String any(Set<String> values) {
    return String.join(" or ", values);
  }
}
