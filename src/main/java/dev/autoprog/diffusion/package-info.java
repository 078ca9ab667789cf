/**
 * The mathematics of diffusion, without a model: a {@link dev.autoprog.diffusion.NoiseSchedule}
 * says how data turn into noise, a {@link dev.autoprog.diffusion.DiffusionProcess} what a network
 * learned about the way back, and a {@link dev.autoprog.diffusion.Sampler} goes it, on whatever
 * {@link dev.autoprog.diffusion.Denoiser} predicts. {@link dev.autoprog.diffusion.TrainingDraws}
 * has the timesteps and the noise of training.
 *
 * <p>Here x_t = √ᾱ_t x_0 + √(1 − ᾱ_t) ε, with t from 0 (little noise) to T − 1. Coefficients are
 * float64, tensors FLOAT32. All noise is named by a seed and what it is for, so it does not depend
 * on how samples are put into batches.
 */
package dev.autoprog.diffusion;
