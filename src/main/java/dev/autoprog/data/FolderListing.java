package dev.autoprog.data;

import dev.autoprog.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * The pictures of a folder that has one folder per class, in the order of the names. Names that
 * begin with a dot are passed over, as are files beside the class folders.
 *
 * @param classNames the class folders' names, sorted
 * @param files the pictures of each class, sorted by name
 */
record FolderListing(List<String> classNames, List<List<Path>> files) {
  private static final List<String> EXTENSIONS = List.of(".jpg", ".jpeg", ".png");

  /**
   * Lists {@code root/<class>/*} and looks at the first bytes of every file.
   *
   * @throws InputException if there is no class folder, one is empty, one has something that is no
   *     JPEG or PNG picture, or the names of two read alike
   */
  static FolderListing of(Path root) throws InputException {
    List<String> classNames = new ArrayList<>();
    List<List<Path>> files = new ArrayList<>();
    for (Path folder : sorted(root, Files::isDirectory)) {
      String name = folder.getFileName().toString();
      if (classNames.contains(name)) {
        throw sameName(folder);
      }
      classNames.add(name);
      files.add(pictures(folder));
    }
    if (classNames.isEmpty()) {
      throw new InputException(
          root.toString(),
          "no class folders",
          "one folder per class with .jpg, .jpeg or .png files in it",
          "Sort the pictures into folders named after their classes.");
    }
    return new FolderListing(List.copyOf(classNames), List.copyOf(files));
  }

  /** Bytes that are no text in the system's encoding all read alike. */
  private static InputException sameName(Path folder) {
    return new InputException(
        folder.toString(),
        "a second class folder whose name reads like that in "
            + System.getProperty("sun.jnu.encoding"),
        "names that can be told apart",
        "Rename the folder, or set LC_ALL to a UTF-8 locale such as C.UTF-8.");
  }

  private static List<Path> pictures(Path folder) throws InputException {
    List<Path> files = sorted(folder, path -> true);
    if (files.isEmpty()) {
      throw new InputException(
          folder.toString(),
          "an empty class folder",
          "at least one .jpg, .jpeg or .png file",
          "Add pictures of this class or remove the folder.");
    }
    Optional<Path> other = files.parallelStream().filter(file -> !isPicture(file)).findFirst();
    if (other.isPresent()) {
      throw noPicture(other.get());
    }
    return files;
  }

  private static InputException noPicture(Path path) {
    String found = "a file that is no JPEG or PNG picture";
    if (Files.isDirectory(path)) {
      found = "a folder inside a class folder";
    } else if (!Files.isReadable(path)) {
      found = "a file that cannot be read";
    } else if (!hasExtension(path)) {
      found = "a file of another kind";
    }
    return new InputException(
        path.toString(),
        found,
        "nothing but .jpg, .jpeg and .png pictures in a class folder",
        "Remove it, convert it, or hide it with a name that begins with a dot.");
  }

  private static boolean isPicture(Path file) {
    if (!hasExtension(file) || !Files.isRegularFile(file)) {
      return false;
    }
    try {
      return ImageDecoder.hasSignature(file);
    } catch (IOException e) {
      return false; // noPicture says why
    }
  }

  private static boolean hasExtension(Path file) {
    String name = file.getFileName().toString().toLowerCase(Locale.ROOT);
    return EXTENSIONS.stream().anyMatch(name::endsWith);
  }

  private static List<Path> sorted(Path folder, Predicate<Path> wanted) throws InputException {
    try (Stream<Path> entries = Files.list(folder)) {
      return entries
          .filter(path -> !path.getFileName().toString().startsWith("."))
          .filter(wanted)
          .sorted()
          .toList();
    } catch (IOException e) {
      throw Inputs.unreadable(folder, e);
    }
  }
}
