package dev.autoprog.data;

import dev.autoprog.InputException;
import java.util.ArrayDeque;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Consumer;
import java.util.function.IntFunction;

/**
 * The batches of one pass, in order, while the next ones are being read. Closing it in the midst of
 * the pass abandons the rest.
 */
public final class BatchCursor implements AutoCloseable {
  private final Queue<CompletableFuture<Batch>> pending = new ArrayDeque<>();
  private final IntFunction<CompletableFuture<Batch>> read;
  private final Consumer<BatchCursor> whenClosed;
  private final int end;
  private int nextToRead;
  private boolean open = true;

  /**
   * Starts reading.
   *
   * @param read begins to read the batch of this number
   * @param first the first batch's number
   * @param end the number after the last one's
   * @param ahead how many batches to read ahead
   * @param whenClosed called once by {@link #close()}
   */
  BatchCursor(
      IntFunction<CompletableFuture<Batch>> read,
      int first,
      int end,
      int ahead,
      Consumer<BatchCursor> whenClosed) {
    this.read = read;
    this.whenClosed = whenClosed;
    this.nextToRead = first;
    this.end = end;
    while (pending.size() < ahead && nextToRead < end) {
      pending.add(read.apply(nextToRead++));
    }
  }

  /** Whether {@link #next()} has another batch to give. */
  public synchronized boolean hasNext() {
    return open && !pending.isEmpty();
  }

  /**
   * The next batch, waiting for it if need be. The caller closes it.
   *
   * @throws InputException if one of its images cannot be read, or there is no memory for it; this
   *     cursor is then closed
   * @throws NoSuchElementException if the pass is over or this is closed
   */
  public synchronized Batch next() throws InputException {
    if (!hasNext()) {
      throw new NoSuchElementException("The pass is over, or its cursor or loader was closed");
    }
    try {
      Batch batch = pending.remove().join();
      if (nextToRead < end) {
        pending.add(read.apply(nextToRead++));
      } else if (pending.isEmpty()) {
        close();
      }
      return batch;
    } catch (CompletionException e) {
      close();
      if (e.getCause() instanceof InputException unreadable) {
        throw unreadable;
      } else if (e.getCause() instanceof OutOfMemoryError full) {
        throw new InputException(
            "batches",
            "no memory to read one ahead (" + full.getMessage() + ")",
            "room for a few",
            "Choose a smaller batch size or smaller images, or give Java more memory by -Xmx.",
            full);
      }
      throw e;
    }
  }

  /**
   * The batch that {@link #next()} would give, which stays this cursor's, if it is there already.
   */
  public synchronized Optional<Batch> peek() {
    CompletableFuture<Batch> next = pending.peek();
    boolean there = next != null && next.isDone() && !next.isCompletedExceptionally();
    return there ? Optional.of(next.join()) : Optional.empty();
  }

  /** Abandons what was not yet given out; a second call does nothing. */
  @Override
  public synchronized void close() {
    if (open) {
      open = false;
      for (CompletableFuture<Batch> batch : pending) {
        batch.cancel(false);
        batch.whenComplete(
            (done, failure) -> {
              if (done != null) {
                done.close();
              }
            });
      }
      pending.clear();
      whenClosed.accept(this);
    }
  }
}
