package dev.autoprog.jmh;

import dev.autoprog.autograd.Tape;
import dev.autoprog.autograd.Variable;
import dev.autoprog.backend.Backend;
import dev.autoprog.backend.Session;
import dev.autoprog.kernel.RowsShape;
import dev.autoprog.metric.NtkGram;
import dev.autoprog.model.LibtorchVit;
import dev.autoprog.model.VisionTransformer;
import dev.autoprog.model.VitConfig;
import dev.autoprog.tensor.DType;
import dev.autoprog.tensor.Shape;
import dev.autoprog.tensor.Tensor;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.openjdk.jmh.annotations.Param;

/**
 * The neural tangent kernel of 16 samples for DeiT-Ti, of their summed outputs. The peer does what
 * published programs do: one backward pass for each sample through the whole batch, each gradient
 * kept, their inner products at the end. With {@code passes}, we do the same, a forward pass
 * included each time; {@code TrainingStepBenchmark -p images=16x224} is a step of the same batch.
 */
@Question(
    value = "How long does the NTK of 16 samples take for DeiT-Ti?",
    peers = {Implementation.LIBTORCH, Implementation.LIBTORCH_BEST})
public class NtkBenchmark extends Comparison {
  private static final long SEED = 1;
  private static final VitConfig CONFIG = VitConfig.deitTiny();

  /** n, samples of a batch. */
  @Param("16")
  public int samples;

  /** Of ours: one pass for all samples, or one for each. */
  @Param({"one", "each"})
  public String passes;

  private float[] pixels() {
    return Inputs.gaussian(
        "pixels", (long) samples * 3 * CONFIG.resolution() * CONFIG.resolution());
  }

  private static VisionTransformer network(Ours ours) {
    return VisionTransformer.create(ours.session(), CONFIG, ours.precision(), SEED);
  }

  @Override
  Work work(Implementation implementation) {
    return Work.NONE; // the ways to it differ in their work
  }

  @Override
  Contender ours(Ours ours) {
    return passes.equals("one") ? onePass(ours) : onePassEach(ours);
  }

  private Contender onePass(Ours ours) {
    Session session = ours.session();
    VisionTransformer vit = network(ours);
    Tensor images = images(ours);
    Tensor theta = ours.zeros(samples, samples);
    return ours.contender(
        () -> {
          session.arena().reset();
          try (NtkGram gram = new NtkGram(session, samples)) {
            Tape tape = Tape.recording(session);
            Variable logits = vit.forward(tape, images);
            Tensor seed = tape.allocateLike(logits.value());
            session.kernels().fill(seed, 1);
            tape.backward(logits, seed, gram);
            theta.set(flat(gram.matrix()));
          }
        },
        theta);
  }

  private Contender onePassEach(Ours ours) {
    Session session = ours.session();
    VisionTransformer vit = network(ours);
    Tensor images = images(ours);
    Tensor theta = ours.zeros(samples, samples);
    long elements = vit.parameters().gradients().values().elements();
    Tensor jacobian = ours.zeros(samples, elements);
    Tensor gram = session.allocate(DType.FLOAT64, Shape.of(samples, samples));
    return ours.contender(
        () -> {
          for (int i = 0; i < samples; i++) {
            session.arena().reset();
            vit.parameters().clearGradients();
            Tape tape = Tape.recording(session);
            Variable logits = vit.forward(tape, images);
            Tensor seed = tape.allocateLike(logits.value());
            session.kernels().fill(seed, 0);
            session.kernels().fill(seed.rows(i, i + 1), 1);
            tape.backward(logits, seed, vit.parameters().accumulator());
            session
                .kernels()
                .convert(vit.parameters().gradients().values(), jacobian.rows(i, i + 1));
          }
          gram.set(new double[samples * samples]);
          session.kernels().ntkGramRows(RowsShape.dense(samples, elements), jacobian, gram);
          double[] values = gram.toDoubles();
          float[] rounded = new float[values.length];
          for (int i = 0; i < values.length; i++) {
            rounded[i] = (float) values[i];
          }
          theta.set(rounded);
        },
        theta);
  }

  private Tensor images(Ours ours) {
    return ours.float32(pixels(), samples, 3, CONFIG.resolution(), CONFIG.resolution());
  }

  private float[] flat(double[][] matrix) {
    float[] flat = new float[samples * samples];
    for (int i = 0; i < flat.length; i++) {
      flat[i] = (float) matrix[i / samples][i % samples];
    }
    return flat;
  }

  @Override
  Contender libtorch(LibtorchPeer peer) {
    return peer.attending(attention -> published(peer, attention));
  }

  private Contender published(LibtorchPeer peer, LibtorchVit.Attention attention) {
    Map<String, org.bytedeco.pytorch.Tensor> weights;
    try (Session session = Session.open(Backend.named("reference"));
        VisionTransformer vit = VisionTransformer.create(session, CONFIG, SEED)) {
      weights = LibtorchPeer.weights(vit.parameters(), peer::float32);
    }
    var graph = new LibtorchVit(CONFIG, weights, attention);
    var all = weights.values().toArray(org.bytedeco.pytorch.Tensor[]::new);
    var input = peer.float32(pixels(), samples, 3, CONFIG.resolution(), CONFIG.resolution());
    return LibtorchPeer.contender(
        () -> {
          var logits = graph.logits(input);
          TensorVector rows = new TensorVector();
          for (int i = 0; i < samples; i++) {
            TensorVector gradient = new TensorVector();
            LibtorchPeer.gradientsKeepingGraph(logits.select(0, i).sum(), all)
                .forEach(g -> gradient.push_back(g.flatten()));
            rows.push_back(torch.cat(gradient, 0));
          }
          var jacobian = torch.stack(rows);
          return List.of(jacobian.matmul(jacobian.t()));
        });
  }
}
