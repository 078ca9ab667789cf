package dev.autoprog.backend.cuda;

import dev.autoprog.backend.BackendException;
import dev.autoprog.backend.jni.KernelLibrary;
import java.io.IOException;
import java.nio.file.Path;

/**
 * The native library of this backend, loaded once per process; it needs neither a driver nor
 * another CUDA library to load.
 */
final class CudaLibrary {
  /**
   * The system property that names a file with the kernels, in place of those that were built in.
   */
  static final String FILE_PROPERTY = "autoprog.cuda.library";

  private static final String NAME = "linux-x86_64/libautoprog_cuda.so";

  private static KernelLibrary loaded;
  private static BackendException failure;

  private CudaLibrary() {}

  /**
   * The library, loaded by the first call, which sees to it that there is a device.
   *
   * @throws BackendException if kernels cannot run here, with the reason and what to do; every
   *     later call throws the same
   */
  static synchronized KernelLibrary load() {
    if (loaded == null && failure == null) {
      try {
        KernelLibrary library = open();
        String problem = CudaFunctions.ap_device_problem(library.address());
        if (problem != null) {
          throw new BackendException(problem);
        }
        loaded = library;
      } catch (BackendException e) {
        failure = e;
      } catch (IOException | LinkageError e) {
        failure = new BackendException("The CUDA kernels cannot be loaded: " + e.getMessage(), e);
      }
    }
    if (failure != null) {
      throw failure;
    }
    return loaded;
  }

  private static KernelLibrary open() throws IOException {
    String file = System.getProperty(FILE_PROPERTY);
    return file != null
        ? KernelLibrary.open(Path.of(file))
        : KernelLibrary.open(CudaLibrary.class, NAME).orElseThrow(CudaLibrary::absent);
  }

  private static BackendException absent() {
    return new BackendException(
        "this build has no CUDA kernels, for want of nvcc (12.4 or later) or a driver; where both"
            + " are, ./mvnw -DskipTests package makes them");
  }
}
