package dev.autoprog.train;

import static dev.autoprog.testing.Closeness.assertClose;
import static dev.autoprog.testing.Closeness.assertSameBits;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.autoprog.autograd.Tape;
import dev.autoprog.backend.Backend;
import dev.autoprog.backend.Session;
import dev.autoprog.model.VisionTransformer;
import dev.autoprog.model.VitConfig;
import dev.autoprog.nn.Parameter;
import dev.autoprog.nn.ParameterSet;
import dev.autoprog.nn.StochasticDepth;
import dev.autoprog.nn.Targets;
import dev.autoprog.optim.AdamW;
import dev.autoprog.optim.Ema;
import dev.autoprog.progressive.growth.GrowthMap;
import dev.autoprog.progressive.growth.GrowthOperator;
import dev.autoprog.progressive.search.SubNetwork;
import dev.autoprog.tensor.DType;
import dev.autoprog.tensor.Shape;
import dev.autoprog.tensor.Tensor;
import dev.autoprog.testing.Candidate;
import dev.autoprog.testing.RandomData;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class LearnerTest {
  private static final VitConfig CONFIG = new VitConfig(12, 3, 1, 4, 16, 3, 2, 2);
  private static final int BATCH = 6;

  static Stream<Candidate> candidates() {
    return Candidate.all().stream();
  }

  private static Learner learner(Session session, RunConfig.Moments moments) {
    return new Learner(
        session,
        VisionTransformer.create(session, CONFIG, 7),
        new AdamW.Settings(0.9, 0.999, 1e-8, 0.05, 1),
        new RunConfig.Averages(List.of(0.5, 0.9), false),
        moments,
        7);
  }

  /** Trains on random images, so that weights, averages and moments all differ. */
  private static void train(Session session, Learner learner, int steps) {
    RandomData random = RandomData.of("learner");
    Tensor images = session.allocate(DType.FLOAT32, Shape.of(BATCH, 1, 12, 12));
    for (int step = 0; step < steps; step++) {
      session.arena().reset();
      images.set(random.gaussian(images.elements()));
      learner.step(images, random.integers(BATCH, 0, 4), 0.1, 0.2, step, 1e-2);
    }
    session.free(images);
  }

  private static float[] logits(Session session, Learner learner) {
    return logits(session, learner, BlockPath.of(learner.model().allBlocks()));
  }

  @Test
  void momentumGrowthWantsAnAverage() {
    try (Session session = Session.open(Backend.named("reference"));
        Learner learner =
            new Learner(
                session,
                VisionTransformer.create(session, CONFIG, 7),
                AdamW.Settings.DEFAULT,
                new RunConfig.Averages(List.of(), false),
                RunConfig.Moments.COPY,
                7)) {
      assertThatThrownBy(() -> learner.grow(GrowthOperator.MOMENTUM.map(3, 4)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("a learner that keeps none; give it a decay");
    }
  }

  /** Up to rounding: of what was the last block, all tokens ask from then on. */
  @ParameterizedTest
  @MethodSource("candidates")
  void identityGrowthKeepsTheOutputs(Candidate candidate) {
    try (Session session = candidate.open();
        Learner learner = learner(session, RunConfig.Moments.COPY)) {
      train(session, learner, 3);
      float[] before = logits(session, learner);
      learner.grow(GrowthOperator.IDENTITY.map(3, 7));
      assertThat(learner.depth()).isEqualTo(7);
      assertThat(logits(session, learner)).containsExactly(before, within(1e-5f));
    }
  }

  @ParameterizedTest
  @EnumSource(GrowthOperator.class)
  void everythingIsCarriedOverAsTheMapSays(GrowthOperator operator) {
    try (Session session = Candidate.all().get(0).open();
        Learner learner = learner(session, RunConfig.Moments.COPY)) {
      train(session, learner, 3);
      ParameterSet before = learner.model().parameters();
      Map<String, float[]> online = values(before, before.values());
      Map<String, float[]> slowest = values(before, learner.averages().get(1).values());
      Map<String, float[]> fastest = values(before, learner.averages().get(0).values());

      GrowthMap map = operator.map(3, 5);
      learner.grow(map);

      ParameterSet after = learner.model().parameters();
      Map<String, float[]> source = operator == GrowthOperator.MOMENTUM ? slowest : online;
      assertCarried(map, values(after, after.values()), source);
      List<Ema> averages = learner.averages();
      assertCarried(map, values(after, averages.get(1).values()), slowest);
      assertCarried(map, values(after, averages.get(0).values()), fastest);
    }
  }

  private static Map<String, float[]> values(ParameterSet parameters, Tensor flat) {
    Map<String, float[]> values = new HashMap<>();
    parameters.placesIn(flat).forEach((name, place) -> values.put(name, place.toFloats()));
    return values;
  }

  private static void assertCarried(
      GrowthMap map, Map<String, float[]> after, Map<String, float[]> before) {
    after.forEach(
        (name, values) -> {
          if (!name.startsWith("blocks.")) {
            assertSameBits(name, values, before.get(name));
            return;
          }
          String[] parts = name.split("\\.", 3);
          GrowthMap.Block block = map.blocks().get(Integer.parseInt(parts[1]));
          float[] source = before.get("blocks." + block.source() + "." + parts[2]);
          boolean branchEnd = parts[2].startsWith("attn.proj") || parts[2].startsWith("mlp.fc2");
          switch (block.kind()) {
            case COPY -> assertSameBits(name, values, source);
            case IDENTITY ->
                assertSameBits(name, values, branchEnd ? new float[source.length] : source);
            case SHARE -> { // two of each: half is exact
              float[] expected = source.clone();
              for (int i = 0; branchEnd && i < expected.length; i++) {
                expected[i] /= 2;
              }
              assertSameBits(name, values, expected);
            }
            case FRESH -> {
              if (name.endsWith("weight") && !name.contains("norm")) {
                assertThat(values)
                    .as(name)
                    .isNotEqualTo(source)
                    .isNotEqualTo(new float[source.length]);
              }
            }
          }
        });
  }

  @ParameterizedTest
  @EnumSource(RunConfig.Moments.class)
  void momentsOfGrownBlocksAreCopiedOrZero(RunConfig.Moments moments) {
    try (Session session = Candidate.all().get(0).open();
        Learner learner = learner(session, moments)) {
      train(session, learner, 3);
      Map<String, Tensor> state = learner.state();
      float[] second = state.get("first_moment.blocks.2.mlp.fc1.weight").toFloats();
      learner.grow(GrowthOperator.MOMENTUM.map(3, 4));
      float[] original = learner.state().get("first_moment.blocks.2.mlp.fc1.weight").toFloats();
      float[] added = learner.state().get("first_moment.blocks.3.mlp.fc1.weight").toFloats();
      assertSameBits("original", original, second);
      assertSameBits(
          "added", added, moments == RunConfig.Moments.COPY ? second : new float[second.length]);
    }
  }

  /** With a step as wide as the learning rate, not with one for moments of many updates. */
  @ParameterizedTest
  @CsvSource({"RANDOM, COPY", "RANDOM, ZERO", "MOMENTUM, ZERO"})
  void addedBlocksWithoutMomentsAreUpdatedAsByAFreshOptimizer(
      GrowthOperator operator, RunConfig.Moments moments) {
    try (Session session = Candidate.all().get(0).open();
        Learner learner = learner(session, moments)) {
      train(session, learner, 20);
      learner.grow(operator.map(3, 6));
      List<Integer> added =
          IntStream.range(0, 6).filter(block -> hasNoMoments(learner, block)).boxed().toList();
      assertThat(added).hasSize(3);
      assertThat(widestUpdate(session, learner, added.get(1), List.of(0, 1, 2, 3, 4, 5), 20))
          .isCloseTo(1, within(1e-2));
    }
  }

  @ParameterizedTest
  @MethodSource("candidates")
  void aBlockThatWasPassedByIsUpdatedAsByAFreshOptimizer(Candidate candidate) {
    try (Session session = candidate.open();
        Learner learner = learner(session, RunConfig.Moments.COPY)) {
      for (int step = 0; step < 20; step++) {
        widestUpdate(session, learner, 0, List.of(0, 2), step);
      }
      learner.mark();
      assertThat(widestUpdate(session, learner, 1, List.of(0, 1, 2), 20))
          .isCloseTo(1, within(1e-2));
      widestUpdate(session, learner, 1, List.of(0, 1), 21);
      learner.rewind();
      learner.keep(BlockPath.of(List.of(1, 2)));
      assertThat(widestUpdate(session, learner, 0, List.of(0, 1), 20)).isCloseTo(1, within(1e-2));
    }
  }

  private static boolean hasNoMoments(Learner learner, int block) {
    Tensor first = learner.state().get("first_moment.blocks." + block + ".mlp.fc1.weight");
    return Arrays.equals(first.toFloats(), new float[Math.toIntExact(first.elements())]);
  }

  /** By how many learning rates a step moves a weight of a block, weight decay left out. */
  private static double widestUpdate(
      Session session, Learner learner, int block, List<Integer> path, long step) {
    double rate = 1e-4;
    Tensor weight = learner.weights().get("blocks." + block + ".mlp.fc1.weight");
    float[] before = weight.toFloats();
    RandomData random = RandomData.of("widest update", step);
    session.arena().reset();
    Targets targets = Targets.of(random.integers(BATCH, 0, 4));
    learner.step(BlockPath.of(path), images(session, random), targets, 0.1, 0, step, rate);
    float[] after = weight.toFloats();
    return IntStream.range(0, before.length)
        .mapToDouble(i -> Math.abs(before[i] * (1 - rate * 0.05) - after[i]) / rate)
        .max()
        .orElseThrow();
  }

  @ParameterizedTest
  @MethodSource("candidates")
  void bytesReturnToWhereTheyWereAndASteadyStepAllocatesNothing(Candidate candidate) {
    boolean slow = candidate.backend().name().equals("reference");
    try (Session session = candidate.open()) {
      assertThat(session.allocatedBytes()).isZero();
      try (Learner learner = learner(session, RunConfig.Moments.COPY)) {
        train(session, learner, 2);
        long steady = session.allocatedBytes();
        train(session, learner, slow ? 20 : 1000);
        assertThat(session.allocatedBytes()).isEqualTo(steady);
        learner.grow(GrowthOperator.MOMENTUM.map(3, 4));
      }
      session.arena().close();
      assertThat(session.allocatedBytes()).isZero();
    }
  }

  @ParameterizedTest
  @MethodSource("candidates")
  void trainingIsTheSameBitsAgain(Candidate candidate) {
    float[][] weights = new float[2][];
    for (int run = 0; run < 2; run++) {
      try (Session session = candidate.open();
          Learner learner = learner(session, RunConfig.Moments.COPY)) {
        train(session, learner, 5);
        weights[run] = learner.model().parameters().values().toFloats();
      }
    }
    assertSameBits("weights", weights[1], weights[0]);
  }

  @ParameterizedTest
  @MethodSource("candidates")
  void frozenParametersStayAndCostNoGradient(Candidate candidate) {
    try (Session session = candidate.open();
        Learner learner = learner(session, RunConfig.Moments.COPY)) {
      ParameterSet parameters = learner.model().parameters();
      List<Parameter> frozen =
          parameters.all().stream().filter(p -> !p.name().startsWith("blocks.2.")).toList();
      frozen.forEach(p -> p.trainable(false));
      Map<String, float[]> before = values(parameters, parameters.values());
      train(session, learner, 2);
      Map<String, float[]> after = values(parameters, parameters.values());
      for (Parameter p : parameters.all()) {
        if (frozen.contains(p)) {
          assertSameBits(p.name(), after.get(p.name()), before.get(p.name()));
          assertThat(p.gradient().toFloats()).containsOnly(0f);
        } else {
          assertThat(after.get(p.name())).as(p.name()).isNotEqualTo(before.get(p.name()));
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("candidates")
  void aSubNetworksStepIsThatOfANetworkOfItsBlocks(Candidate candidate) {
    List<Integer> blocks = List.of(0, 2);
    try (Session session = candidate.open();
        Learner part = learner(session, RunConfig.Moments.COPY);
        Learner alone = learner(session, RunConfig.Moments.COPY)) {
      train(session, part, 3);
      train(session, alone, 3);
      alone.keep(BlockPath.of(blocks));
      assertThat(alone.depth()).isEqualTo(2);
      Map<String, float[]> before = state(part);

      stepOnce(session, alone, List.of(0, 1));
      stepOnce(session, part, blocks);

      Map<String, float[]> after = state(part);
      before.forEach(
          (name, values) -> {
            if (name.contains("blocks.1.")) {
              assertSameBits(name, after.get(name), values);
            }
          });
      assertThat(part.model().parameters().all()).allMatch(Parameter::requiresGradient);
      part.keep(BlockPath.of(blocks));
      Map<String, float[]> expected = state(alone);
      state(part).forEach((name, values) -> assertClose(name, values, expected.get(name), 1e-5));
    }
  }

  /** A sub-network of fewer shares is what growing to its depth alone would have built. */
  @ParameterizedTest
  @MethodSource("candidates")
  void strengthsMakeUpForSharesThatAreLeftOut(Candidate candidate) {
    GrowthMap map = GrowthOperator.SPLIT.map(3, 8); // 0 0 1 1 1 2 2 2
    try (Session session = candidate.open();
        Learner supernet = learner(session, RunConfig.Moments.COPY);
        Learner alone = learner(session, RunConfig.Moments.COPY)) {
      train(session, supernet, 3);
      train(session, alone, 3);
      supernet.grow(map);
      alone.grow(GrowthOperator.SPLIT.map(3, 4)); // 0 1 2 2
      SubNetwork part =
          SubNetwork.of(
              GrowthOperator.SPLIT, map, new dev.autoprog.progressive.search.Candidate(12, 4));
      assertThat(part.strengths()).containsExactly(2.0, 3.0, 1.5, 1.5);
      float[] expected = logits(session, alone);
      assertThat(logits(session, supernet, BlockPath.of(part)))
          .containsExactly(expected, within(1e-5f));
      float[] gradient = rehearsedGradient(session, alone, BlockPath.of(alone.model().allBlocks()));
      assertThat(rehearsedGradient(session, supernet, BlockPath.of(part)))
          .containsExactly(gradient, within(1e-5f));
      supernet.keep(BlockPath.of(part));
      assertThat(logits(session, supernet)).containsExactly(expected, within(1e-5f));
      Map<String, float[]> weights = state(alone);
      state(supernet).forEach((name, values) -> assertClose(name, values, weights.get(name), 1e-6));
    }
  }

  private static float[] logits(Session session, Learner learner, BlockPath path) {
    session.arena().reset();
    Tensor images = images(session, RandomData.of("logits"));
    return learner
        .logits(Tape.inference(session), path, images, StochasticDepth.NONE)
        .value()
        .toFloats();
  }

  /** What a rehearsal leaves as the gradient by the patches' weights. */
  private static float[] rehearsedGradient(Session session, Learner learner, BlockPath path) {
    RandomData random = RandomData.of("rehearsal");
    session.arena().reset();
    Tensor images = images(session, random);
    learner.rehearse(path, images, Targets.of(random.integers(BATCH, 0, 4)), 0.1);
    return learner.model().parameters().named("patch_embed.proj.weight").gradient().toFloats();
  }

  private static Tensor images(Session session, RandomData random) {
    return session
        .arena()
        .allocate(DType.FLOAT32, Shape.of(BATCH, 1, 12, 12))
        .set(random.gaussian(BATCH * 144L));
  }

  /** Weights, moments and averages by name. */
  private static Map<String, float[]> state(Learner learner) {
    Map<String, float[]> state = new HashMap<>();
    learner.weights().forEach((name, tensor) -> state.put(name, tensor.toFloats()));
    learner.state().forEach((name, tensor) -> state.put(name, tensor.toFloats()));
    return state;
  }

  private static void stepOnce(Session session, Learner learner, List<Integer> blocks) {
    RandomData random = RandomData.of("sub-network");
    session.arena().reset();
    Tensor images = images(session, random);
    Targets targets = Targets.of(random.integers(BATCH, 0, 4));
    learner.step(BlockPath.of(blocks), images, targets, 0.1, 0.2, 3, 1e-2);
  }
}
