package dev.autoprog.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.assertj.core.api.Assertions.withinPercentage;

import dev.autoprog.InputException;
import dev.autoprog.backend.Backend;
import dev.autoprog.backend.Session;
import dev.autoprog.data.DataSplit;
import dev.autoprog.tensor.DType;
import dev.autoprog.tensor.DeviceMemoryException;
import dev.autoprog.tensor.Shape;
import dev.autoprog.testing.Candidate;
import java.nio.file.Path;
import java.util.function.IntConsumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BatchMemoryTest {
  private static final Pattern FITTING = Pattern.compile("at most (\\d+), which would fit");
  private static final DataSplit IMAGES = TinyImages.split(96, 32);

  @TempDir Path directory;

  private static int fitting(InputException refusal) {
    Matcher matcher = FITTING.matcher(refusal.getMessage());
    assertThat(matcher.find()).as(refusal.getMessage()).isTrue();
    return Integer.parseInt(matcher.group(1));
  }

  private static InputException refusal(ThrowingCallable run) {
    InputException refusal = catchThrowableOfType(InputException.class, run);
    assertThat(refusal).isNotNull();
    assertThat(refusal).hasCauseInstanceOf(DeviceMemoryException.class);
    return refusal;
  }

  /** A step that takes a gigabyte, and another for each sample; nobody touches them. */
  @Test
  void itIsWhatTheMemoryThatIsFreeHolds() {
    long gigabyte = 1L << 30;
    try (Session session = Session.open(Backend.named("cpu"), 1)) {
      Assumptions.assumeFalse(BatchMemory.fits(session.device(), 1L << 50));
      DeviceMemoryException cause = new DeviceMemoryException("host", 1, "");
      int fitting =
          fitting(
              BatchMemory.refusal(
                  session,
                  1 << 20,
                  samples ->
                      session.arena().allocate(DType.UINT8, Shape.of((1 + samples) * gigabyte)),
                  BatchMemory.Later.SAME,
                  "Lower it",
                  cause));
      assertThat(BatchMemory.fits(session.device(), (1 + fitting) * gigabyte)).isTrue();
      assertThat(BatchMemory.fits(session.device(), 2 * (2 + fitting) * gigabyte)).isFalse();
      assertThat(session.arena().peakBytes()).isZero();
      assertThat(
              fitting(
                  BatchMemory.refusal(
                      session,
                      3,
                      samples -> session.arena().allocate(DType.UINT8, Shape.of(samples)),
                      BatchMemory.Later.SAME,
                      "Lower it",
                      cause)))
          .isEqualTo(2);
    }
  }

  @Test
  void whatTheNetworkWillTakeLaterIsLeftForIt() {
    try (Session session = Session.open(Backend.named("cpu"), 1)) {
      Assumptions.assumeFalse(BatchMemory.fits(session.device(), 1L << 50));
      IntConsumer rehearsal =
          samples -> session.arena().allocate(DType.UINT8, Shape.of((long) samples << 26));
      DeviceMemoryException cause = new DeviceMemoryException("host", 1, "");
      int now =
          fitting(
              BatchMemory.refusal(
                  session, 1 << 20, rehearsal, BatchMemory.Later.SAME, "Lower it", cause));
      BatchMemory.Later later = new BatchMemory.Later((long) now << 24, 2);
      int then =
          fitting(BatchMemory.refusal(session, 1 << 20, rehearsal, later, "Lower it", cause));
      assertThat(then).isCloseTo(now * 3 / 8, withinPercentage(5));
    }
  }

  @Test
  void whereNotEvenOneSampleFitsThatIsSaid() {
    try (Session session = Session.open(Backend.named("cpu"), 1)) {
      DeviceMemoryException cause = new DeviceMemoryException("host", 1, "");
      assertThat(
              BatchMemory.refusal(
                  session,
                  3,
                  samples -> {
                    throw cause;
                  },
                  BatchMemory.Later.SAME,
                  "Lower it",
                  cause))
          .hasMessageContaining("less than a single sample takes");
    }
  }

  /** On an emulated device of little memory, which computes nothing. */
  @Test
  void aRunSaysHowLargeABatchFits() throws Exception {
    Assumptions.assumeTrue(System.getenv("AUTOPROG_EMULATION_BYTES") != null);
    int fitting = fitting(refusal(() -> train(64)));
    assertThat(fitting).isBetween(5, 48);
    train(fitting);
    assertThat(refusal(() -> train(2 * fitting)))
        .hasMessageStartingWith(
            "training.batch: there is no room on cuda:0 for a step of " + 2 * fitting);
  }

  private void train(int batch) throws Exception {
    RunConfig config =
        TinyRuns.config(
            "backend=" + Candidate.nameOr("cuda"),
            "model.patch=1",
            "model.width=64",
            "training.batch=" + batch,
            "training.epochs=3");
    Path run = directory.resolve("batch-" + batch + "-" + System.nanoTime());
    try (Session session = Session.open(Backend.named(config.backend()))) {
      Trainer.of(session, config).on(IMAGES).into(run).train();
    }
  }
}
