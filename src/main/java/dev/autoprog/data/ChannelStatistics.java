package dev.autoprog.data;

import dev.autoprog.InputException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;

/**
 * Mean and standard deviation of each colour channel, with which images are normalised.
 *
 * @param mean (channels), in units of 255: from 0 to 1
 * @param std (channels), in the same units; at least 1/255, so that a constant channel does not
 *     lead to a division by zero
 */
public record ChannelStatistics(float[] mean, float[] std) {
  private static final int MOST_IMAGES = 10_000;
  private static final double WHITE = 255;

  /** With which bytes become numbers from −1 to 1, as diffusion models have their images. */
  public static ChannelStatistics centred(int channels) {
    float[] half = new float[channels];
    Arrays.fill(half, 0.5f);
    return new ChannelStatistics(half, half.clone());
  }

  /**
   * Measures over all images, or over 10 000 evenly spaced ones if there are more. Reads in
   * parallel; sums are integers, so the result does not depend on the number of threads.
   *
   * @throws InputException if an image cannot be read
   */
  public static ChannelStatistics of(ImageDataset dataset) throws InputException {
    int images = Math.min(dataset.size(), MOST_IMAGES);
    int channels = dataset.channels();
    var failure = new AtomicReference<InputException>();
    long[] sums =
        IntStream.range(0, images)
            .mapToLong(i -> (long) i * dataset.size() / images)
            .parallel()
            .mapToObj(index -> sums(dataset, (int) index, failure))
            .reduce(new long[2 * channels], ChannelStatistics::add);
    if (failure.get() != null) {
      throw failure.get();
    }
    double pixels = (double) images * dataset.height() * dataset.width();
    float[] mean = new float[channels];
    float[] std = new float[channels];
    for (int c = 0; c < channels; c++) {
      double first = sums[c] / pixels;
      double second = sums[channels + c] / pixels;
      mean[c] = (float) (first / WHITE);
      std[c] = (float) (Math.max(1, Math.sqrt(Math.max(0, second - first * first))) / WHITE);
    }
    return new ChannelStatistics(mean, std);
  }

  /** Of one image, per channel: the sums of the bytes, then the sums of their squares. */
  private static long[] sums(
      ImageDataset dataset, int index, AtomicReference<InputException> failure) {
    int channels = dataset.channels();
    long[] sums = new long[2 * channels];
    byte[] image = new byte[dataset.imageBytes()];
    try {
      if (failure.get() == null) {
        dataset.read(index, ByteBuffer.wrap(image));
      }
    } catch (InputException e) {
      failure.compareAndSet(null, e);
    }
    int plane = image.length / channels;
    for (int c = 0; c < channels; c++) {
      for (int i = c * plane; i < (c + 1) * plane; i++) {
        int value = image[i] & 0xff;
        sums[c] += value;
        sums[channels + c] += value * value;
      }
    }
    return sums;
  }

  private static long[] add(long[] a, long[] b) {
    long[] sum = new long[a.length];
    for (int i = 0; i < sum.length; i++) {
      sum[i] = a[i] + b[i];
    }
    return sum;
  }
}
