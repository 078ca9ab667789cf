package dev.autoprog.cli.report;

import dev.autoprog.InputException;
import dev.autoprog.metric.GenerationQuality;
import java.nio.file.Path;
import java.util.OptionalDouble;

/**
 * {@code quality.json}: how good a run's samples are, and in whose eyes.
 *
 * @param extractor as it was asked for
 * @param extractorSha256 of its weights
 * @param samples how many were judged, beside as many real images
 * @param frechetDistance to the real images
 * @param classAccuracy share of the samples whose class the extractor sees; null if it does not
 *     tell the data's classes apart
 * @param realAccuracy the same of the real images
 */
public record SampleQuality(
    String extractor,
    String extractorSha256,
    int samples,
    double frechetDistance,
    Double classAccuracy,
    Double realAccuracy) {

  /** What a judge has found. */
  public static SampleQuality of(
      String extractor, String extractorSha256, GenerationQuality quality) {
    return new SampleQuality(
        extractor,
        extractorSha256,
        quality.images(),
        quality.frechetDistance(),
        orNull(quality.classAccuracy()),
        orNull(quality.realAccuracy()));
  }

  private static Double orNull(OptionalDouble share) {
    return share.isPresent() ? share.getAsDouble() : null;
  }

  /**
   * Reads a file.
   *
   * @throws InputException if it cannot be read
   */
  public static SampleQuality read(Path file) throws InputException {
    return JsonFile.read(file, SampleQuality.class);
  }

  /**
   * Writes it, over one that is there.
   *
   * @throws InputException if the system refuses
   */
  public void write(Path file) throws InputException {
    JsonFile.write(file, this);
  }
}
