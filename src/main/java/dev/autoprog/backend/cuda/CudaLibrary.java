package dev.autoprog.backend.cuda;

import dev.autoprog.backend.BackendException;
import dev.autoprog.backend.NativeResource;
import java.io.IOException;

/**
 * The native libraries of this backend, loaded once per process: the kernels, which need neither a
 * driver nor another CUDA library to load, and the JNI glue, which finds them by their soname.
 */
final class CudaLibrary {
  private static boolean loaded;
  private static BackendException failure;

  private CudaLibrary() {}

  /**
   * Loads the libraries, if no call has done so yet, and sees to it that there is a device.
   *
   * @return the device and what serves it, in words
   * @throws BackendException if kernels cannot run here, with the reason and what to do; every
   *     later call throws the same
   */
  static synchronized String load() {
    if (!loaded && failure == null) {
      try {
        loadOwn("libautoprog_cuda.so");
        loadOwn("libjniNativeCuda.so");
        loaded = true;
        String problem = NativeCuda.ap_device_problem();
        failure = problem == null ? null : new BackendException(problem);
      } catch (BackendException e) {
        failure = e;
      } catch (IOException | LinkageError e) {
        failure = new BackendException("The CUDA kernels cannot be loaded: " + e.getMessage(), e);
      }
    }
    if (failure != null) {
      throw failure;
    }
    return NativeCuda.ap_device_description();
  }

  private static void loadOwn(String name) throws IOException {
    if (!NativeResource.load(CudaLibrary.class, "linux-x86_64/" + name)) {
      throw new BackendException(
          "this build has no CUDA kernels, for want of nvcc (12.4 or later) or a driver; where both"
              + " are, ./mvnw -DskipTests package makes them");
    }
  }
}
