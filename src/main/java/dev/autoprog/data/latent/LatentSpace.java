package dev.autoprog.data.latent;

import dev.autoprog.InputException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What latents are: it goes with them into every file, and with the weights of a model that was
 * trained on them.
 *
 * @param scale what latents are multiplied by before a model sees them; above 0
 * @param encoder what made them; may be empty
 * @param classNames the classes' names, by label; at least one, each of one line
 */
public record LatentSpace(float scale, String encoder, List<String> classNames) {
  private static final String VERSION = "latents_version";
  private static final String SCALE = "latents_scale";
  private static final String ENCODER = "latents_encoder";
  private static final String CLASS_NAMES = "latents_class_names";
  private static final String PRESENT_VERSION = "1";

  /** Checks the ranges. */
  public LatentSpace {
    classNames = List.copyOf(classNames);
    if (!(scale > 0 && scale < Float.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException("a scale of " + scale + ", expected above 0");
    }
    if (classNames.isEmpty() || classNames.stream().anyMatch(name -> name.contains("\n"))) {
      throw new IllegalArgumentException(
          "class names " + classNames + ", expected at least one, each of one line");
    }
  }

  /** As a file's metadata. */
  public Map<String, String> metadata() {
    Map<String, String> metadata = new LinkedHashMap<>();
    metadata.put(VERSION, PRESENT_VERSION);
    metadata.put(SCALE, Float.toString(scale));
    metadata.put(ENCODER, encoder);
    metadata.put(CLASS_NAMES, String.join("\n", classNames));
    return metadata;
  }

  /**
   * What a file's metadata say; nothing if they say nothing of latents.
   *
   * @param subject the file, for messages
   * @throws InputException if they say something else than {@link #metadata}
   */
  public static Optional<LatentSpace> of(String subject, Map<String, String> metadata)
      throws InputException {
    String version = metadata.get(VERSION);
    if (version == null) {
      return Optional.empty();
    }
    if (!version.equals(PRESENT_VERSION)) {
      throw wrong(subject, VERSION, version, PRESENT_VERSION, null);
    }
    String scale = metadata.getOrDefault(SCALE, "missing");
    String names = metadata.getOrDefault(CLASS_NAMES, "");
    try {
      return Optional.of(
          new LatentSpace(
              Float.parseFloat(scale),
              metadata.getOrDefault(ENCODER, ""),
              names.isEmpty() ? List.of() : List.of(names.split("\n", -1))));
    } catch (NumberFormatException e) {
      throw wrong(subject, SCALE, scale, "a number above 0", e);
    } catch (IllegalArgumentException e) {
      throw names.isEmpty()
          ? wrong(subject, CLASS_NAMES, "missing", "the classes' names, one per line", e)
          : wrong(subject, SCALE, scale, "a number above 0", e);
    }
  }

  private static InputException wrong(
      String subject, String key, String found, String expected, Exception cause) {
    return new InputException(
        subject + ", metadata",
        key + " is " + found,
        expected,
        "Write the file as the documentation of dev.autoprog.data.latent says",
        cause);
  }
}
