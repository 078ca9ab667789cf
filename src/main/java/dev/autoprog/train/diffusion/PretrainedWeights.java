package dev.autoprog.train.diffusion;

import dev.autoprog.InputException;
import dev.autoprog.io.SafetensorsReader;
import dev.autoprog.io.StoredTensor;
import dev.autoprog.io.WeightFile;
import dev.autoprog.io.WeightFile.Need;
import dev.autoprog.model.DenoisingNetwork;
import dev.autoprog.tensor.Shape;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Weights from elsewhere for a network that is to be fine-tuned: of a run, or with the names of a
 * published checkpoint. Identifiers of stages may be missing, what follows from the network's sizes
 * (the positions) is never read, and the classes' table begins afresh where that is asked for.
 */
final class PretrainedWeights {
  private PretrainedWeights() {}

  /**
   * Fills a network.
   *
   * @param freshClasses whether the network keeps its own table of classes
   * @return what begins afresh instead of coming from the file, and what of the file was not used;
   *     what follows from the network's sizes is in neither
   * @throws InputException if the file is not of this network, or knows another number of classes
   *     and that was not said
   */
  static WeightFile.Report read(Path file, DenoisingNetwork network, boolean freshClasses)
      throws InputException {
    if (!freshClasses) {
      requireAsManyClasses(file, network);
    }
    WeightFile.Report all =
        WeightFile.read(
            file,
            network.parameters(),
            network.parameters().values(),
            name ->
                network.isFixed(name) || freshClasses && network.isOfClasses(name)
                    ? Need.KEPT
                    : network.isOfStages(name) ? Need.OPTIONAL : Need.REQUIRED);
    Map<String, Shape> unused = new LinkedHashMap<>(all.unused());
    unused.keySet().removeIf(network::isFixed);
    return new WeightFile.Report(
        all.kept().stream().filter(name -> !network.isFixed(name)).toList(), unused);
  }

  private static void requireAsManyClasses(Path file, DenoisingNetwork network)
      throws InputException {
    try (SafetensorsReader reader = SafetensorsReader.open(file)) {
      for (StoredTensor tensor : reader.tensors().values()) {
        long rows = network.classes() + 1L; // the last for none
        if (network.classes() > 0
            && network.isOfClasses(tensor.name())
            && tensor.shape().rank() == 2
            && tensor.shape().dim(0) != rows) {
          throw new InputException(
              file + ", tensor '" + tensor.name() + "'",
              tensor.shape().dim(0) + " rows",
              rows + ", one for each class of the data and one for none",
              "Set model.fresh_classes=true to begin with a fresh table for these classes");
        }
      }
    }
  }
}
