package dev.autoprog.backend.jni;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;
import org.bytedeco.javacpp.Loader;

/** Native libraries of our own, which lie beside a class. */
final class NativeResource {
  private NativeResource() {}

  /** Maps the library in a file into the process. */
  interface Mapping<R> {
    R map(Path file) throws IOException;
  }

  /**
   * Maps a library from a fresh copy, which is deleted as soon as it is mapped: a cache tells
   * copies apart by name, size and date, and two builds can have the same.
   *
   * @param owner the class beside which it lies
   * @param name its path from there
   * @return nothing if it is not on the class path
   * @throws IOException if it cannot be copied
   */
  static <R> Optional<R> map(Class<?> owner, String name, Mapping<R> mapping) throws IOException {
    try (InputStream library = owner.getResourceAsStream(name)) {
      if (library == null) {
        return Optional.empty();
      }
      Path copy = Files.createTempFile(Loader.getCacheDir().toPath(), "autoprog", ".so");
      try {
        Files.copy(library, copy, StandardCopyOption.REPLACE_EXISTING);
        return Optional.of(mapping.map(copy));
      } finally {
        Files.delete(copy);
      }
    }
  }
}
