package dev.autoprog.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.autoprog.InputException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class BatchLoaderTest {
  private static final Augmentation ALL = new Augmentation(0.5, 0.3, 0.2, 0.5);

  @AfterEach
  void noThreadIsLeft() {
    assertThat(loaderThreads()).isEmpty();
  }

  @Test
  void anEpochIsAPermutationWithoutItsLastIncompleteBatch() throws Exception {
    try (var loader = new BatchLoader(new Fixtures.Synthetic(103), 10, 1, 3)) {
      assertThat(loader.batchesPerEpoch()).isEqualTo(10);
      List<Integer> indices = indices(loader.epoch(0, 0, ALL));
      assertThat(indices).hasSize(100).doesNotHaveDuplicates();
      assertThat(indices).allMatch(i -> i >= 0 && i < 103).isNotEqualTo(sorted(indices));
    }
  }

  @Test
  void epochsAndSeedsDifferInOrder() throws Exception {
    try (var loader = new BatchLoader(new Fixtures.Synthetic(64), 8, 1, 2);
        var other = new BatchLoader(new Fixtures.Synthetic(64), 8, 2, 2)) {
      List<Integer> first = indices(loader.epoch(0, 0, ALL));
      assertThat(indices(loader.epoch(0, 0, ALL))).isEqualTo(first);
      assertThat(indices(loader.epoch(1, 0, ALL))).isNotEqualTo(first);
      assertThat(indices(other.epoch(0, 0, ALL))).isNotEqualTo(first);
    }
  }

  @Test
  void batchesHoldTheirImagesAndLabels() throws Exception {
    try (var loader = new BatchLoader(new Fixtures.Synthetic(40), 8, 1, 2);
        BatchCursor cursor = loader.epoch(3, 0, ALL)) {
      for (int number = 0; cursor.hasNext(); number++) {
        try (Batch batch = cursor.next()) {
          assertThat(batch.number()).isEqualTo(number);
          assertThat(batch.pixels().isDirect()).isTrue();
          assertThat(batch.pixels().remaining()).isEqualTo(8 * 30);
          for (int i = 0; i < 8; i++) {
            int index = batch.indices()[i];
            assertThat(batch.labels()[i]).isEqualTo(index % 4);
            for (int at = 0; at < 30; at++) {
              assertThat(batch.pixels().get(i * 30 + at))
                  .isEqualTo(Fixtures.Synthetic.pixel(index, at));
            }
          }
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 7})
  void batchesDoNotDependOnTheNumberOfThreads(int threads) throws Exception {
    var dataset = new Fixtures.Synthetic(200);
    try (var one = new BatchLoader(dataset, 16, 5, 1);
        var several = new BatchLoader(dataset, 16, 5, threads)) {
      assertThat(copies(several.epoch(4, 0, ALL))).isEqualTo(copies(one.epoch(4, 0, ALL)));
    }
  }

  @ParameterizedTest
  @CsvSource({"0", "1", "5", "11", "12"})
  void aResumedEpochGoesOnWhereItWas(int firstBatch) throws Exception {
    var dataset = new Fixtures.Synthetic(200);
    try (var loader = new BatchLoader(dataset, 16, 5, 2);
        var fresh = new BatchLoader(dataset, 16, 5, 2)) {
      List<Copy> whole = copies(loader.epoch(4, 0, ALL));
      assertThat(copies(fresh.epoch(4, firstBatch, ALL)))
          .hasSize(12 - firstBatch)
          .isEqualTo(whole.subList(firstBatch, 12));
    }
  }

  @Test
  void whatIsDrawnForAnImageDependsNeitherOnItsBatchNorOnItsPlace() throws Exception {
    var dataset = new Fixtures.Synthetic(60);
    float[][] windows = new float[60][];
    int[][] rectangles = new int[60][];
    for (int batchSize : new int[] {1, 4, 15}) {
      try (var loader = new BatchLoader(dataset, batchSize, 9, 2);
          BatchCursor cursor = loader.epoch(2, 0, ALL)) {
        while (cursor.hasNext()) {
          try (Batch batch = cursor.next()) {
            for (int i = 0; i < batchSize; i++) {
              int index = batch.indices()[i];
              float[] window = Arrays.copyOfRange(batch.windows(), 5 * i, 5 * i + 5);
              int[] rectangle = Arrays.copyOfRange(batch.rectangles(24), 4 * i, 4 * i + 4);
              if (windows[index] == null) {
                windows[index] = window;
                rectangles[index] = rectangle;
              }
              assertThat(window).isEqualTo(windows[index]);
              assertThat(rectangle).isEqualTo(rectangles[index]);
            }
          }
        }
      }
    }
    assertThat(Arrays.stream(windows).map(Arrays::toString).distinct()).hasSize(60);
    assertThat(Arrays.stream(rectangles).filter(r -> r[2] > 0).count()).isBetween(15L, 45L);
  }

  @Test
  void eachImageIsVariedAnewInEachEpochAndOfEachSeed() throws Exception {
    Set<List<Float>> windows = new HashSet<>();
    Set<List<Integer>> rectangles = new HashSet<>();
    var every = new Augmentation(0.5, 0.3, 0.2, 1);
    for (int seed = 0; seed < 3; seed++) {
      try (var loader = new BatchLoader(new Fixtures.Synthetic(1), 1, seed, 1)) {
        for (int epoch = 0; epoch < 3; epoch++) {
          try (BatchCursor cursor = loader.epoch(epoch, 0, every);
              Batch batch = cursor.next()) {
            windows.add(floats(batch.windows()));
            rectangles.add(Arrays.stream(batch.rectangles(1000)).boxed().toList());
          }
        }
      }
    }
    assertThat(windows).hasSize(9);
    assertThat(rectangles).hasSize(9);
  }

  /** Where a mirrored one is stored, it is read for a window that says so. */
  @Test
  void whatIsReadIsMirroredAsTheWindowSays() throws Exception {
    var marked =
        new Gated(200, new Semaphore(0)) {
          @Override
          public void read(int index, boolean mirrored, ByteBuffer to) {
            to.putInt(mirrored ? -1 : 0);
          }
        };
    int mirrors = 0;
    try (var loader = new BatchLoader(marked, 10, 1, 1);
        BatchCursor cursor = loader.epoch(0, 0, ALL)) {
      while (cursor.hasNext()) {
        try (Batch batch = cursor.next()) {
          for (int i = 0; i < 10; i++) {
            int mirrored = (int) batch.windows()[5 * i + 4];
            assertThat(batch.pixels().getInt(4 * i)).isEqualTo(-mirrored);
            mirrors += mirrored;
          }
        }
      }
    }
    assertThat(mirrors).isBetween(60, 140);
  }

  @ParameterizedTest
  @CsvSource({"10, 4, 2", "8, 4, 4", "3, 4, 3"})
  void aSequentialPassHasEveryImageOnceAsItIs(int images, int batchSize, int last)
      throws Exception {
    try (var loader = new BatchLoader(new Fixtures.Synthetic(images), batchSize, 1, 2)) {
      for (int round = 0; round < 2; round++) {
        List<Copy> batches = copies(loader.sequential());
        assertThat(batches.stream().flatMap(b -> b.indices.stream()))
            .isEqualTo(IntStream.range(0, images).boxed().toList());
        assertThat(batches.get(batches.size() - 1).indices).hasSize(last);
        for (Copy batch : batches) {
          int size = batch.indices.size();
          assertThat(batch.pixels).hasSize(size * 30);
          assertThat(batch.windows).hasSize(size * 5).startsWith(0f, 0f, 3f, 5f, 0f);
          assertThat(batch.rectangles).hasSize(size * 4).containsOnly(0);
        }
      }
    }
  }

  @Test
  void anAbandonedEpochLeavesTheLoaderUsable() throws Exception {
    try (var loader = new BatchLoader(new Fixtures.Synthetic(500), 4, 1, 3)) {
      List<Copy> whole = copies(loader.epoch(0, 0, ALL));
      for (int round = 0; round < 50; round++) {
        BatchCursor cursor = loader.epoch(0, 0, ALL);
        for (int i = 0; i < round % 5; i++) {
          cursor.next().close();
        }
        cursor.close();
        assertThat(cursor.hasNext()).isFalse();
        assertThatThrownBy(cursor::next).isInstanceOf(NoSuchElementException.class);
      }
      assertThat(copies(loader.epoch(0, 0, ALL))).isEqualTo(whole);
    }
  }

  @Test
  void twoPassesAtOnceDoNotDisturbEachOther() throws Exception {
    try (var loader = new BatchLoader(new Fixtures.Synthetic(96), 8, 1, 2)) {
      List<Copy> first = copies(loader.epoch(0, 0, ALL));
      List<Copy> second = copies(loader.epoch(1, 0, ALL));
      try (BatchCursor a = loader.epoch(0, 0, ALL);
          BatchCursor b = loader.epoch(1, 0, ALL)) {
        for (int i = 0; i < 12; i++) {
          assertThat(copy(a)).isEqualTo(first.get(i));
          assertThat(copy(b)).isEqualTo(second.get(i));
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 4})
  void anImageThatCannotBeReadIsReportedInItsTurn(int threads) throws Exception {
    try (var loader = new BatchLoader(new Fixtures.Synthetic(100, 77), 10, 1, threads)) {
      BatchCursor cursor = loader.sequential();
      for (int i = 0; i < 7; i++) {
        cursor.next().close();
      }
      assertThatThrownBy(cursor::next)
          .isInstanceOf(InputException.class)
          .hasMessageStartingWith("image-77: torn");
      assertThat(cursor.hasNext()).isFalse();
      assertThat(loader.sequential().next().indices()).startsWith(0, 1, 2);
    }
  }

  @Test
  void aFaultyDatasetIsReportedToo() {
    var faulty =
        new Gated(20, new Semaphore(100)) {
          @Override
          public void read(int index, ByteBuffer to) {
            to.put((byte) 1);
          }
        };
    try (var loader = new BatchLoader(faulty, 10, 1, 1)) {
      assertThatThrownBy(() -> loader.sequential().next())
          .hasRootCauseInstanceOf(IllegalStateException.class)
          .hasMessageContaining("bytes of image 0 out");
    }
  }

  @Test
  void readsAFewBatchesAheadAndNoMore() throws Exception {
    var gate = new Semaphore(0);
    try (var loader = new BatchLoader(new Gated(1_000, gate), 1, 1, 2);
        BatchCursor cursor = loader.sequential()) {
      gate.release(500);
      cursor.next().close();
      while (gate.availablePermits() > 500 - 5) {
        Thread.onSpinWait();
      }
      TimeUnit.MILLISECONDS.sleep(50); // time enough to read on, were it so inclined
      assertThat(gate.availablePermits()).isEqualTo(500 - 5);
      gate.release(500);
    }
  }

  @Test
  void buffersAreUsedAgain() throws Exception {
    Set<float[]> arrays = Collections.newSetFromMap(new IdentityHashMap<>());
    try (var loader = new BatchLoader(new Fixtures.Synthetic(2_000), 4, 1, 2);
        BatchCursor cursor = loader.epoch(0, 0, ALL)) {
      while (cursor.hasNext()) {
        try (Batch batch = cursor.next()) {
          arrays.add(batch.windows());
        }
      }
    }
    assertThat(arrays).hasSizeBetween(1, 2 + 2 + 1);
  }

  @Test
  void aBatchIsNotUsedAgainWhileItIsOpen() throws Exception {
    try (var loader = new BatchLoader(new Fixtures.Synthetic(400), 4, 1, 2)) {
      List<Copy> expected = copies(loader.epoch(0, 0, ALL));
      List<Batch> held = new ArrayList<>();
      BatchCursor cursor = loader.epoch(0, 0, ALL);
      while (cursor.hasNext()) {
        held.add(cursor.next());
      }
      assertThat(held.stream().map(Copy::of)).isEqualTo(expected);
      held.forEach(Batch::close);
    }
  }

  @Test
  void aClosedBatchCannotBeUsed() throws Exception {
    try (var loader = new BatchLoader(new Fixtures.Synthetic(40), 4, 1, 1);
        BatchCursor cursor = loader.sequential()) {
      Batch batch = cursor.next();
      batch.close();
      batch.close();
      assertThatThrownBy(batch::pixels)
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("Batch 0 is closed");
    }
  }

  @Test
  void closingStopsTheThreadsInTheMidstOfAPass() throws Exception {
    var gate = new Semaphore(0);
    var dataset = new Gated(100_000, gate);
    var loader = new BatchLoader(dataset, 10_000, 1, 3);
    BatchCursor cursor = loader.sequential();
    dataset.started.await();
    assertThat(loaderThreads()).isNotEmpty();
    var closer = new Thread(loader::close);
    closer.start();
    while (cursor.hasNext()) {
      Thread.onSpinWait();
    }
    gate.release(3); // the images that were being read; the other 99 997 are not waited for
    closer.join();
    assertThat(loaderThreads()).isEmpty();
    assertThatThrownBy(loader::sequential).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void refusesABatchLargerThanTheDataset() {
    try (var loader = new BatchLoader(new Fixtures.Synthetic(7), 8, 1, 1)) {
      Fixtures.assertInputError(() -> loader.epoch(0, 0, ALL), "batch size", ": 8;", "at most 7");
    }
  }

  @Test
  void refusesArgumentsOutOfRange() throws Exception {
    var dataset = new Fixtures.Synthetic(16);
    assertThatThrownBy(() -> new BatchLoader(dataset, 0, 1, 1))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new BatchLoader(dataset, 1, 1, 0))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new BatchLoader(dataset, 100_000_000, 1, 1))
        .isInstanceOf(IllegalArgumentException.class);
    try (var loader = new BatchLoader(dataset, 8, 1, 1)) {
      assertThatThrownBy(() -> loader.epoch(0, 3, ALL))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  private static List<Float> floats(float[] values) {
    return IntStream.range(0, values.length).mapToObj(i -> values[i]).toList();
  }

  private static List<Thread> loaderThreads() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().startsWith("autoprog-data-"))
        .toList();
  }

  private static List<Integer> sorted(List<Integer> values) {
    return values.stream().sorted().toList();
  }

  private static List<Integer> indices(BatchCursor cursor) throws InputException {
    return copies(cursor).stream().flatMap(batch -> batch.indices.stream()).toList();
  }

  private static List<Copy> copies(BatchCursor cursor) throws InputException {
    List<Copy> copies = new ArrayList<>();
    while (cursor.hasNext()) {
      copies.add(copy(cursor));
    }
    return copies;
  }

  private static Copy copy(BatchCursor cursor) throws InputException {
    try (Batch batch = cursor.next()) {
      return Copy.of(batch);
    }
  }

  /** All that a batch held, comparable. */
  private record Copy(
      int number,
      List<Byte> pixels,
      List<Float> windows,
      List<Integer> rectangles,
      List<Integer> labels,
      List<Integer> indices) {
    static Copy of(Batch batch) {
      List<Byte> pixels = new ArrayList<>();
      for (ByteBuffer bytes = batch.pixels(); bytes.hasRemaining(); ) {
        pixels.add(bytes.get());
      }
      List<Float> windows = new ArrayList<>();
      for (float value : batch.windows()) {
        windows.add(value);
      }
      return new Copy(
          batch.number(),
          pixels,
          windows,
          Arrays.stream(batch.rectangles(16)).boxed().toList(),
          Arrays.stream(batch.labels()).boxed().toList(),
          Arrays.stream(batch.indices()).boxed().toList());
    }
  }

  /** Black images of which each needs a permit to be read. */
  private static class Gated implements ImageDataset {
    private final int size;
    private final Semaphore gate;
    private final CountDownLatch started = new CountDownLatch(3);

    Gated(int size, Semaphore gate) {
      this.size = size;
      this.gate = gate;
    }

    @Override
    public int size() {
      return size;
    }

    @Override
    public int channels() {
      return 1;
    }

    @Override
    public int height() {
      return 2;
    }

    @Override
    public int width() {
      return 2;
    }

    @Override
    public List<String> classNames() {
      return List.of("only");
    }

    @Override
    public int label(int index) {
      return 0;
    }

    @Override
    public void read(int index, ByteBuffer to) throws InputException {
      started.countDown();
      gate.acquireUninterruptibly();
      to.putInt(0);
    }
  }
}
