package dev.autoprog.jmh;

import dev.autoprog.autograd.Tape;
import dev.autoprog.autograd.Variable;
import dev.autoprog.backend.Backend;
import dev.autoprog.backend.Session;
import dev.autoprog.model.LibtorchVit;
import dev.autoprog.model.VitConfig;
import dev.autoprog.nn.Parameter;
import dev.autoprog.nn.ParameterSet;
import dev.autoprog.nn.Precision;
import dev.autoprog.nn.StochasticDepth;
import dev.autoprog.nn.TransformerBlock;
import dev.autoprog.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.openjdk.jmh.annotations.Param;

/**
 * One block of DeiT-S, forward and backward to the gradients by its input and all parameters, as a
 * training step does it.
 */
@Question("How fast is a transformer block, forward and backward?")
public class TransformerBlockBenchmark extends Comparison {
  private static final long SEED = 1;

  /** B, images of a batch. */
  @Param("128")
  public int batch;

  /** N, tokens of an image. */
  @Param("65")
  public int tokens;

  /** C and H. */
  private static final VitConfig CONFIG = VitConfig.deitSmall();

  private long elements() {
    return (long) batch * tokens * CONFIG.width();
  }

  @Override
  Work work(Implementation implementation) {
    return Work.operations(Work.block(batch, tokens, CONFIG.width(), CONFIG.hidden()));
  }

  /** A block and its parameters. */
  private record Network(TransformerBlock block, ParameterSet parameters) {
    static Network in(Session session, Precision precision) {
      ParameterSet.Builder builder = new ParameterSet.Builder();
      TransformerBlock block =
          new TransformerBlock(
              builder.under("blocks").under("0"), CONFIG.width(), CONFIG.heads(), CONFIG.hidden());
      ParameterSet parameters = builder.allocate(session, precision);
      parameters.initialize(SEED);
      return new Network(block, parameters);
    }
  }

  @Override
  Contender ours(Ours ours) {
    Session session = ours.session();
    Network network = Network.in(session, ours.precision());
    ParameterSet parameters = network.parameters();
    Tensor x = ours.tensor(Inputs.gaussian("x", elements()), batch, tokens, CONFIG.width());
    Tensor dy = ours.tensor(Inputs.gaussian("dy", elements()), batch, tokens, CONFIG.width());
    Tensor inputGradient = ours.empty(batch, tokens, CONFIG.width());
    List<Tensor> outputs = new ArrayList<>(List.of(inputGradient));
    parameters.all().stream().map(Parameter::gradient).forEach(outputs::add);
    return ours.contender(
        () -> {
          session.arena().reset();
          parameters.clearGradients();
          Tape tape = Tape.recording(session);
          // an input that something trainable made, as in a stack of blocks; the tape gives its
          // gradient back, so it is copied
          Variable input =
              tape.record(
                  x,
                  (dx, sink) -> session.kernels().convert(dx, inputGradient),
                  parameters.all().get(0));
          Variable y = network.block().forward(tape, input, StochasticDepth.NONE, 0);
          tape.backward(y, dy, parameters.accumulator());
        },
        outputs.toArray(Tensor[]::new));
  }

  @Override
  Contender libtorch(LibtorchPeer peer) {
    Map<String, org.bytedeco.pytorch.Tensor> weights;
    try (Session session = Session.open(Backend.named("reference"))) {
      weights =
          LibtorchPeer.weights(Network.in(session, Precision.FP32).parameters(), peer::tensor);
    }
    var x =
        peer.tensor(Inputs.gaussian("x", elements()), batch, tokens, CONFIG.width())
            .requires_grad_(true);
    var dy = peer.tensor(Inputs.gaussian("dy", elements()), batch, tokens, CONFIG.width());
    List<org.bytedeco.pytorch.Tensor> variables = new ArrayList<>(List.of(x));
    variables.addAll(weights.values());
    var all = variables.toArray(org.bytedeco.pytorch.Tensor[]::new);
    return peer.attending(
        attention -> {
          var graph = new LibtorchVit(CONFIG, weights, attention);
          return LibtorchPeer.contender(() -> LibtorchPeer.gradients(graph.block(x, 0), dy, all));
        });
  }
}
