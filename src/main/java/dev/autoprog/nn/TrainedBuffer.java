package dev.autoprog.nn;

import dev.autoprog.backend.Session;
import dev.autoprog.kernel.Segments;
import dev.autoprog.nn.ParameterSet.Range;
import dev.autoprog.tensor.Shape;
import dev.autoprog.tensor.Tensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A number for each of a parameter set's, in the same order: of all of them at first, and once it
 * was {@linkplain #fit fitted}, of those alone that were trained then. Gradients and moments of
 * what is frozen take no memory; nothing does before it is used.
 */
public final class TrainedBuffer implements AutoCloseable {
  private final Session session;
  private final ParameterSet parameters;
  private List<Range> stretches;
  private Tensor values; // null as long as nobody has asked for it

  /** A buffer for all parameters, of zeros. */
  public TrainedBuffer(Session session, ParameterSet parameters) {
    this.session = session;
    this.parameters = parameters;
    this.stretches = List.of(new Range(0, parameters.values().elements(), false, 0));
  }

  /** All numbers; without frozen ones, laid out as the parameters' values. */
  public Tensor values() {
    if (values == null) {
      values = session.zeros(Shape.of(elements(stretches)));
    }
    return values;
  }

  /**
   * Has room from now on for what is trained now. What was kept of it stays; what had no room
   * begins at zero, what is frozen is forgotten. Views from before become unusable.
   */
  public void fit() {
    List<Range> trained = merged(parameters.trainableRanges());
    if (trained.equals(stretches)) {
      return;
    }
    Tensor before = values;
    List<Range> stretchesBefore = stretches;
    values = null;
    stretches = trained;
    if (before != null) {
      session.kernels().copySegments(common(stretchesBefore, trained), before, values());
      session.free(before);
    }
  }

  /** The same, without keeping anything: what was there has been used. */
  public void fitAnew() {
    List<Range> trained = merged(parameters.trainableRanges());
    if (!trained.equals(stretches)) {
      close();
      stretches = trained;
    }
  }

  /**
   * The numbers of a stretch.
   *
   * @throws IllegalStateException if there is no room for it
   */
  public Tensor of(Range range) {
    return find(range.begin(), range.end())
        .orElseThrow(
            () ->
                new IllegalStateException(
                    "parameters %d to %d were frozen when this buffer was fitted; fit it again"
                        .formatted(range.begin(), range.end())));
  }

  /**
   * The numbers of a parameter, in its shape.
   *
   * @throws IllegalStateException if there is no room for it
   */
  public Tensor of(Parameter parameter) {
    return place(parameter)
        .orElseThrow(
            () ->
                new IllegalStateException(
                    parameter + " was frozen when this buffer was fitted; fit it again"));
  }

  /** The numbers of all parameters that have room, by their names in files. */
  public Map<String, Tensor> places() {
    Map<String, Tensor> places = new LinkedHashMap<>();
    for (Parameter parameter : parameters.all()) {
      place(parameter).ifPresent(place -> places.putAll(parameter.stored(place)));
    }
    return places;
  }

  private Optional<Tensor> place(Parameter parameter) {
    long begin = parameter.offset();
    return find(begin, begin + parameter.shape().elements())
        .map(place -> place.reshape(parameter.shape().toArray()));
  }

  private Optional<Tensor> find(long begin, long end) {
    long offset = 0;
    for (Range stretch : stretches) {
      if (stretch.begin() <= begin && end <= stretch.end()) {
        long from = offset + begin - stretch.begin();
        return Optional.of(values().rows(from, from + end - begin));
      }
      offset += stretch.end() - stretch.begin();
    }
    return Optional.empty();
  }

  private static long elements(List<Range> stretches) {
    return stretches.stream().mapToLong(stretch -> stretch.end() - stretch.begin()).sum();
  }

  /** Neighbours as one, however they are trained. */
  private static List<Range> merged(List<Range> ranges) {
    List<Range> merged = new ArrayList<>();
    for (Range range : ranges) {
      int last = merged.size() - 1;
      boolean neighbour = last >= 0 && merged.get(last).end() == range.begin();
      long begin = neighbour ? merged.remove(last).begin() : range.begin();
      merged.add(new Range(begin, range.end(), false, 0));
    }
    return merged;
  }

  /** What lies in both, from its place in the one to that in the other. */
  private static Segments common(List<Range> before, List<Range> after) {
    List<long[]> pieces = new ArrayList<>();
    long from = 0;
    for (Range old : before) {
      long to = 0;
      for (Range fresh : after) {
        long begin = Math.max(old.begin(), fresh.begin());
        long end = Math.min(old.end(), fresh.end());
        if (begin < end) {
          pieces.add(
              new long[] {from + begin - old.begin(), to + begin - fresh.begin(), end - begin});
        }
        to += fresh.end() - fresh.begin();
      }
      from += old.end() - old.begin();
    }
    return new Segments(column(pieces, 0), column(pieces, 1), column(pieces, 2));
  }

  private static long[] column(List<long[]> pieces, int column) {
    return pieces.stream().mapToLong(piece -> piece[column]).toArray();
  }

  /** Gives the memory back; asked again, there are zeros. */
  @Override
  public void close() {
    if (values != null) {
      session.free(values);
      values = null;
    }
  }
}
