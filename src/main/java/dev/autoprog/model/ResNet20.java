package dev.autoprog.model;

import dev.autoprog.InputException;
import dev.autoprog.backend.Session;
import dev.autoprog.data.ChannelStatistics;
import dev.autoprog.data.ImageBytes;
import dev.autoprog.io.SafetensorsReader;
import dev.autoprog.io.WeightFile;
import dev.autoprog.kernel.ConvolutionShape;
import dev.autoprog.kernel.LinearShape;
import dev.autoprog.kernel.PatchShape;
import dev.autoprog.metric.FeatureExtractor;
import dev.autoprog.tensor.DType;
import dev.autoprog.tensor.Shape;
import dev.autoprog.tensor.Tensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The ResNet-20 of He et al. 2016 for CIFAR-10, for inference in float32: three stages of three
 * blocks, shortcuts without parameters (option A: every second pixel, new channels zero), batch
 * norms folded into the convolutions in front of them. Its features are the 64 means that the
 * linear layer reads. Images are resized to 32×32 and normalised by ImageNet's mean and deviation.
 *
 * <p>Weights are those of a safetensors file with the usual PyTorch names ({@code conv1}, {@code
 * bn1}, {@code layer1.0.conv1} …) and {@code linear}. Each call resets the session's arena.
 */
public final class ResNet20 implements FeatureExtractor, AutoCloseable {
  static final double EPSILON = 1e-5;
  static final ChannelStatistics NORMALIZATION =
      new ChannelStatistics(
          new float[] {0.485f, 0.456f, 0.406f}, new float[] {0.229f, 0.224f, 0.225f});

  private static final int SIDE = 32;
  private static final int CHANNELS = 3;
  private static final int BLOCKS = 3;
  private static final int[] WIDTHS = {16, 32, 64};
  private static final int WIDTH = WIDTHS[2];
  private static final int LAST_SIDE = SIDE / 4;
  private static final List<String> CLASSES =
      List.of(
          "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck");

  private final Session session;
  private final String name;
  private final List<Tensor> allocated = new ArrayList<>();
  private final List<Block> blocks = new ArrayList<>();
  private Convolution stem;
  private Tensor mean; // weights of a mean over pixels, (1, LAST_SIDE²)
  private Tensor headWeight;
  private Tensor headBias;

  /** A square convolution that keeps the side, or halves it. */
  private record Convolution(Tensor weight, Tensor bias, int in, int out, int kernel, int stride) {
    ConvolutionShape on(Tensor map) {
      long side = map.shape().dim(1);
      return new ConvolutionShape(
          map.shape().dim(0), side, side, in, out, kernel, stride, kernel / 2);
    }
  }

  /** Two convolutions and a shortcut, which is null where it is the identity. */
  private record Block(Convolution first, Convolution second, Convolution shortcut) {}

  private ResNet20(Session session, String name) {
    this.session = session;
    this.name = name;
  }

  /**
   * Reads the network from a file.
   *
   * @throws InputException if it is no safetensors file, or its tensors are not those of a
   *     ResNet-20: all that are missing or have other shapes are listed
   */
  public static ResNet20 read(Session session, Path file) throws InputException {
    try (SafetensorsReader weights = SafetensorsReader.open(file)) {
      WeightFile.check(weights, tensors(), tensor -> false);
      ResNet20 network = new ResNet20(session, "ResNet-20 of " + file.getFileName());
      try {
        network.load(weights);
      } catch (InputException e) {
        network.close();
        throw e;
      }
      return network;
    }
  }

  /** What a file must hold. */
  static Map<String, Shape> tensors() {
    Map<String, Shape> tensors = new LinkedHashMap<>();
    put(tensors, "", 1, CHANNELS, WIDTHS[0]);
    for (int stage = 0; stage < WIDTHS.length; stage++) {
      for (int block = 0; block < BLOCKS; block++) {
        String prefix = "layer" + (stage + 1) + "." + block + ".";
        put(tensors, prefix, 1, block == 0 ? widthBefore(stage) : WIDTHS[stage], WIDTHS[stage]);
        put(tensors, prefix, 2, WIDTHS[stage], WIDTHS[stage]);
      }
    }
    tensors.put("linear.weight", Shape.of(CLASSES.size(), WIDTH));
    tensors.put("linear.bias", Shape.of(CLASSES.size()));
    return tensors;
  }

  private static void put(Map<String, Shape> tensors, String prefix, int number, int in, int out) {
    tensors.put(prefix + "conv" + number + ".weight", Shape.of(out, in, 3, 3));
    for (String of : List.of("weight", "bias", "running_mean", "running_var")) {
      tensors.put(prefix + "bn" + number + "." + of, Shape.of(out));
    }
  }

  private static int widthBefore(int stage) {
    return WIDTHS[Math.max(0, stage - 1)];
  }

  private void load(SafetensorsReader weights) throws InputException {
    stem = convolution(weights, "", 1, CHANNELS, WIDTHS[0], 1);
    for (int stage = 0; stage < WIDTHS.length; stage++) {
      int out = WIDTHS[stage];
      for (int block = 0; block < BLOCKS; block++) {
        boolean narrows = stage > 0 && block == 0;
        int in = narrows ? widthBefore(stage) : out;
        String prefix = "layer" + (stage + 1) + "." + block + ".";
        blocks.add(
            new Block(
                convolution(weights, prefix, 1, in, out, narrows ? 2 : 1),
                convolution(weights, prefix, 2, out, out, 1),
                narrows ? everySecondPixel(in, out) : null));
      }
    }
    float[] share = new float[LAST_SIDE * LAST_SIDE];
    Arrays.fill(share, 1f / share.length);
    mean = tensor(share, 1, share.length);
    headWeight = tensor(weights.readFloats("linear.weight"), CLASSES.size(), WIDTH);
    headBias = tensor(weights.readFloats("linear.bias"), CLASSES.size());
  }

  /** A convolution with the batch norm behind it: {@code γ·(w∗x − μ)/√(σ² + ε) + β}. */
  private Convolution convolution(
      SafetensorsReader weights, String prefix, int number, int in, int out, int stride)
      throws InputException {
    String norm = prefix + "bn" + number + ".";
    float[] weight = weights.readFloats(prefix + "conv" + number + ".weight");
    float[] gain = weights.readFloats(norm + "weight");
    float[] bias = weights.readFloats(norm + "bias");
    float[] mu = weights.readFloats(norm + "running_mean");
    float[] variance = weights.readFloats(norm + "running_var");
    int each = weight.length / out;
    for (int o = 0; o < out; o++) {
      double factor = gain[o] / Math.sqrt(variance[o] + EPSILON);
      bias[o] = (float) (bias[o] - mu[o] * factor);
      for (int i = o * each; i < (o + 1) * each; i++) {
        weight[i] = (float) (weight[i] * factor);
      }
    }
    return new Convolution(tensor(weight, out, in, 3, 3), tensor(bias, out), in, out, 3, stride);
  }

  /** Of the new channels, half come before those that there are. */
  private Convolution everySecondPixel(int in, int out) {
    float[] selection = new float[out * in];
    for (int c = 0; c < in; c++) {
      selection[((out - in) / 2 + c) * in + c] = 1;
    }
    return new Convolution(tensor(selection, out, in, 1, 1), null, in, out, 1, 2);
  }

  private Tensor tensor(float[] values, long... dims) {
    Tensor tensor = session.allocate(DType.FLOAT32, Shape.of(dims));
    allocated.add(tensor);
    return tensor.set(values);
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public int channels() {
    return CHANNELS;
  }

  @Override
  public int width() {
    return WIDTH;
  }

  @Override
  public List<String> classNames() {
    return CLASSES;
  }

  @Override
  public Features of(ImageBytes images) {
    if (images.channels() != CHANNELS) {
      throw new IllegalArgumentException(
          "images of " + images.channels() + " channels, expected " + CHANNELS);
    }
    int count = images.count();
    session.arena().reset();
    Tensor planes = ImageInput.of(session, images, NORMALIZATION, SIDE);
    Tensor pixels = allocate(count, SIDE, SIDE, CHANNELS);
    session.kernels().patchify(new PatchShape(count, CHANNELS, SIDE, 1), planes, pixels);
    Tensor map = rectified(convolved(stem, pixels));
    for (Block block : blocks) {
      Tensor next = forward(block, map);
      session.arena().release(map);
      map = next;
    }
    Tensor features = meanOverPixels(map);
    Tensor logits = allocate(count, CLASSES.size());
    session
        .kernels()
        .linearForward(
            new LinearShape(count, WIDTH, CLASSES.size()),
            features,
            headWeight,
            headBias,
            null,
            logits);
    return new Features(features.toFloats(), logits.toFloats());
  }

  private Tensor forward(Block block, Tensor x) {
    Tensor hidden = rectified(convolved(block.first(), x));
    Tensor y = convolved(block.second(), hidden);
    session.arena().release(hidden);
    if (block.shortcut() == null) {
      session.kernels().add(y, x, y);
    } else {
      Tensor shortcut = convolved(block.shortcut(), x);
      session.kernels().add(y, shortcut, y);
      session.arena().release(shortcut);
    }
    return rectified(y);
  }

  private Tensor convolved(Convolution convolution, Tensor x) {
    ConvolutionShape shape = convolution.on(x);
    Tensor y = allocate(shape.batch(), shape.outHeight(), shape.outWidth(), shape.out());
    session.kernels().convolutionForward(shape, x, convolution.weight(), convolution.bias(), y);
    return y;
  }

  private Tensor rectified(Tensor x) {
    session.kernels().clamp(0, Float.POSITIVE_INFINITY, x, x);
    return x;
  }

  /** (B, LAST_SIDE, LAST_SIDE, WIDTH) to (B, WIDTH). */
  private Tensor meanOverPixels(Tensor map) {
    long count = map.shape().dim(0);
    Tensor channels = allocate(count * WIDTH, mean.elements());
    ConvolutionShape window =
        new ConvolutionShape(count, LAST_SIDE, LAST_SIDE, WIDTH, 1, LAST_SIDE, 1, 0);
    session.kernels().unfold(window, map, channels);
    Tensor means = allocate(count, WIDTH);
    session
        .kernels()
        .linearForward(
            new LinearShape(count * WIDTH, mean.elements(), 1), channels, mean, null, null, means);
    return means;
  }

  private Tensor allocate(long... dims) {
    return session.arena().allocate(DType.FLOAT32, Shape.of(dims));
  }

  /** Gives its memory back. */
  @Override
  public void close() {
    allocated.forEach(session::free);
    allocated.clear();
  }
}
