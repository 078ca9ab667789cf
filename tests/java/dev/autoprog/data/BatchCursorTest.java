package dev.autoprog.data;

import static dev.autoprog.data.Fixtures.assertInputError;
import static org.assertj.core.api.Assertions.assertThat;

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
}
