package dev.autoprog.cli.report;

/**
 * What all runs of a comparison of fine-tuning have in common.
 *
 * @param images the data set's name, and which classes of it
 * @param model the network, in words
 * @param weights that it begins with
 * @param steps of each run
 * @param batch images per step
 * @param extractor in whose eyes samples are judged
 * @param samples of each run that are judged
 * @param machine what computed
 * @param threads it had
 */
public record FinetuneSetting(
    String images,
    String model,
    String weights,
    long steps,
    int batch,
    String extractor,
    int samples,
    String machine,
    int threads) {}
