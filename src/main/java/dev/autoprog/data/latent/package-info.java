/**
 * Latents: what an encoder made of images once, so that a latent diffusion model trains on it for
 * as long as it likes. {@link dev.autoprog.data.latent.LatentWriter} asks a {@link
 * dev.autoprog.data.latent.LatentEncoder}, {@link dev.autoprog.data.latent.LatentSplit} opens what
 * it wrote or another program did; {@code data.source: latents:PATH} in a recipe.
 *
 * <h2>The format</h2>
 *
 * <pre>
 * PATH/train/32/00000-of-00002.safetensors
 * PATH/train/32/00001-of-00002.safetensors
 * PATH/test/32/00000-of-00001.safetensors
 * </pre>
 *
 * <p>{@code train} and {@code test} have a folder for each side S of latents, named by the number;
 * the files in it are numbered from 0, with five digits, and each says how many there are. A file
 * has
 *
 * <ul>
 *   <li>{@code latents} (n, C, S, S), F32, F16, BF16 or F64, as the encoder gave them, not scaled;
 *   <li>{@code labels} (n), I64 or I32, an index into the class names each;
 *   <li>{@code mirrored} (n, C, S, S), optional: the latents of the mirrored images;
 *   <li>in its metadata {@code latents_version} "1", {@code latents_scale} the factor that brings
 *       latents to a deviation of about 1 ("0.18215" for Stable Diffusion's encoder), {@code
 *       latents_class_names} the names, one per line, and optionally {@code latents_encoder}, what
 *       the encoder calls itself, and {@code latents_checksum}, the CRC-32C of all bytes behind the
 *       header in eight hexadecimal digits.
 * </ul>
 *
 * <p>All files have the same metadata but for the checksum, and C; all sides of a part have the
 * same images in the same order. In Python:
 *
 * <pre>{@code
 * from safetensors.numpy import save_file
 * metadata = {"latents_version": "1", "latents_scale": "0.18215",
 *             "latents_class_names": "\n".join(class_names)}
 * for part, images, labels in ("train", ...), ("test", ...):
 *   for side in 8, 16, 24, 32:                 # of images of 64, 128, 192 and 256 pixels
 *     latents = encode(resize(images, 8 * side))   # (n, 4, side, side), float16; before any scale
 *     os.makedirs(f"{path}/{part}/{side}", exist_ok=True)
 *     save_file({"latents": latents, "labels": labels},
 *               f"{path}/{part}/{side}/00000-of-00001.safetensors", metadata)
 * }</pre>
 *
 * <h2>Why a folder for each side</h2>
 *
 * <p>A stage at a smaller resolution reads latents of smaller images, as in Li et al. 2024, not
 * smaller latents: the mean of neighbouring latents is not the latent of a smaller image. It has a
 * smaller deviation, so that a timestep's noise would weigh more, and the encoder never makes it.
 * For the same reason a latent is not mirrored, but the mirrored image's is stored.
 */
package dev.autoprog.data.latent;
