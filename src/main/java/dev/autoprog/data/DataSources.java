package dev.autoprog.data;

import dev.autoprog.InputException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;

/** Opens data by the short names that commands and configurations use. */
public final class DataSources {
  private static final String LATENTS = "latents";
  private static final String KNOWN = "builtin, idx:PATH, cifar10:PATH or folder:PATH";

  private DataSources() {}

  /**
   * Opens a source: {@code builtin} ({@link BuiltinDataset}), {@code idx:PATH} ({@link
   * IdxDataset}), {@code cifar10:PATH} ({@link CifarDataset}) or {@code folder:PATH} ({@link
   * ImageFolderDataset}). Latents are no images: {@link dev.autoprog.data.latent.LatentSplit} opens
   * them.
   *
   * @param folder used by {@code folder:PATH} alone
   * @throws InputException if the name is none of these, or the data cannot be used
   */
  public static DataSplit open(String source, FolderOptions folder) throws InputException {
    if (source.equals("builtin")) {
      return BuiltinDataset.open();
    }
    int colon = source.indexOf(':');
    String scheme = colon < 0 ? source : source.substring(0, colon);
    String path = source.substring(colon + 1);
    if (colon < 0 || path.isBlank()) {
      throw unknown(source);
    }
    return switch (scheme) {
      case "idx" -> IdxDataset.open(toPath(source, path));
      case "cifar10" -> CifarDataset.open(toPath(source, path));
      case "folder" -> ImageFolderDataset.open(toPath(source, path), folder);
      case LATENTS ->
          throw new InputException(
              "data source \"" + source + "\"",
              "latents, which have no pixels",
              "images: " + KNOWN,
              "Name images; only diffusion models train on latents.");
      default -> throw unknown(source);
    };
  }

  /** Whether a source is a folder of latents: {@code latents:PATH}. */
  public static boolean isLatents(String source) {
    return source.startsWith(LATENTS + ":");
  }

  /**
   * The path in a source that has one.
   *
   * @throws InputException if there is none
   */
  public static Path pathOf(String source) throws InputException {
    String path = source.substring(source.indexOf(':') + 1);
    if (path.length() == source.length() || path.isBlank()) {
      throw unknown(source);
    }
    return toPath(source, path);
  }

  private static Path toPath(String source, String path) throws InputException {
    try {
      return Path.of(path);
    } catch (InvalidPathException e) {
      throw new InputException(
          "data source \"" + source + "\"",
          "a path that this system does not allow",
          "the path of a file or folder",
          "Correct the path: " + e.getReason() + ".",
          e);
    }
  }

  private static InputException unknown(String source) {
    return new InputException(
        "data source \"" + source + "\"",
        "not the name of a source",
        KNOWN,
        "Name one of these, with the path where it asks for one.");
  }
}
