package dev.autoprog.train;

import dev.autoprog.data.ChannelStatistics;
import dev.autoprog.data.DataSplit;
import java.util.ArrayList;
import java.util.List;

/**
 * What a run's images and batches are known by when it is taken up again: on others it would go on,
 * but to another end.
 *
 * @param train how many images to train on
 * @param test how many to test on
 * @param batch images per step
 * @param classNames by label
 * @param mean of the training images, per channel
 * @param std likewise
 */
record TrainingMaterial(
    int train, int test, int batch, List<String> classNames, List<Float> mean, List<Float> std) {

  static TrainingMaterial of(DataSplit data, ChannelStatistics statistics, int batch) {
    return new TrainingMaterial(
        data.train().size(),
        data.test().size(),
        batch,
        data.train().classNames(),
        list(statistics.mean()),
        list(statistics.std()));
  }

  /** With what the images were normalised. */
  ChannelStatistics statistics() {
    return new ChannelStatistics(array(mean), array(std));
  }

  private static float[] array(List<Float> values) {
    float[] array = new float[values.size()];
    for (int i = 0; i < array.length; i++) {
      array[i] = values.get(i);
    }
    return array;
  }

  private static List<Float> list(float[] values) {
    List<Float> list = new ArrayList<>();
    for (float value : values) {
      list.add(value);
    }
    return list;
  }
}
