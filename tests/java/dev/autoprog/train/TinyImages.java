package dev.autoprog.train;

import dev.autoprog.data.DataSplit;
import dev.autoprog.data.ImageDataset;
import dev.autoprog.tensor.Rng;
import java.nio.ByteBuffer;
import java.util.List;

/** Images of 12×12 pixels with a bright quarter each; the class is which quarter it is. */
public record TinyImages(int size, long seed) implements ImageDataset {
  private static final int SIDE = 12;

  public static DataSplit split(int train, int test) {
    return new DataSplit("tiny", new TinyImages(train, 1), new TinyImages(test, 2));
  }

  @Override
  public int channels() {
    return 1;
  }

  @Override
  public int height() {
    return SIDE;
  }

  @Override
  public int width() {
    return SIDE;
  }

  @Override
  public List<String> classNames() {
    return List.of("top left", "top right", "bottom left", "bottom right");
  }

  @Override
  public int label(int index) {
    return Rng.of(seed, index).nextInt(4);
  }

  @Override
  public void read(int index, ByteBuffer to) {
    Rng random = Rng.of(seed, index);
    int label = random.nextInt(4);
    for (int y = 0; y < SIDE; y++) {
      for (int x = 0; x < SIDE; x++) {
        int quarter = 2 * (y / (SIDE / 2)) + x / (SIDE / 2);
        to.put((byte) (random.nextInt(128) + (quarter == label ? 96 : 0)));
      }
    }
  }
}
