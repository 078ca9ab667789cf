package dev.autoprog.metric;

import dev.autoprog.data.ImageBytes;
import java.util.List;

/**
 * A network that describes images by vectors, in whose space real and generated images are
 * compared. It reads bytes, so that a generated image is judged as it would be stored. An own one,
 * of whatever library, can take the place of those here.
 */
public interface FeatureExtractor {
  /** What the figures are named by; another network has another name. */
  String name();

  /** Channels of the images that it reads: 1 or 3. */
  int channels();

  /** How wide a feature vector is. */
  int width();

  /** The classes that it tells apart, in the order of the logits; empty if it is no classifier. */
  List<String> classNames();

  /**
   * Features of a batch; images of any side.
   *
   * @throws IllegalArgumentException if the images have other channels
   */
  Features of(ImageBytes images);

  /**
   * What there is to say of B images.
   *
   * @param vectors (B, width)
   * @param logits (B, classes); empty if the extractor is no classifier
   */
  record Features(float[] vectors, float[] logits) {}
}
