package dev.autoprog.train.diffusion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;

import dev.autoprog.backend.Session;
import dev.autoprog.config.ConfigFile;
import dev.autoprog.data.Augmentation;
import dev.autoprog.data.Batch;
import dev.autoprog.data.BatchCursor;
import dev.autoprog.data.BatchLoader;
import dev.autoprog.diffusion.NoisyBatch;
import dev.autoprog.model.Conditions;
import dev.autoprog.testing.Candidate;
import dev.autoprog.train.TinyImages;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalDouble;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class DiffusionBatchesTest {
  static List<Candidate> candidates() {
    return Candidate.all();
  }

  /** Images that came ahead are what they always are, at another side, too. */
  @ParameterizedTest
  @MethodSource("candidates")
  void whatComesAheadIsTheSame(Candidate candidate) throws Exception {
    DiffusionConfig config =
        ConfigFile.override(
            DiffusionConfig.DEFAULT,
            List.of("training.batch=8", "model.dit.patch=3", "noise.steps=100"));
    try (Session session = candidate.open()) {
      var data = new DiffusionData.Images(TinyImages.split(48, 8));
      DiffusionSetup setup = DiffusionSetup.of(session, config, data);
      try (BatchLoader loader = new BatchLoader(setup.data().train(), 8, 1, 1)) {
        List<float[]> expected = noisy(setup, loader, false);
        assertThat(expected).hasSize(6);
        assertThat(noisy(setup, loader, true)).containsExactlyElementsOf(expected);
      }
    }
  }

  private static List<float[]> noisy(DiffusionSetup setup, BatchLoader loader, boolean ahead)
      throws Exception {
    List<float[]> all = new ArrayList<>();
    try (DiffusionBatches made = new DiffusionBatches(setup);
        BatchCursor batches = loader.epoch(0, 0, Augmentation.NONE)) {
      Batch next = batches.next();
      for (int step = 0; next != null; step++) {
        int side = step < 3 ? 6 : 12;
        try (Batch batch = next) {
          NoisyBatch noisy = made.training(batch, side, 2, 0, step).noisy();
          next = batches.hasNext() ? batches.next() : null;
          if (ahead && next != null) {
            made.ahead(next);
          }
          all.add(noisy.noisy().toFloats());
        }
      }
    }
    return all;
  }

  private static final int STAGE = 1;

  private static DiffusionSetup setup(Session session, String... settings) throws Exception {
    List<String> all =
        new ArrayList<>(List.of("training.batch=96", "model.dit.patch=3", "noise.steps=100"));
    all.addAll(List.of(settings));
    return DiffusionSetup.of(
        session,
        ConfigFile.override(DiffusionConfig.DEFAULT, all),
        new DiffusionData.Images(TinyImages.split(96, 32)));
  }

  @Test
  void classesAndIdentifiersAreDroppedAsOftenAsAskedForAndInTrainingAlone() throws Exception {
    try (Session session = Candidate.all().get(0).open()) {
      DiffusionSetup setup =
          setup(
              session,
              "noise.label_drop=0.25",
              "progressive.schedule=manual",
              "progressive.stages=3",
              "progressive.identifiers=true",
              "progressive.identifier_drop=0.1");
      try (BatchLoader loader = new BatchLoader(setup.data().train(), 96, 1, 1);
          DiffusionBatches made = new DiffusionBatches(setup);
          BatchCursor cursor = loader.sequential();
          Batch batch = cursor.next()) {
        int[] labels = batch.labels().clone();
        Set<List<Integer>> told = new HashSet<>();
        int classes = 0;
        int identifiers = 0;
        for (int step = 0; step < 30; step++) {
          Conditions read = made.training(batch, 6, 0, STAGE, step).conditions();
          told.add(Arrays.stream(read.labels()).boxed().toList());
          for (int i = 0; i < 96; i++) {
            assertThat(read.labels()[i]).isIn(labels[i], 4);
            assertThat(read.stages()[i]).isIn(STAGE, 3);
            classes += read.labels()[i] == 4 ? 1 : 0;
            identifiers += read.stages()[i] == 3 ? 1 : 0;
          }
        }
        assertThat(told).hasSize(30);
        // of 2880, five standard deviations
        assertThat(classes).isBetween(720 - 116, 720 + 116);
        assertThat(identifiers).isBetween(288 - 80, 288 + 80);
        assertThat(batch.labels()).isEqualTo(labels);
        Conditions judged = made.judging(batch, 6, 0, STAGE).conditions();
        assertThat(judged.labels()).isEqualTo(labels);
        assertThat(judged.stages()).containsOnly(STAGE);
      }
    }
  }

  @Test
  void timestepsAndNoiseAreDrawnAnewInEveryEpoch() throws Exception {
    try (Session session = Candidate.all().get(0).open()) {
      DiffusionSetup setup = setup(session);
      Set<List<Integer>> timesteps = new HashSet<>();
      Set<Float> noise = new HashSet<>();
      try (BatchLoader loader = new BatchLoader(setup.data().train(), 96, 1, 1);
          DiffusionBatches made = new DiffusionBatches(setup);
          BatchCursor cursor = loader.sequential();
          Batch batch = cursor.next()) {
        for (int epoch : new int[] {0, 1, 2, 1}) {
          NoisyBatch noisy = made.training(batch, 6, epoch, 0, 7).noisy();
          timesteps.add(Arrays.stream(noisy.timesteps()).boxed().toList());
          noise.add(noisy.noise().toFloats()[0]);
        }
      }
      assertThat(timesteps).hasSize(3);
      assertThat(noise).hasSize(3);
    }
  }

  /** A last batch that is smaller counts for as much less. */
  @Test
  void aValidationIsTheMeanOverAsManyImagesAsAskedForHoweverTheyAreBatched() throws Exception {
    double whole = validationError(32, 96, 7).orElseThrow();
    assertThat(validationError(32, 5, 7)).hasValueCloseTo(whole, offset(1e-5));
    assertThat(validationError(7, 5, 100)).hasValueCloseTo(whole, offset(1e-5));
    assertThat(Math.abs(validationError(32, 96, 32).orElseThrow() - whole)).isGreaterThan(1e-4);
  }

  private static OptionalDouble validationError(int test, int batch, int images) throws Exception {
    DiffusionConfig config =
        ConfigFile.override(
            DiffusionConfig.DEFAULT,
            List.of(
                "training.batch=" + batch,
                "validation.images=" + images,
                "model.dit.patch=3",
                "model.dit.width=16",
                "model.dit.depth=1",
                "model.dit.heads=2"));
    try (Session session = Candidate.all().get(0).open()) {
      var data = new DiffusionData.Images(TinyImages.split(96, test));
      DiffusionSetup setup = DiffusionSetup.of(session, config, data);
      try (DiffusionLearner learner = setup.newLearner(DiffusionListener.NONE);
          Validation validation = new Validation(setup, learner)) {
        assertThat(validation.error(() -> true)).isEmpty();
        return validation.error(() -> false);
      }
    }
  }
}
