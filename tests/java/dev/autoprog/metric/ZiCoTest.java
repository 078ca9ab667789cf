package dev.autoprog.metric;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.autoprog.autograd.GradientSink;
import dev.autoprog.autograd.Tape;
import dev.autoprog.autograd.Variable;
import dev.autoprog.backend.Session;
import dev.autoprog.model.Conditions;
import dev.autoprog.model.UNet;
import dev.autoprog.model.UNetConfig;
import dev.autoprog.model.VisionTransformer;
import dev.autoprog.model.VitConfig;
import dev.autoprog.nn.CrossEntropy;
import dev.autoprog.nn.Parameter;
import dev.autoprog.nn.Precision;
import dev.autoprog.tensor.DType;
import dev.autoprog.tensor.Shape;
import dev.autoprog.tensor.Tensor;
import dev.autoprog.testing.Candidate;
import dev.autoprog.testing.RandomData;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class ZiCoTest {
  static Stream<Candidate> candidates() {
    return Candidate.all().stream();
  }

  static Stream<Arguments> candidatesAndBatches() {
    return Candidate.times(List.of(2, 3, 16, 64));
  }

  /** log Σ mean|g| / std(g), in float64 and two passes. */
  private static double expected(List<float[]> gradients) {
    double sum = 0;
    for (int w = 0; w < gradients.get(0).length; w++) {
      int i = w;
      double mean = gradients.stream().mapToDouble(g -> g[i]).average().orElseThrow();
      double size = gradients.stream().mapToDouble(g -> Math.abs(g[i])).average().orElseThrow();
      double variance =
          gradients.stream().mapToDouble(g -> Math.pow(g[i] - mean, 2)).average().orElseThrow();
      sum += variance > 0 ? size / Math.sqrt(variance) : 0;
    }
    return Math.log(sum);
  }

  @ParameterizedTest
  @MethodSource("candidatesAndBatches")
  void gradientsByNameGiveWhatTheFormulaSays(Candidate candidate, int batches) {
    RandomData random = RandomData.of("zico", batches);
    Map<String, Integer> sizes = Map.of("a", 1, "b", 65, "c", 1009);
    Map<String, List<float[]>> all = new LinkedHashMap<>();
    try (Session session = candidate.open();
        ZiCo zico = new ZiCo(session)) {
      for (int m = 0; m < batches; m++) {
        sizes.forEach(
            (name, size) -> {
              float[] g = random.gaussian(size);
              g[size / 2] = name.equals("a") ? g[0] : 0.25f; // equal in every batch
              all.computeIfAbsent(name, n -> new ArrayList<>()).add(g);
              zico.add(name, session.zeros(Shape.of(size)).set(g));
            });
        float[] constant = {0, -3.7f};
        zico.add("constant", session.zeros(Shape.of(2)).set(constant));
      }
      ZiCo.Score score = zico.score();
      assertThat(score.layers()).containsOnlyKeys("a", "b", "c"); // a constant one does not count
      double total = 0;
      for (String name : sizes.keySet()) {
        double layer = expected(all.get(name));
        assertThat(score.layers().get(name)).as(name).isCloseTo(layer, within(1e-3));
        total += layer;
      }
      assertThat(score.total()).isCloseTo(total, within(3e-3));
    }
  }

  /** The sink forms each layer's gradient by itself, and says what the accumulated ones say. */
  @ParameterizedTest
  @MethodSource("candidates")
  void asASinkItSeesTheGradientsOfTheLinearLayers(Candidate candidate) {
    VitConfig config = new VitConfig(8, 4, 1, 5, 16, 2, 2, 2);
    try (Session session = candidate.open();
        VisionTransformer vit = VisionTransformer.create(session, config, 3);
        ZiCo sink = new ZiCo(session);
        ZiCo byName = new ZiCo(session)) {
      vit.parameters().named("blocks.1.mlp.fc1.weight").trainable(false);
      for (int m = 0; m < 3; m++) {
        session.arena().reset();
        RandomData random = RandomData.of("zico sink", m);
        Tensor images =
            session.allocate(DType.FLOAT32, Shape.of(4, 1, 8, 8)).set(random.gaussian(256));
        int[] labels = random.integers(4, 0, 5);
        backward(session, vit, images, labels, sink);
        vit.parameters().clearGradients();
        backward(session, vit, images, labels, vit.parameters().accumulator());
        for (Parameter p : vit.parameters().all()) {
          if (p.decayed() && p.requiresGradient()) {
            byName.add(p.name(), p.gradient());
          }
        }
      }
      ZiCo.Score score = sink.score();
      assertThat(score.layers().keySet())
          .contains("patch_embed.proj.weight", "blocks.0.attn.qkv.weight", "head.weight")
          .doesNotContain("blocks.1.mlp.fc1.weight", "norm.weight", "pos_embed");
      ZiCo.Score expected = byName.score();
      assertThat(score.layers().keySet()).isEqualTo(Set.copyOf(expected.layers().keySet()));
      assertThat(score.total()).isCloseTo(expected.total(), within(1e-2));
    }
  }

  /** Queries, keys and values are computed as one layer in a UNet, and are three. */
  @ParameterizedTest
  @MethodSource("candidates")
  void layersThatAreComputedAsOneCountByThemselves(Candidate candidate) {
    UNetConfig config =
        new UNetConfig(8, 3, 3, 0, 16, List.of(1, 2), List.of(1), 1, 2, 4, 0, false);
    try (Session session = candidate.open();
        UNet unet = UNet.create(session, config, Precision.FP32, 3);
        ZiCo sink = new ZiCo(session);
        ZiCo byName = new ZiCo(session)) {
      for (Parameter p : unet.parameters().all()) {
        p.value().set(RandomData.of("zico", p.name()).uniform(p.value().elements(), -0.3, 0.3));
      }
      for (int m = 0; m < 3; m++) {
        RandomData random = RandomData.of("zico unet", m);
        float[] images = random.gaussian(2 * 3 * 8 * 8);
        float[] seed = random.gaussian(images.length);
        backward(session, unet, images, seed, sink);
        unet.parameters().clearGradients();
        backward(session, unet, images, seed, unet.parameters().accumulator());
        unet.parameters().gradients().places().forEach(byName::add);
      }
      Map<String, Double> layers = sink.score().layers();
      assertThat(layers.keySet())
          .filteredOn(name -> name.startsWith("down_blocks.1.attentions.0"))
          .anyMatch(name -> name.endsWith("attn1.to_q.weight"))
          .anyMatch(name -> name.endsWith("attn1.to_k.weight"))
          .anyMatch(name -> name.endsWith("attn1.to_v.weight"));
      Map<String, Double> expected = byName.score().layers();
      layers.forEach(
          (name, layer) -> assertThat(layer).as(name).isCloseTo(expected.get(name), within(1e-2)));
    }
  }

  private static void backward(
      Session session, UNet unet, float[] images, float[] seed, GradientSink sink) {
    session.arena().reset();
    Tape tape = Tape.recording(session);
    Tensor noisy = tape.allocate(2, 3, 8, 8).set(images);
    Variable output =
        unet.forward(tape, noisy, Conditions.of(new float[] {1, 700}, new int[] {0, 2}));
    tape.backward(output, tape.allocate(2, 3, 8, 8).set(seed), sink);
  }

  private static void backward(
      Session session, VisionTransformer vit, Tensor images, int[] labels, GradientSink sink) {
    Tape tape = Tape.recording(session);
    Variable logits = vit.forward(tape, images);
    CrossEntropy loss = new CrossEntropy(tape, logits.value(), labels, 0);
    tape.backward(logits, loss.gradient(1f / labels.length), sink);
  }

  @ParameterizedTest
  @MethodSource("candidates")
  void whatHasNoScoreIsRefused(Candidate candidate) {
    try (Session session = candidate.open();
        ZiCo zico = new ZiCo(session)) {
      assertThatThrownBy(zico::score).hasMessageContaining("Nothing is trainable");
      Tensor g = session.zeros(Shape.of(3)).set(1, 2, 3f);
      zico.add("w", g);
      assertThatThrownBy(zico::score)
          .hasMessageContaining("w has had 1 gradients, expected one of each batch, and 2");
      zico.add("w", g);
      zico.add("v", g);
      assertThatThrownBy(zico::score).hasMessageContaining("v has had 1 gradients");
      for (long otherSize : new long[] {1, 6}) {
        assertThatThrownBy(() -> zico.add("v", session.zeros(Shape.of(otherSize))))
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessage("v: a gradient of %d elements, expected 3, as before".formatted(otherSize));
      }
      zico.add("v", g.set(1, Float.NaN, 3));
      assertThatThrownBy(zico::score)
          .isInstanceOf(NonFiniteGradientException.class)
          .hasMessageContaining("ZiCo: the gradient of v is not finite");
    }
  }
}
