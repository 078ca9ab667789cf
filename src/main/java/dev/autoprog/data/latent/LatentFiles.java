package dev.autoprog.data.latent;

import dev.autoprog.InputException;
import dev.autoprog.io.Disk;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Where the files of latents are in their folder. */
final class LatentFiles {
  static final String TRAIN = "train";
  static final String TEST = "test";

  private static final Pattern NAME = Pattern.compile("(\\d{5})-of-(\\d{5})\\.safetensors");
  private static final Pattern SIDE = Pattern.compile("[1-9]\\d{0,5}");

  private LatentFiles() {}

  static Path folder(Path directory, String part, int side) {
    return directory.resolve(part).resolve(Integer.toString(side));
  }

  static Path file(Path folder, int number, int count) {
    return folder.resolve(String.format(Locale.ROOT, "%05d-of-%05d.safetensors", number, count));
  }

  /** The sides of which a part has a folder, in order. */
  static List<Integer> sides(Path directory, String part) throws InputException {
    Path folder = directory.resolve(part);
    if (!Files.isDirectory(folder)) {
      throw new InputException(
          folder.toString(),
          "nothing there",
          "a folder with a folder of latents for each side: " + part + "/32/…",
          "Check the path, or write latents with LatentWriter");
    }
    List<Integer> sides =
        names(folder).stream()
            .filter(name -> SIDE.matcher(name).matches())
            .map(Integer::valueOf)
            .sorted()
            .toList();
    if (sides.isEmpty()) {
      throw new InputException(
          folder.toString(),
          "no folder that is named by a side",
          "at least one, such as 32",
          "Write latents with LatentWriter");
    }
    return sides;
  }

  /**
   * How many files there are to be, as those that are there say.
   *
   * @return 0 if there is none
   * @throws InputException if they do not agree
   */
  static int count(Path folder) throws InputException {
    TreeSet<Integer> counts = new TreeSet<>();
    for (String name : names(folder)) {
      Matcher matcher = NAME.matcher(name);
      if (matcher.matches()) {
        counts.add(Integer.valueOf(matcher.group(2)));
      }
    }
    if (counts.size() > 1) {
      throw new InputException(
          folder.toString(),
          "files of several writings, of " + counts + " files each",
          "files of one",
          "Delete those that are not wanted");
    }
    return counts.isEmpty() ? 0 : counts.first();
  }

  /**
   * All files of a folder, in order.
   *
   * @throws InputException if one is missing
   */
  static List<Path> all(Path folder) throws InputException {
    int count = count(folder);
    if (count == 0) {
      throw new InputException(
          folder.toString(),
          "no file of latents",
          "00000-of-00001.safetensors, or more",
          "Write latents with LatentWriter");
    }
    List<Path> files =
        Stream.iterate(0, i -> i + 1).limit(count).map(i -> file(folder, i, count)).toList();
    for (Path file : files) {
      if (!Files.isRegularFile(file)) {
        throw new InputException(
            file.toString(),
            "missing",
            "all of " + count + " files",
            "Let the writer go on where it was stopped, or copy the file from where the others came");
      }
    }
    return files;
  }

  private static List<String> names(Path folder) throws InputException {
    try (Stream<Path> entries = Files.list(folder)) {
      return entries.map(path -> path.getFileName().toString()).sorted().toList();
    } catch (IOException e) {
      throw Disk.cannotRead(folder, e);
    }
  }
}
