package dev.autoprog.data;

import dev.autoprog.InputException;
import java.io.InputStream;
import java.util.List;

/**
 * The images that come with the library, so that a first run needs no download: the 10 000 test
 * images of Fashion-MNIST (Xiao, Rasul and Vollgraf 2017, arXiv 1708.07747; 28 × 28, grey). Of
 * these the first 9 000 are for training and the last 1 000 for testing; each class has 886 to 916
 * of the former and 84 to 114 of the latter. Accuracies on this split are not comparable with
 * published ones, which train on the 60 000 training images: {@link IdxDataset} reads those.
 */
public final class BuiltinDataset {
  private static final int TRAIN = 9_000;
  private static final List<String> CLASS_NAMES =
      List.of(
          "T-shirt/top",
          "Trouser",
          "Pullover",
          "Dress",
          "Coat",
          "Sandal",
          "Shirt",
          "Sneaker",
          "Bag",
          "Ankle boot");

  private BuiltinDataset() {}

  /**
   * Reads the embedded images.
   *
   * @throws InputException if the library's jar is incomplete or damaged
   */
  public static DataSplit open() throws InputException {
    String images = "fashion-mnist/t10k-images-idx3-ubyte.gz";
    String labels = "fashion-mnist/t10k-labels-idx1-ubyte.gz";
    ImageDataset all =
        IdxDataset.of(images, resource(images, 3), labels, resource(labels, 1), CLASS_NAMES);
    return new DataSplit(
        "Fashion-MNIST (embedded)", all.range(0, TRAIN), all.range(TRAIN, all.size()));
  }

  private static IdxFile resource(String name, int rank) throws InputException {
    InputStream stream = BuiltinDataset.class.getResourceAsStream(name);
    if (stream == null) {
      throw new InputException(
          name, "not on the class path", "the embedded data", "Install the library's jar again.");
    }
    return IdxFile.read(name, stream, rank);
  }
}
