package dev.autoprog.train.diffusion;

import static org.assertj.core.api.Assertions.assertThat;

import dev.autoprog.backend.Session;
import dev.autoprog.config.ConfigFile;
import dev.autoprog.data.Augmentation;
import dev.autoprog.data.Batch;
import dev.autoprog.data.BatchCursor;
import dev.autoprog.data.BatchLoader;
import dev.autoprog.diffusion.NoisyBatch;
import dev.autoprog.testing.Candidate;
import dev.autoprog.train.TinyImages;
import java.util.ArrayList;
import java.util.List;
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
}
