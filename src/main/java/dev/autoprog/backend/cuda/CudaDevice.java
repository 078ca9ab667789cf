package dev.autoprog.backend.cuda;

import dev.autoprog.backend.jni.KernelLibrary;
import dev.autoprog.tensor.Device;
import dev.autoprog.tensor.HostDevice;
import dev.autoprog.tensor.Memory;
import java.nio.ByteBuffer;

/**
 * The memory of the first GPU, as one session uses it: taken and given back in the order of the
 * session's kernels, and so are copies to it, which return before they have arrived. A copy from it
 * waits for every kernel that was called before.
 */
final class CudaDevice implements Device {
  /** The device that every session uses, as messages name it. */
  static final String NAME = "cuda:0";

  private final KernelLibrary library;
  private final CudaKernels kernels;
  private final int stagingBytes;
  private long allocated;

  CudaDevice(KernelLibrary library, CudaKernels kernels) {
    this.library = library;
    this.kernels = kernels;
    stagingBytes = Math.toIntExact(CudaFunctions.ap_staging_bytes(library.address()));
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public boolean isHost() {
    return false;
  }

  @Override
  public synchronized Memory allocate(long bytes) {
    if (bytes < 1) {
      throw new IllegalArgumentException("Cannot allocate " + bytes + " bytes");
    }
    long[] address = new long[1];
    kernels.check(CudaFunctions.ap_device_allocate(kernels.context(), bytes, address));
    allocated += bytes;
    return new Memory(this, address[0], bytes, () -> free(address[0], bytes));
  }

  /** A device that was lost has nothing left to give back. */
  private synchronized void free(long address, long bytes) {
    allocated -= bytes;
    if (!kernels.isOpen()) {
      library.free(address);
      return;
    }
    int code = CudaFunctions.ap_device_free(kernels.context(), address);
    if (code != CudaKernels.DEVICE_LOST) {
      kernels.check(code);
    }
  }

  @Override
  public void upload(ByteBuffer from, long address) {
    upload(from, address, CudaFunctions::ap_upload);
  }

  @Override
  public void uploadAside(ByteBuffer from, long address) {
    upload(from, address, CudaFunctions::ap_upload_aside);
  }

  @Override
  public synchronized void awaitAside() {
    kernels.check(CudaFunctions.ap_await_aside(kernels.context()));
  }

  /** One of the two ways to the device. */
  private interface Way {
    int copy(long context, long bytes, long to);
  }

  private synchronized void upload(ByteBuffer from, long address, Way way) {
    int end = from.limit();
    for (long to = address; from.position() < end; ) {
      int bytes = Math.min(stagingBytes, end - from.position());
      ByteBuffer staging = HostDevice.view(staging(), bytes);
      staging.put(from.limit(from.position() + bytes));
      from.limit(end);
      kernels.check(way.copy(kernels.context(), bytes, to));
      to += bytes;
    }
  }

  @Override
  public synchronized void download(long address, ByteBuffer to) {
    for (long from = address; to.hasRemaining(); ) {
      int bytes = Math.min(stagingBytes, to.remaining());
      long staging = staging();
      kernels.check(CudaFunctions.ap_download(kernels.context(), bytes, from));
      to.put(HostDevice.view(staging, bytes));
      from += bytes;
    }
  }

  private long staging() {
    long[] address = new long[1];
    kernels.check(CudaFunctions.ap_staging(kernels.context(), address));
    return address[0];
  }

  @Override
  public synchronized long allocatedBytes() {
    return allocated;
  }
}
