/**
 * Labelled images, from files to batches in host memory.
 *
 * <p>{@link dev.autoprog.data.DataSources} opens what a user names: the embedded data, IDX,
 * CIFAR-10 or a folder of pictures, each an {@link dev.autoprog.data.ImageDataset} of 8-bit planes.
 * {@link dev.autoprog.data.BatchLoader} shuffles, reads ahead on its own threads and draws for each
 * image what {@link dev.autoprog.data.Augmentation} asks for. {@link dev.autoprog.data.RandAugment}
 * changes the stored pixels on these threads; cropping, resizing, flipping, normalising and erasing
 * happen where the model computes, from the numbers that a {@link dev.autoprog.data.Batch} carries,
 * and so does the mixing of images, as {@link dev.autoprog.data.Mixup} draws it.
 *
 * <p>{@link dev.autoprog.data.ImageBytes} are images in hand, generated ones for instance, which
 * {@link dev.autoprog.data.PngImages} writes.
 *
 * <p>{@link dev.autoprog.data.latent} has what an encoder made of images once, for latent diffusion
 * models; a loader reads it like images ({@link dev.autoprog.data.LabelledData}).
 *
 * <p>Every random decision depends on the seed, the epoch and the image alone, so batches are the
 * same for any number of threads and for a run that was interrupted and resumed. A file that cannot
 * be used is reported as a {@link dev.autoprog.InputException} that names it.
 */
package dev.autoprog.data;
