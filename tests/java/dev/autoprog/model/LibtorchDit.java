package dev.autoprog.model;

import java.util.Map;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;

/** The diffusion transformer written once more, with libtorch's own operations. */
public final class LibtorchDit {
  private static final double EPSILON = 1e-6;

  private final DitConfig config;
  private final Map<String, Tensor> weights;
  private final LibtorchVit.Attention attention;

  /** The network with these weights, by the names of the published checkpoints. */
  public LibtorchDit(
      DitConfig config, Map<String, Tensor> weights, LibtorchVit.Attention attention) {
    this.config = config;
    this.weights = weights;
    this.attention = attention;
  }

  /** The prediction; labels and stages int64 (B), or null where the network has none. */
  public Tensor forward(Tensor noisy, Tensor timesteps, Tensor labels, Tensor stages) {
    long batch = noisy.size(0);
    long grid = noisy.size(2) / config.patch();
    long[] stride = {config.patch(), config.patch()};
    Tensor x =
        torch
            .conv2d(
                noisy,
                weights.get("x_embedder.proj.weight"),
                new TensorOptional(weights.get("x_embedder.proj.bias")),
                stride,
                new long[] {0, 0},
                new long[] {1, 1},
                1)
            .flatten(2, 3)
            .transpose(1, 2)
            .add(positions(grid));
    Tensor condition =
        linear(torch.silu(linear(waves(timesteps), "t_embedder.mlp.0")), "t_embedder.mlp.2");
    if (labels != null) {
      condition = condition.add(row("y_embedder.embedding_table.weight", labels));
    }
    if (stages != null) {
      condition = condition.add(row(DiffusionTransformer.STAGE_TABLE, stages));
    }
    condition = torch.silu(condition);
    for (int i = 0; i < config.depth(); i++) {
      x = block(x, condition, "blocks." + i + ".");
    }
    Tensor m = linear(condition, "final_layer.adaLN_modulation.1");
    Tensor tokens = linear(modulated(x, m, 0, 1), "final_layer.linear");
    long patch = config.patch();
    return tokens
        .reshape(batch, grid, grid, patch, patch, config.outChannels())
        .permute(0, 5, 1, 3, 2, 4)
        .reshape(batch, config.outChannels(), grid * patch, grid * patch);
  }

  private Tensor row(String table, Tensor indices) {
    return weights.get(table).index_select(0, indices);
  }

  private Tensor positions(long grid) {
    Tensor stored = weights.get("pos_embed");
    if (grid == config.grid()) {
      return stored;
    }
    Tensor image =
        stored.reshape(1, config.grid(), config.grid(), config.width()).permute(0, 3, 1, 2);
    Tensor resized = torch.upsample_bicubic2d(image, new long[] {grid, grid}, false);
    return resized.permute(0, 2, 3, 1).reshape(1, grid * grid, config.width());
  }

  private static Tensor waves(Tensor timesteps) {
    Tensor frequencies =
        torch
            .arange(new Scalar(0), new Scalar(128))
            .to(timesteps.scalar_type())
            .mul(new Scalar(-Math.log(10000) / 128))
            .exp();
    Tensor angles = timesteps.unsqueeze(1).mul(frequencies.unsqueeze(0));
    return torch.cat(new org.bytedeco.pytorch.TensorVector(angles.cos(), angles.sin()), -1);
  }

  private Tensor block(Tensor x, Tensor condition, String name) {
    Tensor m = linear(condition, name + "adaLN_modulation.1");
    Tensor attended = attention(modulated(x, m, 0, 1), name + "attn.");
    Tensor h = x.add(chunk(m, 2).mul(attended));
    Tensor up = linear(modulated(h, m, 3, 4), name + "mlp.fc1");
    Tensor hidden = torch.gelu(up, new org.bytedeco.javacpp.BytePointer("tanh"));
    return h.add(chunk(m, 5).mul(linear(hidden, name + "mlp.fc2")));
  }

  private Tensor attention(Tensor x, String name) {
    long heads = config.heads();
    Tensor qkv =
        linear(x, name + "qkv").reshape(x.size(0), x.size(1), 3, heads, config.width() / heads);
    Tensor out = LibtorchVit.packed(qkv, attention);
    return linear(out.reshape(x.size(0), x.size(1), config.width()), name + "proj");
  }

  /** Of (B, chunks·C), as (B, 1, C). */
  private Tensor chunk(Tensor modulation, int index) {
    long width = config.width();
    return modulation
        .slice(1, new LongOptional(index * width), new LongOptional((index + 1) * width), 1)
        .unsqueeze(1);
  }

  private Tensor modulated(Tensor x, Tensor modulation, int shift, int scale) {
    long[] channels = {config.width()};
    TensorOptional none = new TensorOptional();
    Tensor normalised = torch.layer_norm(x, channels, none, none, EPSILON, false);
    return normalised
        .mul(chunk(modulation, scale).add(new Scalar(1)))
        .add(chunk(modulation, shift));
  }

  private Tensor linear(Tensor x, String name) {
    return torch.linear(
        x, weights.get(name + ".weight"), new TensorOptional(weights.get(name + ".bias")));
  }
}
