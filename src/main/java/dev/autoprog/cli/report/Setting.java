package dev.autoprog.cli.report;

/**
 * What all runs of a comparison have in common.
 *
 * @param images the data set's name
 * @param model the full network, in words
 * @param epochs of each run
 * @param batch images per step
 * @param machine what computed
 * @param threads it had
 */
public record Setting(
    String images, String model, int epochs, int batch, String machine, int threads) {}
