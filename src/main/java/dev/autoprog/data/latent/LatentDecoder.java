package dev.autoprog.data.latent;

import dev.autoprog.InputException;
import dev.autoprog.data.ImageBytes;
import java.util.ServiceLoader;
import java.util.ServiceLoader.Provider;
import java.util.TreeMap;

/**
 * Makes images of latents. Commands find those that are registered as services ({@link
 * ServiceLoader}) by their names.
 */
public interface LatentDecoder {
  /** By which it is asked for. */
  String name();

  /** C, channels of the latents that it reads. */
  int channels();

  /**
   * The images of some latents.
   *
   * @param latents (count, C, side, side), row-major, as the encoder gave them: not scaled
   * @throws InputException if these are no latents for it
   */
  ImageBytes decode(float[] latents, int count, int side) throws InputException;

  /**
   * The registered decoder of a name.
   *
   * @throws InputException if there is none
   */
  static LatentDecoder named(String name) throws InputException {
    TreeMap<String, LatentDecoder> known = new TreeMap<>();
    ServiceLoader.load(LatentDecoder.class).stream()
        .map(Provider::get)
        .forEach(decoder -> known.put(decoder.name(), decoder));
    LatentDecoder decoder = known.get(name);
    if (decoder == null) {
      throw new InputException(
          "decoder",
          name,
          known.isEmpty() ? "the name of one, but none is registered" : "one of " + known.keySet(),
          "Put a jar that registers a "
              + LatentDecoder.class.getName()
              + " on the class path (AUTOPROG_CLASS_PATH)");
    }
    return decoder;
  }
}
