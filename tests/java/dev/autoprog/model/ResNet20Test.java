package dev.autoprog.model;

import static dev.autoprog.testing.Closeness.assertClose;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.autoprog.InputException;
import dev.autoprog.backend.Backend;
import dev.autoprog.backend.Session;
import dev.autoprog.data.CifarDataset;
import dev.autoprog.data.DataSplit;
import dev.autoprog.data.ImageBytes;
import dev.autoprog.data.ImageDataset;
import dev.autoprog.io.SafetensorsWriter;
import dev.autoprog.metric.FeatureExtractor.Features;
import dev.autoprog.metric.GenerationJudge;
import dev.autoprog.metric.GenerationQuality;
import dev.autoprog.tensor.DType;
import dev.autoprog.tensor.Shape;
import dev.autoprog.tensor.Tensor;
import dev.autoprog.testing.Candidate;
import dev.autoprog.testing.Libtorch;
import dev.autoprog.testing.RandomData;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ResNet20Test {
  private static final String WEIGHTS = "autoprog.test.resnet20";
  private static final String CIFAR = "autoprog.test.cifar10";
  private static final int IMAGES = 2;

  @TempDir Path directory;

  static List<Candidate> candidates() {
    return Candidate.all();
  }

  /** Random weights under which activations stay of the order of 1. */
  private static Map<String, float[]> weights(RandomData random) {
    Map<String, float[]> weights = new LinkedHashMap<>();
    ResNet20.tensors()
        .forEach(
            (name, shape) -> {
              long n = shape.elements();
              float[] values;
              if (name.endsWith("running_var") || name.contains("bn") && name.endsWith("weight")) {
                values = random.uniform(n, 0.5, 1.5);
              } else {
                double inputs = (double) n / shape.dim(0);
                double scale = shape.rank() == 1 ? 0.3 : Math.sqrt(6 / inputs);
                values = random.uniform(n, -scale, scale);
              }
              weights.put(name, values);
            });
    return weights;
  }

  private Path written(Session session, Map<String, float[]> weights) throws InputException {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    weights.forEach(
        (name, values) -> {
          Shape shape = ResNet20.tensors().getOrDefault(name, Shape.of(values.length));
          tensors.put(name, session.allocate(DType.FLOAT32, shape).set(values));
        });
    Path file = directory.resolve("weights.safetensors");
    SafetensorsWriter.write(file, tensors, Map.of());
    tensors.values().forEach(session::free);
    return file;
  }

  private static ImageBytes images(RandomData random, int side) {
    return new ImageBytes(IMAGES, 3, side, side, random.bytes((long) IMAGES * 3 * side * side));
  }

  @ParameterizedTest
  @MethodSource("candidates")
  void featuresAndLogitsAreLibtorchs(Candidate candidate) throws Exception {
    RandomData random = RandomData.of("resnet20");
    Map<String, float[]> weights = weights(random);
    ImageBytes images = images(random, 32);
    try (Session session = candidate.open()) {
      Path file = written(session, weights);
      long before = session.allocatedBytes();
      Features found;
      try (ResNet20 network = ResNet20.read(session, file)) {
        found = network.of(images);
        assertThat(network.name()).isEqualTo("ResNet-20 of weights.safetensors");
      }
      session.arena().close();
      assertThat(session.allocatedBytes()).isEqualTo(before);
      Libtorch.scoped(
          () -> {
            Map<String, org.bytedeco.pytorch.Tensor> tensors = new HashMap<>();
            ResNet20.tensors()
                .forEach(
                    (name, shape) ->
                        tensors.put(name, Libtorch.constant(weights.get(name), shape.toArray())));
            LibtorchResNet20 network = new LibtorchResNet20(tensors);
            var features =
                network.features(Libtorch.constant(normalised(images), IMAGES, 3, 32, 32));
            assertClose("features", found.vectors(), Libtorch.values(features), 1e-4);
            assertClose("logits", found.logits(), Libtorch.values(network.logits(features)), 1e-4);
          });
    }
  }

  private static float[] normalised(ImageBytes images) {
    float[] mean = ResNet20.NORMALIZATION.mean();
    float[] std = ResNet20.NORMALIZATION.std();
    float[] values = new float[images.bytes().length];
    for (int i = 0; i < values.length; i++) {
      int channel = i / (32 * 32) % 3;
      values[i] = ((images.bytes()[i] & 0xff) / 255f - mean[channel]) / std[channel];
    }
    return values;
  }

  /** Between two equal pixels, bilinear interpolation finds the same. */
  @Test
  void imagesOfAnotherSideAreResized() throws Exception {
    RandomData random = RandomData.of("resnet20 resize");
    ImageBytes small = images(random, 32);
    byte[] doubled = new byte[4 * small.bytes().length];
    for (int i = 0; i < doubled.length; i++) {
      int row = i / 64;
      doubled[i] = small.bytes()[(row / 64 * 32 + row % 64 / 2) * 32 + i % 64 / 2];
    }
    try (Session session = Session.open(Backend.named(Candidate.nameOr("cpu")));
        ResNet20 network = ResNet20.read(session, written(session, weights(random)))) {
      Features expected = network.of(small);
      Features found = network.of(new ImageBytes(IMAGES, 3, 64, 64, doubled));
      assertClose("features", found.vectors(), expected.vectors(), 1e-5);
      ImageBytes grey = new ImageBytes(1, 1, 32, 32, new byte[1024]);
      assertThatThrownBy(() -> network.of(grey))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("images of 1 channels, expected 3");
    }
  }

  @Test
  void aFileOfAnotherNetworkIsRefusedWithAllThatIsWrong() throws Exception {
    try (Session session = Session.open(Backend.named(Candidate.nameOr("cpu")))) {
      Map<String, float[]> weights = weights(RandomData.of("resnet20 wrong"));
      weights.remove("layer2.0.bn1.running_var");
      weights.put("fc.weight", weights.remove("linear.weight"));
      Path file = written(session, weights);
      long before = session.allocatedBytes();
      assertThatThrownBy(() -> ResNet20.read(session, file))
          .isInstanceOf(InputException.class)
          .hasMessageContainingAll(
              file + ": ",
              "layer2.0.bn1.running_var is missing",
              "linear.weight is missing",
              "expected the 97 tensors of this model");
      Path text = Files.writeString(directory.resolve("text"), "no weights at all");
      assertThatThrownBy(() -> ResNet20.read(session, text)).isInstanceOf(InputException.class);
      assertThat(session.allocatedBytes()).isEqualTo(before);
    }
  }

  @Test
  void aTensorOfAnotherTypeIsRefusedAndNothingKept() throws Exception {
    try (Session session = Session.open(Backend.named(Candidate.nameOr("cpu")))) {
      Map<String, Tensor> tensors = new LinkedHashMap<>();
      ResNet20.tensors()
          .forEach(
              (name, shape) -> {
                DType type = name.equals("linear.bias") ? DType.INT32 : DType.FLOAT32;
                tensors.put(name, session.allocate(type, shape));
              });
      Path file = directory.resolve("types.safetensors");
      SafetensorsWriter.write(file, tensors, Map.of());
      long before = session.allocatedBytes();
      assertThatThrownBy(() -> ResNet20.read(session, file))
          .isInstanceOf(InputException.class)
          .hasMessageContaining("tensor 'linear.bias': it has 10 elements of I32");
      assertThat(session.allocatedBytes()).isEqualTo(before);
    }
  }

  /**
   * With {@code -Dautoprog.test.resnet20=FILE -Dautoprog.test.cifar10=PATH}; its authors measured
   * 91.73 %.
   */
  @Test
  @EnabledIfSystemProperty(named = WEIGHTS, matches = ".+")
  @EnabledIfSystemProperty(named = CIFAR, matches = ".+")
  void thePublishedWeightsClassifyCifar() throws InputException, IOException {
    DataSplit cifar = CifarDataset.open(Path.of(System.getProperty(CIFAR)));
    ImageDataset test = cifar.test();
    try (Session session = Session.open(Backend.named(Candidate.nameOr("cpu")));
        ResNet20 network = ResNet20.read(session, Path.of(System.getProperty(WEIGHTS)))) {
      int[] labels = IntStream.range(0, test.size()).map(test::label).toArray();
      ImageBytes all = ImageBytes.of(test, IntStream.range(0, test.size()).toArray());
      GenerationQuality quality =
          GenerationJudge.of(network, cifar.train(), test.size()).judge(all, labels);
      System.out.println("CIFAR-10's test images, taken for generated ones: " + quality);
      assertThat(quality.classAccuracy().orElseThrow()).isGreaterThan(0.916);
    }
  }
}
