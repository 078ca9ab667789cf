package dev.autoprog.backend;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import org.bytedeco.javacpp.Loader;

/** Native libraries of a backend's own, which lie beside its classes. */
public final class NativeResource {
  private NativeResource() {}

  /**
   * Loads a library from a fresh copy, which is deleted as soon as it is mapped: a cache tells
   * copies apart by name, size and date, and two builds can have the same.
   *
   * @param owner the class beside which it lies
   * @param name its path from there, such as {@code linux-x86_64/libautoprog_cuda.so}
   * @return false if it is not on the class path
   * @throws IOException if it cannot be copied
   * @throws UnsatisfiedLinkError if the system cannot load it
   */
  public static boolean load(Class<?> owner, String name) throws IOException {
    try (InputStream library = owner.getResourceAsStream(name)) {
      if (library == null) {
        return false;
      }
      Path copy = Files.createTempFile(Loader.getCacheDir().toPath(), "autoprog", ".so");
      try {
        Files.copy(library, copy, StandardCopyOption.REPLACE_EXISTING);
        System.load(copy.toString());
      } finally {
        Files.delete(copy);
      }
      return true;
    }
  }
}
