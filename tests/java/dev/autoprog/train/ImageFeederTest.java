package dev.autoprog.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.autoprog.backend.Session;
import dev.autoprog.data.Augmentation;
import dev.autoprog.data.Batch;
import dev.autoprog.data.BatchCursor;
import dev.autoprog.data.BatchLoader;
import dev.autoprog.data.ChannelStatistics;
import dev.autoprog.tensor.Shape;
import dev.autoprog.tensor.Tensor;
import dev.autoprog.testing.Candidate;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ImageFeederTest {
  private static final TinyImages IMAGES = new TinyImages(50, 3);
  private static final Augmentation AUGMENTATION = new Augmentation(0.5, 0.3, 0, 0.5);

  static List<Candidate> candidates() {
    return Candidate.all();
  }

  private static ImageFeeder feeder(Session session) {
    return new ImageFeeder(session, IMAGES, ChannelStatistics.centred(1));
  }

  /**
   * Batches that came ahead, among them one that nobody then asks for, are what they always are.
   */
  @ParameterizedTest
  @MethodSource("candidates")
  void imagesThatComeAheadAreTheSame(Candidate candidate) throws Exception {
    try (Session session = candidate.open();
        BatchLoader loader = new BatchLoader(IMAGES, 9, 1, 1)) {
      List<float[]> expected = images(session, loader, false);
      assertThat(expected).hasSize(5);
      assertThat(images(session, loader, true)).containsExactlyElementsOf(expected);
    }
  }

  /** A run that is stopped has a batch on its way, whose memory must not go before it arrives. */
  @ParameterizedTest
  @MethodSource("candidates")
  void aBatchOnItsWayDoesNotOutliveItsPlace(Candidate candidate) throws Exception {
    try (Session session = candidate.open();
        BatchLoader loader = new BatchLoader(IMAGES, 9, 1, 1);
        BatchCursor batches = loader.epoch(0, 0, AUGMENTATION)) {
      try (ImageFeeder feeder = feeder(session)) {
        for (int i = 0; i < 3; i++) {
          try (Batch batch = batches.next()) {
            feeder.ahead(batch);
          }
        }
      }
      assertThat(session.zeros(Shape.of(2)).toFloats()).containsExactly(0, 0);
    }
  }

  private static List<float[]> images(Session session, BatchLoader loader, boolean ahead)
      throws Exception {
    List<float[]> all = new ArrayList<>();
    try (ImageFeeder feeder = feeder(session);
        BatchCursor batches = loader.epoch(0, 0, AUGMENTATION)) {
      Batch next = batches.next();
      while (next != null) {
        try (Batch batch = next) {
          session.arena().reset();
          Tensor images = feeder.images(batch, 16);
          if (ahead && batch.number() == 2) {
            feeder.ahead(batch);
          }
          next = batches.hasNext() ? batches.next() : null;
          if (ahead && next != null) {
            feeder.ahead(next);
          }
          all.add(images.toFloats());
        }
      }
    }
    return all;
  }
}
