package dev.autoprog.data;

import static dev.autoprog.data.Fixtures.assertInputError;
import static org.assertj.core.api.Assertions.assertThat;

import dev.autoprog.InputException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** What a cursor makes of batches that cannot be read; {@link BatchLoaderTest} has the others. */
class BatchCursorTest {
  @Test
  void tooLittleMemoryIsSaidToBeThat() {
    List<BatchCursor> closed = new ArrayList<>();
    OutOfMemoryError full = new OutOfMemoryError("Java heap space");
    BatchCursor cursor =
        new BatchCursor(n -> CompletableFuture.failedFuture(full), 0, 3, 2, closed::add);
    assertInputError(cursor::next, "batches", "Java heap space", "smaller batch size", "-Xmx");
    assertThat(cursor.hasNext()).isFalse();
    assertThat(closed).containsExactly(cursor);
  }

  /** It waits for nothing, takes nothing away, and leaves errors to who asks for the batch. */
  @Test
  void whatComesNextCanBeSeenOnceItIsThere() throws Exception {
    Batch batch = new Batch(Batch.Storage.of(1, 1), 0, 1, done -> {});
    List<CompletableFuture<Batch>> read =
        List.of(new CompletableFuture<>(), new CompletableFuture<>());
    BatchCursor cursor = new BatchCursor(read::get, 0, 2, 2, closed -> {});
    assertThat(cursor.peek()).isEmpty();
    read.get(0).complete(batch);
    assertThat(cursor.peek()).containsSame(batch);
    assertThat(cursor.next()).isSameAs(batch);
    read.get(1).completeExceptionally(new InputException("x", "y", "z", "Do w."));
    assertThat(cursor.peek()).isEmpty();
    assertInputError(cursor::next, "x", "y", "z", "Do w.");
    assertThat(cursor.peek()).isEmpty();
  }
}
