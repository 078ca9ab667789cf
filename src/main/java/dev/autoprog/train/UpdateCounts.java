package dev.autoprog.train;

import dev.autoprog.nn.Parameter;
import dev.autoprog.nn.ParameterSet;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * How often what is learned has been updated, which an optimizer must know beside its moments.
 *
 * @param steps the run's updates so far
 * @param missed by a parameter's name, how many of them it has not had; those alone that missed any
 */
record UpdateCounts(long steps, Map<String, Long> missed) {
  static UpdateCounts of(long steps, ParameterSet parameters) {
    Map<String, Long> missed = new LinkedHashMap<>();
    for (Parameter parameter : parameters.all()) {
      if (parameter.missedUpdates() > 0) {
        missed.put(parameter.name(), parameter.missedUpdates());
      }
    }
    return new UpdateCounts(steps, missed);
  }

  void restore(ParameterSet parameters) {
    parameters.all().forEach(p -> p.missedUpdates(missed.getOrDefault(p.name(), 0L)));
  }
}
