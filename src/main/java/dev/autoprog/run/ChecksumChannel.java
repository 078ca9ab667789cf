package dev.autoprog.run;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.util.zip.CRC32C;

/** Passes bytes on, counting them and taking their CRC-32C. */
final class ChecksumChannel implements WritableByteChannel {
  private final WritableByteChannel out;
  private final CRC32C checksum = new CRC32C();
  private long bytes;

  ChecksumChannel(WritableByteChannel out) {
    this.out = out;
  }

  @Override
  public int write(ByteBuffer source) throws IOException {
    ByteBuffer seen = source.duplicate();
    int written = out.write(source);
    checksum.update(seen.limit(seen.position() + written));
    bytes += written;
    return written;
  }

  /** Length and checksum of what was written until now. */
  CheckpointFormat.Content content() {
    return new CheckpointFormat.Content(bytes, CheckpointFormat.hex(checksum));
  }

  @Override
  public boolean isOpen() {
    return out.isOpen();
  }

  @Override
  public void close() throws IOException {
    out.close();
  }
}
