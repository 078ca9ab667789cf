package dev.autoprog.data;

import dev.autoprog.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What the readers say alike. */
final class Inputs {
  private Inputs() {}

  static void requireDirectory(Path path, String expected) throws InputException {
    if (!Files.isDirectory(path)) {
      throw missing(path, expected);
    }
  }

  /** The error for a path where there is nothing, or the wrong kind of thing. */
  static InputException missing(Path path, String expected) {
    return new InputException(
        path.toString(),
        Files.exists(path) ? "a file of another kind" : "nothing there",
        expected,
        path.startsWith("~")
            ? "Write the home folder out: the shell expands ~ at the beginning of a word alone."
            : "Check the path.");
  }

  static InputException unreadable(Path path, IOException cause) {
    return new InputException(
        path.toString(),
        "cannot be read (" + cause + ")",
        "a readable file or folder",
        "Check its permissions and the disk.",
        cause);
  }
}
