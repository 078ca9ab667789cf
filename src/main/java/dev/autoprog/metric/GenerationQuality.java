package dev.autoprog.metric;

import java.util.OptionalDouble;

/**
 * How good generated images are, in the eyes of an extractor. Figures of different extractors, and
 * of different numbers of images, must not be compared.
 *
 * @param extractor the extractor's name
 * @param images generated images, and as many real ones
 * @param frechetDistance between the features of both, as {@link FrechetDistance} has it
 * @param classAccuracy the share of generated images that the extractor takes for the class that
 *     was asked for; none if it does not tell the data's classes apart
 * @param realAccuracy the share of the real images whose class it sees: what to compare with
 */
public record GenerationQuality(
    String extractor,
    int images,
    double frechetDistance,
    OptionalDouble classAccuracy,
    OptionalDouble realAccuracy) {}
