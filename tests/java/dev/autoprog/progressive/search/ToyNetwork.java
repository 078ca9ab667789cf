package dev.autoprog.progressive.search;

import dev.autoprog.progressive.growth.GrowthMap;
import dev.autoprog.progressive.growth.GrowthMap.Kind;
import dev.autoprog.progressive.growth.GrowthMap.Weights;
import dev.autoprog.tensor.Rng;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/**
 * A network of a few numbers, trained in plain Java: the "image" is a row of 8 pixels, read at a
 * resolution R by averaging them in R groups, {@code z = v·pixels}, and each of L residual blocks
 * adds {@code a·tanh(b·z + c)}, with a constant a. What it learns, {@code 5·tanh(z)} of a weighted
 * sum z, needs single pixels and five blocks, so its loss falls with resolution and with depth. Its
 * step time is a formula.
 */
final class ToyNetwork implements Searchable<RuntimeException> {
  static final int PIXELS = 8;
  static final Feasibility WHOLE_GROUPS = Feasibility.patch(2);

  private static final double[] TARGET = {0.6, 0.1, -0.3, 0.2, 0.6, 0.1, 0.1, -0.4};
  private static final int BATCH = 16;
  private static final double LEARNING_RATE = 0.03;
  private static final double DECAY = 0.9;

  private final long stepsPerEpoch;
  private final Predicate<SearchProgress> goesOn;
  private Weight online;
  private Weight average;
  private long steps;
  private int resolution;
  private ToyNetwork mark;

  /** The pixels' weights and each block's b, c and a. */
  private record Weight(double[] pixels, List<double[]> blocks) {
    Weight copy() {
      return new Weight(pixels.clone(), blocks.stream().map(double[]::clone).toList());
    }

    Weight of(SubNetwork network) {
      return new Weight(pixels, network.blocks().stream().map(blocks::get).toList());
    }

    /** Blocks of its own, as strong as they count in the sub-network. */
    Weight scaled(SubNetwork network) {
      Weight scaled = of(network).copy();
      for (int i = 0; i < scaled.blocks.size(); i++) {
        scaled.blocks.get(i)[2] *= network.strengths().get(i);
      }
      return scaled;
    }
  }

  ToyNetwork(int depth, long stepsPerEpoch, Predicate<SearchProgress> goesOn) {
    this.stepsPerEpoch = stepsPerEpoch;
    this.goesOn = goesOn;
    this.online = new Weight(new double[PIXELS], new ArrayList<>());
    for (int i = 0; i < depth; i++) {
      online.blocks().add(freshBlock(i));
    }
    this.average = online.copy();
  }

  /** The same network, as a checkpoint would bring it back. */
  ToyNetwork copy(Predicate<SearchProgress> goesOn) {
    ToyNetwork copy = new ToyNetwork(0, stepsPerEpoch, goesOn);
    copy.online = online.copy();
    copy.average = average.copy();
    copy.steps = steps;
    copy.resolution = resolution;
    copy.mark = mark;
    return copy;
  }

  private static double[] freshBlock(int i) {
    Rng rng = Rng.of(11, i);
    return new double[] {1 + 0.2 * rng.nextGaussian(), 0.2 * rng.nextGaussian(), 1};
  }

  /** Every weight, average and count: what two runs must share to be the same. */
  List<Double> state() {
    List<Double> state = new ArrayList<>(List.of((double) steps, (double) resolution));
    for (Weight weight : List.of(online, average)) {
      add(state, weight.pixels());
      weight.blocks().forEach(block -> add(state, block));
    }
    return state;
  }

  private static void add(List<Double> state, double[] values) {
    for (double value : values) {
      state.add(value);
    }
  }

  int resolution() {
    return resolution;
  }

  long steps() {
    return steps;
  }

  @Override
  public int depth() {
    return online.blocks().size();
  }

  @Override
  public void grow(GrowthMap map) {
    online = grown(map, map.weights() == Weights.MOMENTUM ? average : online);
    average = grown(map, average);
  }

  private static Weight grown(GrowthMap map, Weight from) {
    List<double[]> blocks = new ArrayList<>();
    for (int i = 0; i < map.to(); i++) {
      GrowthMap.Block block = map.blocks().get(i);
      boolean fresh = block.kind() == Kind.FRESH;
      double[] grown = fresh ? freshBlock(map.to()) : from.blocks().get(block.source()).clone();
      grown[2] *= block.kind() == Kind.SHARE ? map.strength(i) : 1;
      blocks.add(grown);
    }
    return new Weight(from.pixels().clone(), blocks);
  }

  @Override
  public long stepsPerEpoch() {
    return stepsPerEpoch;
  }

  @Override
  public void step(SubNetwork network) {
    Weight used = online.of(network);
    Weight scaled = online.scaled(network);
    double[] pixelGradient = new double[PIXELS];
    double[][] blockGradient = new double[used.blocks().size()][3];
    for (int i = 0; i < BATCH; i++) {
      addGradient(scaled, image(3, steps, i), network, pixelGradient, blockGradient);
    }
    steps++;
    descend(used.pixels(), pixelGradient);
    for (int block = 0; block < blockGradient.length; block++) {
      descend(used.blocks().get(block), blockGradient[block]);
    }
    follow(average.pixels(), online.pixels());
    for (int block = 0; block < depth(); block++) {
      follow(average.blocks().get(block), online.blocks().get(block));
    }
  }

  private static void descend(double[] weights, double[] gradient) {
    for (int i = 0; i < weights.length; i++) {
      weights[i] -= LEARNING_RATE / BATCH * gradient[i];
    }
  }

  private static void follow(double[] average, double[] online) {
    for (int i = 0; i < average.length; i++) {
      average[i] = DECAY * average[i] + (1 - DECAY) * online[i];
    }
  }

  private static double[] image(long... path) {
    Rng rng = Rng.of(5, path);
    double[] image = new double[PIXELS];
    for (int i = 0; i < PIXELS; i++) {
      image[i] = rng.nextGaussian();
    }
    return image;
  }

  private static double target(double[] image) {
    double z = 0;
    for (int i = 0; i < PIXELS; i++) {
      z += TARGET[i] * image[i];
    }
    return 5 * Math.tanh(z);
  }

  private static double[] resized(double[] image, int resolution) {
    int group = PIXELS / resolution;
    double[] resized = new double[PIXELS];
    for (int i = 0; i < PIXELS; i++) {
      for (int j = 0; j < group; j++) {
        resized[i] += image[i / group * group + j] / group;
      }
    }
    return resized;
  }

  private static double sum(Weight used, double[] pixels) {
    double z = 0;
    for (int i = 0; i < PIXELS; i++) {
      z += used.pixels()[i] * pixels[i];
    }
    return z;
  }

  private static double output(Weight used, double[] pixels) {
    double z = sum(used, pixels);
    double h = 0;
    for (double[] w : used.blocks()) {
      h += w[2] * Math.tanh(w[0] * z + w[1]);
    }
    return h;
  }

  private static void addGradient(
      Weight used, double[] image, SubNetwork network, double[] pixelSum, double[][] blockSum) {
    double[] pixels = resized(image, network.candidate().resolution());
    double z = sum(used, pixels);
    double gradient = output(used, pixels) - target(image);
    double gradientZ = 0;
    for (int i = 0; i < blockSum.length; i++) {
      double[] w = used.blocks().get(i);
      double tanh = Math.tanh(w[0] * z + w[1]);
      double inner = gradient * w[2] * (1 - tanh * tanh);
      blockSum[i][0] += inner * z;
      blockSum[i][1] += inner;
      gradientZ += inner * w[0];
    }
    for (int i = 0; i < PIXELS; i++) {
      pixelSum[i] += gradientZ * pixels[i];
    }
  }

  @Override
  public List<Double> losses(SubNetwork network, int batches) {
    Weight used = average.scaled(network);
    List<Double> losses = new ArrayList<>();
    for (int batch = 0; batch < batches; batch++) {
      double sum = 0;
      for (int i = 0; i < BATCH; i++) {
        double[] image = image(4, batch, i);
        double difference =
            output(used, resized(image, network.candidate().resolution())) - target(image);
        sum += difference * difference;
      }
      losses.add(sum / BATCH);
    }
    return losses;
  }

  @Override
  public void mark() {
    mark = copy(goesOn);
  }

  @Override
  public void rewind() {
    online = mark.online.copy();
    average = mark.average.copy();
    steps = mark.steps;
    mark = null;
  }

  @Override
  public double stepSeconds(SubNetwork network) {
    return 1e-3 * (1 + 0.1 * network.candidate().resolution() * network.candidate().depth());
  }

  @Override
  public boolean goOn(SearchProgress progress) {
    return goesOn.test(progress);
  }

  @Override
  public void adopt(SubNetwork network) {
    online = online.scaled(network);
    average = average.scaled(network);
    resolution = network.candidate().resolution();
  }

  @Override
  public Cost cost(SubNetwork network) {
    return new Cost(PIXELS + 2 * network.candidate().depth(), Double.NaN);
  }
}
