package dev.autoprog.data;

import dev.autoprog.InputException;
import dev.autoprog.tensor.DType;
import dev.autoprog.tensor.Rng;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;

/**
 * Reads a dataset's images in batches, a few batches ahead of their use, on threads of its own.
 * What a batch holds depends on the seed, the epoch and the batch's number alone, never on the
 * number of threads or on which batches were read before.
 *
 * <p>Several passes may be under way at once. Each {@link BatchCursor} belongs to one thread at a
 * time.
 */
public final class BatchLoader implements AutoCloseable {
  private static final long SHUFFLE = 0x73687566666c65L;
  private static final long WINDOW = 0x77696e646f77L;
  private static final long ERASURE = 0x657261736572L;
  private static final long RAND_AUGMENT = 0x72616e64617567L;
  private static final long PATIENCE_MILLIS = 60_000;
  private static final AtomicInteger LOADERS = new AtomicInteger();

  private final LabelledData dataset;
  private final int batchSize;
  private final long seed;
  private final int ahead;
  private final List<Thread> started = new CopyOnWriteArrayList<>();
  private final ExecutorService workers;
  private final Queue<Batch.Storage> idle = new ConcurrentLinkedQueue<>();
  private final Set<BatchCursor> cursors = ConcurrentHashMap.newKeySet();
  private final ThreadLocal<Planes> planes;

  /**
   * A loader without any pass under way. Threads start with the first one.
   *
   * @param batchSize images per batch, at least 1; a batch's pixels must be fewer than 2³¹ bytes
   * @param seed of all that is drawn
   * @param threads that read, at least 1; {@code threads + 2} batches are read ahead
   */
  public BatchLoader(LabelledData dataset, int batchSize, long seed, int threads) {
    if (batchSize < 1
        || threads < 1
        || (long) batchSize * dataset.imageBytes() > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "batchSize %d and threads %d for images of %d bytes"
              .formatted(batchSize, threads, dataset.imageBytes()));
    }
    this.dataset = dataset;
    this.batchSize = batchSize;
    this.seed = seed;
    this.ahead = threads + 2;
    this.planes =
        ThreadLocal.withInitial(
            () -> Planes.of(dataset.channels(), dataset.height(), dataset.width()));
    int number = LOADERS.incrementAndGet();
    this.workers = Executors.newFixedThreadPool(threads, work -> newThread(work, number));
  }

  /** Full batches in the dataset: what one training epoch has. */
  public int batchesPerEpoch() {
    return dataset.size() / batchSize;
  }

  /**
   * One training epoch: full batches of the images in random order; the images that are left over
   * are another epoch's.
   *
   * @param epoch which one; each has its own order and augmentation
   * @param firstBatch the number of the batch to begin with: 0, or where an interrupted epoch is to
   *     go on
   * @param augmentation what to draw for each image
   * @throws InputException if the dataset is smaller than one batch
   */
  public BatchCursor epoch(int epoch, int firstBatch, Augmentation augmentation)
      throws InputException {
    if (batchesPerEpoch() == 0) {
      throw new InputException(
          "batch size",
          Integer.toString(batchSize),
          "at most " + dataset.size() + ", the number of training images",
          "Choose a smaller batch size.");
    }
    if (firstBatch < 0 || firstBatch > batchesPerEpoch()) {
      throw new IllegalArgumentException(
          "firstBatch " + firstBatch + " of an epoch of " + batchesPerEpoch());
    }
    RandAugment randAugment = augmentation.randAugment();
    if (!randAugment.isOff()
        && (randAugment.fill().size() != dataset.channels() || dataset.elements() != DType.UINT8)) {
      throw new IllegalArgumentException(
          "fill is %s for images of %d channels of %s"
              .formatted(randAugment.fill(), dataset.channels(), dataset.elements()));
    }
    int[] order = Rng.of(seed, SHUFFLE, epoch).permutation(dataset.size());
    return start(new Pass(order, epoch, augmentation), firstBatch, batchesPerEpoch());
  }

  /** Every image once, in the dataset's order, as it is; the last batch may be smaller. */
  public BatchCursor sequential() {
    int[] order = IntStream.range(0, dataset.size()).toArray();
    int batches = (int) ((order.length + batchSize - 1L) / batchSize);
    return start(new Pass(order, 0, Augmentation.NONE), 0, batches);
  }

  /** Closes all passes and ends the threads; a batch that was given out stays usable. */
  @Override
  public void close() {
    cursors.forEach(BatchCursor::close);
    workers.shutdown();
    idle.clear();
    try {
      for (Thread thread : started) {
        thread.join(PATIENCE_MILLIS);
        if (thread.isAlive()) {
          throw new IllegalStateException(
              thread.getName() + " has been reading one image for more than a minute");
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private BatchCursor start(Pass pass, int first, int end) {
    if (workers.isShutdown()) {
      throw new IllegalStateException("This loader is closed");
    }
    var cursor = new BatchCursor(n -> submit(pass, n), first, end, ahead, cursors::remove);
    cursors.add(cursor);
    return cursor;
  }

  private CompletableFuture<Batch> submit(Pass pass, int number) {
    var promise = new CompletableFuture<Batch>();
    workers.execute(() -> read(pass, number, promise));
    return promise;
  }

  private void read(Pass pass, int number, CompletableFuture<Batch> promise) {
    if (promise.isDone()) {
      return;
    }
    Batch batch = null;
    try {
      int size = Math.min(batchSize, dataset.size() - number * batchSize);
      Batch.Storage storage = idle.poll();
      if (storage == null) {
        storage = Batch.Storage.of(batchSize, dataset.imageBytes());
      }
      batch = new Batch(storage, number, size, idle::add);
      pass.read(storage, number * batchSize, size, promise::isDone);
      if (!promise.complete(batch)) {
        batch.close();
      }
    } catch (Throwable failure) { // whatever it is, the thread that waits must hear of it
      if (batch != null) {
        batch.close();
      }
      promise.completeExceptionally(failure);
    }
  }

  private Thread newThread(Runnable work, int loader) {
    var thread = new Thread(work, "autoprog-data-" + loader + "-" + started.size());
    thread.setDaemon(true);
    started.add(thread);
    return thread;
  }

  /** One pass over the images: their order, and what is drawn for them. */
  private final class Pass {
    private final int[] order;
    private final int epoch;
    private final Augmentation augmentation;

    Pass(int[] order, int epoch, Augmentation augmentation) {
      this.order = order;
      this.epoch = epoch;
      this.augmentation = augmentation;
    }

    void read(Batch.Storage to, int first, int size, BooleanSupplier abandoned)
        throws InputException {
      int imageBytes = dataset.imageBytes();
      for (int i = 0; i < size && !abandoned.getAsBoolean(); i++) {
        int index = order[first + i];
        ByteBuffer pixels = to.pixels().slice(i * imageBytes, imageBytes);
        augmentation.drawWindow(
            Rng.of(seed, WINDOW, epoch, index),
            dataset.height(),
            dataset.width(),
            to.windows(),
            i * Augmentation.WINDOW);
        dataset.read(index, Augmentation.mirrors(to.windows(), i), pixels);
        if (pixels.hasRemaining()) {
          throw new IllegalStateException(
              dataset.getClass().getName()
                  + " left "
                  + pixels.remaining()
                  + " bytes of image "
                  + index
                  + " out");
        }
        if (!augmentation.randAugment().isOff()) {
          randAugment(index, pixels);
        }
        to.indices()[i] = index;
        to.labels()[i] = dataset.label(index);
        augmentation.drawErasure(
            Rng.of(seed, ERASURE, epoch, index), to.erasures(), i * Augmentation.ERASURE);
      }
    }

    private void randAugment(int index, ByteBuffer pixels) {
      Planes image = planes.get();
      pixels.get(0, image.pixels());
      augmentation.randAugment().apply(Rng.of(seed, RAND_AUGMENT, epoch, index), image);
      pixels.put(0, image.pixels());
    }
  }
}
