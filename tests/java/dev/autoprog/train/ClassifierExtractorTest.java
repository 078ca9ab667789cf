package dev.autoprog.train;

import static dev.autoprog.testing.Closeness.assertClose;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.autoprog.InputException;
import dev.autoprog.backend.Backend;
import dev.autoprog.backend.Session;
import dev.autoprog.data.ChannelStatistics;
import dev.autoprog.data.ImageBytes;
import dev.autoprog.data.ImageDataset;
import dev.autoprog.io.SafetensorsReader;
import dev.autoprog.metric.FeatureExtractor.Features;
import dev.autoprog.metric.GenerationJudge;
import dev.autoprog.metric.GenerationQuality;
import dev.autoprog.model.LibtorchVit;
import dev.autoprog.model.VitConfig;
import dev.autoprog.run.Checkpoint;
import dev.autoprog.testing.Candidate;
import dev.autoprog.testing.Libtorch;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ClassifierExtractorTest {
  private static final ImageDataset IMAGES = TinyRuns.IMAGES.test();
  private static final VitConfig NETWORK = new VitConfig(12, 3, 1, 4, 16, 4, 2, 3);

  @TempDir Path directory;

  private static Session session() {
    return Session.open(Backend.named(Candidate.nameOr("cpu")));
  }

  private static ImageBytes testImages() throws InputException {
    return ImageBytes.of(IMAGES, IntStream.range(0, IMAGES.size()).toArray());
  }

  private RunSummary trained() throws Exception {
    return TinyRuns.train(TinyRuns.config("precision=fp32"), directory, TrainingListener.NONE);
  }

  @Test
  void itSaysWhatTheRunSaidOfTheTestImages() throws Exception {
    RunSummary run = trained();
    int[] labels = IntStream.range(0, IMAGES.size()).map(IMAGES::label).toArray();
    try (Session session = session()) {
      long before = session.allocatedBytes();
      try (ClassifierExtractor extractor = ClassifierExtractor.open(session, directory)) {
        GenerationQuality quality =
            GenerationJudge.of(extractor, IMAGES, IMAGES.size()).judge(testImages(), labels);
        assertThat(quality.extractor()).isEqualTo("ViT of " + directory + ", step 36");
        assertThat(quality.classAccuracy()).hasValue(run.testAccuracy());
        ImageBytes coloured = new ImageBytes(1, 3, 12, 12, new byte[432]);
        assertThatThrownBy(() -> extractor.of(coloured))
            .hasMessage("images of 3 channels, expected 1");
      }
      session.arena().close();
      assertThat(session.allocatedBytes()).isEqualTo(before);
    }
  }

  @Test
  void logitsAreLibtorchsAndTheHeadsOfTheFeatures() throws Exception {
    trained();
    ChannelStatistics normalization = ChannelStatistics.of(TinyRuns.IMAGES.train());
    try (Session session = session();
        ClassifierExtractor extractor = ClassifierExtractor.open(session, directory)) {
      Features found = extractor.of(testImages());
      assertThat(found.vectors()).hasSize(IMAGES.size() * extractor.width());
      Libtorch.scoped(() -> assertLibtorchs(found, normalization));
    }
  }

  /** By the weights that were saved. */
  private void assertLibtorchs(Features found, ChannelStatistics normalization) {
    Map<String, Tensor> weights = new HashMap<>();
    float[] images;
    try (SafetensorsReader model = Checkpoint.newestOf(directory).openModel()) {
      for (var stored : model.tensors().values()) {
        weights.put(
            stored.name(),
            Libtorch.constant(model.readFloats(stored.name()), stored.shape().toArray()));
      }
      images = normalised(testImages(), normalization);
    } catch (InputException e) {
      throw new AssertionError(e);
    }
    LibtorchVit network = new LibtorchVit(NETWORK, weights, LibtorchVit.FUSED);
    Tensor logits = network.logits(Libtorch.constant(images, IMAGES.size(), 1, 12, 12));
    assertClose("logits", found.logits(), Libtorch.values(logits), 1e-4);
    Tensor head =
        Libtorch.constant(found.vectors(), IMAGES.size(), NETWORK.width())
            .matmul(weights.get("head.weight").transpose(0, 1))
            .add(weights.get("head.bias"));
    assertClose("logits of the features", found.logits(), Libtorch.values(head), 1e-5);
  }

  private static float[] normalised(ImageBytes images, ChannelStatistics normalization) {
    float[] values = new float[images.bytes().length];
    for (int i = 0; i < values.length; i++) {
      values[i] =
          ((images.bytes()[i] & 0xff) / 255f - normalization.mean()[0]) / normalization.std()[0];
    }
    return values;
  }

  @Test
  void anUnfinishedRunIsRefused() throws Exception {
    TinyRuns.trainUntil(8, TinyRuns.config(), directory);
    try (Session session = session()) {
      assertThatThrownBy(() -> ClassifierExtractor.open(session, directory))
          .isInstanceOf(InputException.class)
          .hasMessageContaining("a run that has done 1 of 6 epochs; expected one that has come to");
    }
  }

  @Test
  void aDirectoryWithoutARunIsRefused() {
    try (Session session = session()) {
      assertThatThrownBy(() -> ClassifierExtractor.open(session, directory))
          .isInstanceOf(InputException.class)
          .hasMessageContaining("config.yaml");
    }
  }
}
