package dev.autoprog.autograd;

import dev.autoprog.tensor.Tensor;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.Function;

/**
 * Parts of a network whose activations are not kept: the backward pass computes them again (Chen et
 * al., <i>Training deep nets with sublinear memory cost</i>, 2016). The results have the same bits;
 * each such part costs one more forward pass.
 */
public final class Recomputation {
  private Recomputation() {}

  /**
   * {@code part(x)}, of which only the input and the result are kept. On a tape for inference, that
   * costs nothing.
   *
   * @param part a forward pass on the tape that it is given; run twice, it must do the same
   */
  public static Variable of(Tape tape, Variable x, BiFunction<Tape, Variable, Variable> part) {
    boolean recording = tape.isRecording();
    Tape once = recording ? Tape.recording(tape.session()) : Tape.inference(tape.session());
    Variable y = part.apply(once, once.input(x.value(), recording && x.requiresGradient()));
    once.releaseAllBut(List.of(y.value()));
    tape.adopt(y.value());
    if (!recording) {
      return tape.constant(y.value());
    }
    return tape.record(y.value(), (dy, sink) -> backward(tape, x, part, dy, sink), y);
  }

  /**
   * The results of {@code part} as constants, of which nothing else is kept: for parts in which
   * nothing trains, and for inference.
   *
   * @param part what it is given as a tape is for inference; its results are its own, not what it
   *     reads
   */
  public static List<Variable> constants(Tape tape, Function<Tape, List<Variable>> part) {
    Tape once = Tape.inference(tape.session());
    List<Tensor> results = part.apply(once).stream().map(Variable::value).toList();
    once.releaseAllBut(results);
    results.forEach(tape::adopt);
    return results.stream().map(tape::constant).toList();
  }

  private static void backward(
      Tape tape,
      Variable x,
      BiFunction<Tape, Variable, Variable> part,
      Tensor dy,
      GradientSink sink) {
    Tape again = Tape.recording(tape.session());
    Variable input = again.input(x.value(), x.requiresGradient());
    Variable y = part.apply(again, input);
    again.backward(y, dy, sink);
    tape.adopt(y.value()); // the last that is left of this tape but the input's gradient
    Tensor dx = x.requiresGradient() ? again.gradientSoFar(input) : null;
    if (dx != null) {
      if (dx != dy) {
        tape.adopt(dx);
      }
      tape.accumulate(x, dx);
    }
  }
}
