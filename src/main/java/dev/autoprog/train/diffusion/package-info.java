/**
 * Training runs of diffusion models, from fresh weights or from a checkpoint: configuration,
 * learner, progressive unfreezing with its zero-shot search, and the trainer that puts them
 * together.
 */
package dev.autoprog.train.diffusion;
