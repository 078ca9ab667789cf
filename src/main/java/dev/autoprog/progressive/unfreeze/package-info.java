/**
 * Unfreezing: how much of a pre-trained network a stage of fine-tuning trains, and on images of
 * which side ({@link dev.autoprog.progressive.unfreeze.UnfreezingSchedule}), what a search may
 * choose from ({@link dev.autoprog.progressive.unfreeze.UnfreezingSpace}), and by which identifier
 * the network tells the stages' images apart ({@link
 * dev.autoprog.progressive.unfreeze.StageIdentifier}). AutoProg-Zero (Li et al. 2024).
 *
 * <p>Pure: it decides and describes, and touches no tensor. Freezing never changes what a network
 * computes, so that stages follow one another without loss.
 */
package dev.autoprog.progressive.unfreeze;
