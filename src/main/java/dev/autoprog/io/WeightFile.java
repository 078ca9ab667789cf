package dev.autoprog.io;

import dev.autoprog.InputException;
import dev.autoprog.nn.ParameterSet;
import dev.autoprog.tensor.Shape;
import dev.autoprog.tensor.Tensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;

/** A model's weights in a safetensors file, under the names that files have for its parameters. */
public final class WeightFile {
  private static final int MOST_NAMED = 8;

  private WeightFile() {}

  /** Whether a model's tensor comes from the file. */
  public enum Need {
    /** It must. */
    REQUIRED,
    /** It does if the file has it; else the model keeps what it has. */
    OPTIONAL,
    /** It does not: the model keeps what it has, whatever the file says. */
    KEPT
  }

  /**
   * What was read.
   *
   * @param kept the model's tensors that did not come from the file
   * @param unused the file's tensors that were not read, with their shapes, in the file's order
   */
  public record Report(List<String> kept, Map<String, Shape> unused) {
    /** Keeps the contents as they are. */
    public Report {
      kept = List.copyOf(kept);
      unused = Collections.unmodifiableMap(new LinkedHashMap<>(unused));
    }
  }

  /**
   * Fills a model's parameters.
   *
   * @param flat a buffer of the parameters' layout: their values, or an average
   * @param need whether a tensor comes from the file, by its name
   * @return what did not, and what the file has besides
   * @throws InputException if tensors are missing or have other shapes, all of which it lists, or
   *     the file cannot be read; nothing is changed then unless reading itself failed
   */
  public static Report read(
      Path file, ParameterSet parameters, Tensor flat, Function<String, Need> need)
      throws InputException {
    Map<String, Tensor> places = parameters.placesIn(flat);
    Map<String, Shape> expected = new LinkedHashMap<>();
    Set<String> kept = new LinkedHashSet<>();
    places.forEach(
        (name, place) -> {
          if (need.apply(name) == Need.KEPT) {
            kept.add(name);
          } else {
            expected.put(name, place.shape());
          }
        });
    try (SafetensorsReader reader = SafetensorsReader.open(file)) {
      kept.addAll(check(reader, expected, name -> need.apply(name) == Need.OPTIONAL));
      Map<String, Shape> unused = new LinkedHashMap<>();
      reader.tensors().forEach((name, stored) -> unused.put(name, stored.shape()));
      for (Map.Entry<String, Tensor> place : places.entrySet()) {
        if (!kept.contains(place.getKey())) {
          reader.read(place.getKey(), place.getValue());
          unused.remove(place.getKey());
        }
      }
      parameters.valuesChanged();
      return new Report(List.copyOf(kept), unused);
    }
  }

  /**
   * Checks that a file has a model's tensors; it may have others.
   *
   * @param expected shapes by name
   * @param optional names of tensors that may be missing
   * @return the names of those that are
   * @throws InputException if others are missing or some have other shapes, all of which it lists
   */
  public static List<String> check(
      SafetensorsReader reader, Map<String, Shape> expected, Predicate<String> optional)
      throws InputException {
    List<String> wrong = new ArrayList<>();
    List<String> missing = new ArrayList<>();
    expected.forEach(
        (name, shape) -> {
          StoredTensor stored = reader.tensors().get(name);
          if (stored == null && optional.test(name)) {
            missing.add(name);
          } else if (stored == null) {
            wrong.add(name + " is missing");
          } else if (!stored.shape().equals(shape)) {
            wrong.add(name + " is " + stored.shape() + ", expected " + shape);
          }
        });
    if (!wrong.isEmpty()) {
      throw new InputException(
          reader.file().toString(),
          summary(wrong),
          "the " + expected.size() + " tensors of this model",
          "Use weights of this model, or a model as these weights are of");
    }
    return missing;
  }

  private static String summary(List<String> wrong) {
    List<String> named = wrong.subList(0, Math.min(MOST_NAMED, wrong.size()));
    String rest = wrong.size() > MOST_NAMED ? "; and " + (wrong.size() - MOST_NAMED) + " more" : "";
    return String.join("; ", named) + rest;
  }
}
