package dev.autoprog.backend.jni;

import dev.autoprog.backend.BackendException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A native library with the functions of {@code autoprog.h}. A process opens it once, and keeps it;
 * several can be open side by side.
 */
public final class KernelLibrary {
  private static final String GLUE = "linux-x86_64/libjniautoprog.so";

  private static boolean hasGlue;

  private final long address;

  private KernelLibrary(long address) {
    this.address = address;
  }

  /**
   * Opens a library on the class path. What it needs must have been loaded before.
   *
   * @param owner the class beside which it lies
   * @param name its path from there, such as {@code linux-x86_64/libautoprog_cuda.so}
   * @return nothing if it is not there
   * @throws BackendException if it cannot be opened, with the reason
   * @throws IOException if it cannot be copied to a file
   */
  public static Optional<KernelLibrary> open(Class<?> owner, String name) throws IOException {
    return NativeResource.map(owner, name, KernelLibrary::open);
  }

  /**
   * Opens a library in a file, which may be deleted afterwards.
   *
   * @throws BackendException if it cannot be opened, with the reason
   * @throws IOException if the glue between Java and it cannot be copied to a file
   */
  public static KernelLibrary open(Path file) throws IOException {
    loadGlue();
    long[] address = new long[1];
    String problem = KernelFunctions.open(file.toString(), address);
    if (problem != null) {
      throw new BackendException("The native kernels cannot be loaded: " + problem);
    }
    return new KernelLibrary(address[0]);
  }

  private static synchronized void loadGlue() throws IOException {
    if (!hasGlue) {
      NativeResource.map(
              KernelLibrary.class,
              GLUE,
              file -> {
                System.load(file.toString());
                return file;
              })
          .orElseThrow(
              () ->
                  new BackendException(
                      GLUE + " is not on the class path; build AutoProg without -Djavacpp.skip"));
      hasGlue = true;
    }
  }

  /** The number by which native code knows it. */
  public long address() {
    return address;
  }

  /** What it was compiled for, such as {@code avx2}. */
  public String isa() {
    return KernelFunctions.ap_isa(address);
  }

  /**
   * Takes memory of the library's device; {@link #free} gives it back.
   *
   * @return its address, aligned to 64, or 0 if there is none
   */
  public long allocate(long bytes) {
    return KernelFunctions.ap_allocate(address, bytes);
  }

  /** Gives memory of the library's device back. */
  public void free(long memory) {
    KernelFunctions.ap_free(address, memory);
  }
}
