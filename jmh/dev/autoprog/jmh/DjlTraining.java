package dev.autoprog.jmh;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.LayerNorm;
import ai.djl.training.GradientCollector;
import ai.djl.training.loss.SoftmaxCrossEntropyLoss;
import ai.djl.training.optimizer.AdamW;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import dev.autoprog.model.VisionTransformer;
import dev.autoprog.model.VitConfig;
import dev.autoprog.nn.Parameter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The vision transformer and its training step on DJL's PyTorch engine, natives from jars. */
final class DjlTraining {
  private static final float EPSILON = 1e-6f;

  private final VitConfig config;
  private final NDManager manager;
  private final Map<String, NDArray> weights = new LinkedHashMap<>();
  private final List<Map<String, NDArray>> averages = new ArrayList<>();

  /** The network with the weights that {@code vit} has, and so many moving averages of them. */
  DjlTraining(VisionTransformer vit, int averages, int threads) {
    System.setProperty("ai.djl.offline", "true");
    System.setProperty("ai.djl.pytorch.num_threads", Integer.toString(threads));
    config = vit.config();
    manager = Engine.getEngine("PyTorch").newBaseManager();
    for (Parameter p : vit.parameters().all()) {
      weights.put(p.name(), manager.create(p.value().toFloats(), new Shape(p.shape().toArray())));
    }
    for (int i = 0; i < averages; i++) {
      Map<String, NDArray> average = new LinkedHashMap<>();
      weights.forEach((name, weight) -> average.put(name, weight.duplicate()));
      this.averages.add(average);
    }
    weights.values().forEach(weight -> weight.setRequiresGradient(true));
  }

  /** Training on this batch, over and over. */
  Contender contender(float[] pixels, int[] labels, int side) {
    AdamW adamW =
        Optimizer.adamW()
            .optLearningRateTracker(Tracker.fixed((float) TrainingStepBenchmark.LEARNING_RATE))
            .optWeightDecays((float) LibtorchPeer.WEIGHT_DECAY)
            .build();
    NDArray targets = smoothed(labels);
    Shape shape = new Shape(labels.length, config.channels(), side, side);
    return Contender.ofSteps(
        () -> {
          try (NDManager step = manager.newSubManager()) {
            float loss = backward(step.create(pixels, shape), targets);
            weights.forEach((name, w) -> adamW.update(name, w, w.getGradient()));
            average();
            return loss;
          }
        },
        manager::close);
  }

  private NDArray smoothed(int[] labels) {
    int classes = config.classes();
    float[] targets = new float[labels.length * classes];
    Arrays.fill(targets, (float) (TrainingStepBenchmark.SMOOTHING / classes));
    for (int i = 0; i < labels.length; i++) {
      targets[i * classes + labels[i]] += (float) (1 - TrainingStepBenchmark.SMOOTHING);
    }
    return manager.create(targets, new Shape(labels.length, classes));
  }

  private float backward(NDArray images, NDArray targets) {
    try (GradientCollector collector = manager.getEngine().newGradientCollector()) {
      NDArray loss =
          new SoftmaxCrossEntropyLoss("loss", 1, -1, false, true)
              .evaluate(new NDList(targets), new NDList(logits(images)));
      collector.backward(loss);
      return loss.getFloat();
    }
  }

  private void average() {
    for (Map<String, NDArray> average : averages) {
      average.forEach(
          (name, ema) -> {
            try (NDArray weight = weights.get(name).stopGradient();
                NDArray share = weight.mul(1 - TrainingStepBenchmark.EMA_DECAY)) {
              ema.muli(TrainingStepBenchmark.EMA_DECAY).addi(share);
            }
          });
    }
  }

  private NDArray logits(NDArray images) {
    long batch = images.getShape().get(0);
    long width = config.width();
    NDArray x =
        Conv2d.conv2d(
                images,
                weights.get("patch_embed.proj.weight"),
                weights.get("patch_embed.proj.bias"),
                new Shape(config.patch(), config.patch()))
            .singletonOrThrow()
            .reshape(batch, width, -1)
            .transpose(0, 2, 1);
    NDArray classTokens = weights.get("cls_token").broadcast(batch, 1, width);
    classTokens.attach(images.getManager());
    x = classTokens.concat(x, 1).add(weights.get("pos_embed"));
    for (int i = 0; i < config.depth(); i++) {
      String block = "blocks." + i + ".";
      x = x.add(attention(norm(x, block + "norm1"), block + "attn."));
      x = x.add(mlp(norm(x, block + "norm2"), block + "mlp."));
    }
    return linear(norm(x, "norm").get(":,0"), "head");
  }

  /** DJL has no fused attention. */
  private NDArray attention(NDArray x, String name) {
    long batch = x.getShape().get(0);
    long tokens = x.getShape().get(1);
    long headDim = config.width() / config.heads();
    NDArray qkv =
        linear(x, name + "qkv")
            .reshape(batch, tokens, 3, config.heads(), headDim)
            .transpose(2, 0, 3, 1, 4);
    NDArray scores =
        qkv.get(0).matMul(qkv.get(1).transpose(0, 1, 3, 2)).mul(1 / Math.sqrt(headDim));
    NDArray out = scores.softmax(-1).matMul(qkv.get(2));
    return linear(out.transpose(0, 2, 1, 3).reshape(batch, tokens, config.width()), name + "proj");
  }

  private NDArray mlp(NDArray x, String name) {
    return linear(Activation.gelu(linear(x, name + "fc1")), name + "fc2");
  }

  private NDArray norm(NDArray x, String name) {
    return LayerNorm.layerNorm(
            x,
            new Shape(config.width()),
            weights.get(name + ".weight"),
            weights.get(name + ".bias"),
            EPSILON)
        .singletonOrThrow();
  }

  private NDArray linear(NDArray x, String name) {
    return Linear.linear(x, weights.get(name + ".weight"), weights.get(name + ".bias"))
        .singletonOrThrow();
  }
}
