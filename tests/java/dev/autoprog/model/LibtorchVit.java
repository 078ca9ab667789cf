package dev.autoprog.model;

import dev.autoprog.testing.Libtorch;
import java.util.Map;
import org.bytedeco.pytorch.CrossEntropyLossOptions;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/** The vision transformer written once more, with libtorch's own operations. */
final class LibtorchVit {
  private static final double EPSILON = 1e-6;

  private final VitConfig config;
  private final Map<String, Tensor> weights;

  LibtorchVit(VitConfig config, Map<String, Tensor> weights) {
    this.config = config;
    this.weights = weights;
  }

  Tensor loss(Tensor images, int[] labels, double smoothing) {
    CrossEntropyLossOptions options = new CrossEntropyLossOptions();
    options.label_smoothing().put(smoothing);
    return torch.cross_entropy(logits(images), Libtorch.labels(labels), options);
  }

  private Tensor logits(Tensor images) {
    long batch = images.size(0);
    long width = config.width();
    long[] stride = {config.patch(), config.patch()};
    Tensor x =
        torch
            .conv2d(
                images,
                weights.get("patch_embed.proj.weight"),
                new TensorOptional(weights.get("patch_embed.proj.bias")),
                stride,
                new long[] {0, 0},
                new long[] {1, 1},
                1)
            .flatten(2, 3)
            .transpose(1, 2);
    long grid = images.size(2) / config.patch();
    x = cat(weights.get("cls_token").expand(batch, 1, width), x).add(positions(grid));
    for (int i = 0; i < config.depth(); i++) {
      String block = "blocks." + i + ".";
      x = x.add(attention(norm(x, block + "norm1"), block + "attn."));
      x = x.add(mlp(norm(x, block + "norm2"), block + "mlp."));
    }
    return linear(norm(x, "norm").select(1, 0), "head");
  }

  private Tensor positions(long grid) {
    Tensor stored = weights.get("pos_embed");
    if (grid == config.grid()) {
      return stored;
    }
    LongOptional end = new LongOptional();
    Tensor classToken = stored.slice(1, new LongOptional(0), new LongOptional(1), 1);
    Tensor patches = stored.slice(1, new LongOptional(1), end, 1);
    Tensor image =
        patches.reshape(1, config.grid(), config.grid(), config.width()).permute(0, 3, 1, 2);
    Tensor resized = torch.upsample_bicubic2d(image, new long[] {grid, grid}, false);
    return cat(classToken, resized.permute(0, 2, 3, 1).reshape(1, grid * grid, config.width()));
  }

  private Tensor attention(Tensor x, String name) {
    long batch = x.size(0);
    long tokens = x.size(1);
    long heads = config.heads();
    long headDim = config.width() / heads;
    Tensor qkv =
        linear(x, name + "qkv").reshape(batch, tokens, 3, heads, headDim).permute(2, 0, 3, 1, 4);
    Tensor out =
        torch.scaled_dot_product_attention(
            qkv.select(0, 0),
            qkv.select(0, 1),
            qkv.select(0, 2),
            new TensorOptional(),
            0,
            false,
            new DoubleOptional(),
            false);
    return linear(out.transpose(1, 2).reshape(batch, tokens, config.width()), name + "proj");
  }

  private Tensor mlp(Tensor x, String name) {
    return linear(torch.gelu(linear(x, name + "fc1")), name + "fc2");
  }

  private Tensor norm(Tensor x, String name) {
    return torch.layer_norm(
        x,
        new long[] {config.width()},
        new TensorOptional(weights.get(name + ".weight")),
        new TensorOptional(weights.get(name + ".bias")),
        EPSILON,
        false);
  }

  private Tensor linear(Tensor x, String name) {
    return torch.linear(
        x, weights.get(name + ".weight"), new TensorOptional(weights.get(name + ".bias")));
  }

  private static Tensor cat(Tensor a, Tensor b) {
    return torch.cat(new TensorVector(a, b), 1);
  }
}
