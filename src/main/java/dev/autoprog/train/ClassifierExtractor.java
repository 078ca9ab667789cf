package dev.autoprog.train;

import dev.autoprog.InputException;
import dev.autoprog.autograd.Tape;
import dev.autoprog.autograd.Variable;
import dev.autoprog.backend.Session;
import dev.autoprog.data.ImageBytes;
import dev.autoprog.metric.FeatureExtractor;
import dev.autoprog.model.ImageInput;
import dev.autoprog.model.VisionTransformer;
import dev.autoprog.model.VitConfig;
import dev.autoprog.run.Checkpoint;
import dev.autoprog.run.RunDirectory;
import dev.autoprog.tensor.Tensor;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * A vision transformer that a run has trained, as an extractor for images like those of the run:
 * the features are its class token behind the last norm. Computes in float32 and resets the
 * session's arena in each call.
 */
public final class ClassifierExtractor implements FeatureExtractor, AutoCloseable {
  private final Session session;
  private final String name;
  private final VisionTransformer network;
  private final int resolution;
  private final TrainingMaterial material;

  private ClassifierExtractor(
      Session session,
      String name,
      VisionTransformer network,
      int resolution,
      TrainingMaterial material) {
    this.session = session;
    this.name = name;
    this.network = network;
    this.resolution = resolution;
    this.material = material;
  }

  /**
   * Opens the network with which a run ended.
   *
   * @param directory of a {@link Trainer}'s run
   * @throws InputException if there is no such run, it has not come to its end, or its checkpoint
   *     cannot be read
   */
  public static ClassifierExtractor open(Session session, Path directory) throws InputException {
    RunConfig config = RunRecord.configOf(directory);
    Checkpoint checkpoint = Checkpoint.newestOf(directory);
    Progress progress = RunDirectory.fact(checkpoint, "progress", Progress.class);
    int epochs = config.training().epochs();
    if (progress.epoch < epochs || progress.finished.isEmpty()) {
      throw new InputException(
          directory.toString(),
          "a run that has done " + progress.epoch + " of " + epochs + " epochs",
          "one that has come to its end",
          "Finish it by --resume, or name another run");
    }
    VitConfig model =
        RunDirectory.fact(checkpoint, "model", VitConfig.class).withDepth(progress.depth);
    TrainingMaterial material = RunDirectory.fact(checkpoint, "material", TrainingMaterial.class);
    int resolution = progress.finished.get(progress.finished.size() - 1).resolution();
    VisionTransformer network = VisionTransformer.create(session, model, config.seed());
    try {
      RunDirectory.restore(
          checkpoint, network.parameters().placesIn(network.parameters().values()), Map.of());
    } catch (InputException e) {
      network.close();
      throw e;
    }
    network.parameters().valuesChanged();
    String name = "ViT of " + directory + ", step " + progress.step;
    return new ClassifierExtractor(session, name, network, resolution, material);
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public int channels() {
    return network.config().channels();
  }

  @Override
  public int width() {
    return network.config().width();
  }

  @Override
  public List<String> classNames() {
    return material.classNames();
  }

  @Override
  public Features of(ImageBytes images) {
    if (images.channels() != channels()) {
      throw new IllegalArgumentException(
          "images of " + images.channels() + " channels, expected " + channels());
    }
    session.arena().reset();
    Tensor input = ImageInput.of(session, images, material.statistics(), resolution);
    Tape tape = Tape.inference(session);
    Variable features = network.features(tape, input);
    Variable logits = network.classify(tape, features);
    return new Features(features.value().toFloats(), logits.value().toFloats());
  }

  /** Gives its memory back. */
  @Override
  public void close() {
    network.close();
  }
}
