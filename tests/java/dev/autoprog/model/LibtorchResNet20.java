package dev.autoprog.model;

import dev.autoprog.testing.LibtorchMaps;
import java.util.Map;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/** The ResNet-20 written once more, with libtorch's own operations, on maps (B, H, W, C). */
final class LibtorchResNet20 {
  private final Map<String, Tensor> weights;

  LibtorchResNet20(Map<String, Tensor> weights) {
    this.weights = weights;
  }

  /** (B, 64) of normalised images (B, 3, 32, 32). */
  Tensor features(Tensor images) {
    Tensor x = torch.relu(normed(images.permute(0, 2, 3, 1), "", 1, 1));
    for (int stage = 1; stage <= 3; stage++) {
      for (int block = 0; block < 3; block++) {
        x = block(x, "layer" + stage + "." + block + ".", stage > 1 && block == 0 ? 2 : 1);
      }
    }
    return x.flatten(1, 2).mean(1);
  }

  /** (B, 10) of features. */
  Tensor logits(Tensor features) {
    return torch.linear(
        features, weights.get("linear.weight"), new TensorOptional(weights.get("linear.bias")));
  }

  private Tensor block(Tensor x, String prefix, long stride) {
    Tensor hidden = torch.relu(normed(x, prefix, 1, stride));
    Tensor y = normed(hidden, prefix, 2, 1);
    return torch.relu(y.add(stride == 1 ? x : shortcut(x)));
  }

  /** Every second pixel, as many channels again, all zero: half of them before, half behind. */
  private static Tensor shortcut(Tensor x) {
    LongOptional all = new LongOptional();
    Tensor pixels = x.slice(1, all, all, 2).slice(2, all, all, 2);
    Tensor zeros = torch.zeros_like(pixels.slice(3, all, new LongOptional(x.size(3) / 2), 1));
    return torch.cat(new TensorVector(zeros, pixels, zeros), 3);
  }

  private Tensor normed(Tensor x, String prefix, int number, long stride) {
    Tensor weight = weights.get(prefix + "conv" + number + ".weight");
    String norm = prefix + "bn" + number + ".";
    return torch
        .batch_norm(
            LibtorchMaps.convolution(x, weight, null, stride, 1).permute(0, 3, 1, 2),
            new TensorOptional(weights.get(norm + "weight")),
            new TensorOptional(weights.get(norm + "bias")),
            new TensorOptional(weights.get(norm + "running_mean")),
            new TensorOptional(weights.get(norm + "running_var")),
            false,
            0,
            1e-5,
            false)
        .permute(0, 2, 3, 1);
  }
}
