package dev.autoprog.model;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.pytorch.LongArrayRef;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/** The UNet written once more, with libtorch's own operations on maps (B, C, H, W). */
public final class LibtorchUNet {
  private final UNetConfig config;
  private final Map<String, Tensor> weights;
  private final LibtorchVit.Attention attention;

  /** The network with these weights, by the names of diffusers' checkpoints. */
  public LibtorchUNet(
      UNetConfig config, Map<String, Tensor> weights, LibtorchVit.Attention attention) {
    this.config = config;
    this.weights = weights;
    this.attention = attention;
  }

  /**
   * The prediction.
   *
   * @param labels int64 (B), or null where the network has none
   * @param stages int64 (B), or null where the network has none
   * @param context (B, M, its width), or null where the network has none
   */
  public Tensor forward(
      Tensor noisy, Tensor timesteps, Tensor labels, Tensor stages, Tensor context) {
    Tensor time =
        linear(
            torch.silu(linear(waves(timesteps), "time_embedding.linear_1")),
            "time_embedding.linear_2");
    if (labels != null) {
      time = time.add(weights.get("class_embedding.weight").index_select(0, labels));
    }
    Tensor told = context;
    if (stages != null) {
      time = time.add(weights.get("stage_embedding.weight").index_select(0, stages));
      if (context != null) {
        Tensor token = weights.get("stage_token.weight").index_select(0, stages).unsqueeze(1);
        told = torch.cat(new TensorVector(context, token), 1);
      }
    }
    time = torch.silu(time);
    int levels = config.multipliers().size();
    Deque<Tensor> skips = new ArrayDeque<>();
    Tensor x = convolution(noisy, "conv_in", 1);
    skips.push(x);
    for (int i = 0; i < levels; i++) {
      String block = "down_blocks." + i + ".";
      for (int j = 0; j < config.residualBlocks(); j++) {
        x = attended(residual(x, time, block + "resnets." + j + "."), told, block, j);
        skips.push(x);
      }
      if (i < levels - 1) {
        x = convolution(x, block + "downsamplers.0.conv", 2);
        skips.push(x);
      }
    }
    x = attended(residual(x, time, "mid_block.resnets.0."), told, "mid_block.", 0);
    if (!config.attentionLevels().isEmpty()) {
      x = residual(x, time, "mid_block.resnets.1.");
    }
    for (int i = 0; i < levels; i++) {
      String block = "up_blocks." + i + ".";
      for (int j = 0; j <= config.residualBlocks(); j++) {
        Tensor joined = torch.cat(new TensorVector(x, skips.pop()), 1);
        x = attended(residual(joined, time, block + "resnets." + j + "."), told, block, j);
      }
      if (i < levels - 1) {
        x = torch.upsample_nearest2d(x, new long[] {2 * x.size(2), 2 * x.size(3)});
        x = convolution(x, block + "upsamplers.0.conv", 1);
      }
    }
    return convolution(torch.silu(groupNorm(x, "conv_norm_out", 1e-5)), "conv_out", 1);
  }

  private Tensor waves(Tensor timesteps) {
    int half = config.baseChannels() / 2;
    Tensor frequencies =
        torch
            .arange(new Scalar(0), new Scalar(half))
            .to(timesteps.scalar_type())
            .mul(new Scalar(-Math.log(10000) / half))
            .exp();
    Tensor angles = timesteps.unsqueeze(1).mul(frequencies.unsqueeze(0));
    return torch.cat(new TensorVector(angles.cos(), angles.sin()), -1);
  }

  private Tensor residual(Tensor x, Tensor time, String name) {
    Tensor h = convolution(torch.silu(groupNorm(x, name + "norm1", 1e-5)), name + "conv1", 1);
    h = h.add(linear(time, name + "time_emb_proj").unsqueeze(-1).unsqueeze(-1));
    h = convolution(torch.silu(groupNorm(h, name + "norm2", 1e-5)), name + "conv2", 1);
    boolean same = !weights.containsKey(name + "conv_shortcut.weight");
    return h.add(same ? x : convolution(x, name + "conv_shortcut", 1));
  }

  /** With the block's attention {@code index}, if it has that. */
  private Tensor attended(Tensor x, Tensor context, String block, int index) {
    String name = block + "attentions." + index + ".";
    if (!weights.containsKey(name + "norm.weight")) {
      return x;
    }
    Tensor h = convolution(groupNorm(x, name + "norm", 1e-6), name + "proj_in", 1);
    h = h.flatten(2, 3).transpose(1, 2);
    String inner = name + "transformer_blocks.0.";
    Tensor own = layerNorm(h, inner + "norm1");
    h = h.add(attention(own, own, inner + "attn1."));
    if (context != null) {
      h = h.add(attention(layerNorm(h, inner + "norm2"), context, inner + "attn2."));
    }
    Tensor halves = linear(layerNorm(h, inner + "norm3"), inner + "ff.net.0.proj");
    TensorVector gated = torch.chunk(halves, 2, -1);
    h = h.add(linear(gated.get(0).mul(torch.gelu(gated.get(1))), inner + "ff.net.2"));
    return convolution(h.transpose(1, 2).reshape(x.sizes()), name + "proj_out", 1).add(x);
  }

  private Tensor attention(Tensor x, Tensor asked, String name) {
    Tensor out =
        attention.of(
            heads(linear(x, name + "to_q")),
            heads(linear(asked, name + "to_k")),
            heads(linear(asked, name + "to_v")));
    return linear(out.transpose(1, 2).reshape(x.size(0), x.size(1), -1), name + "to_out.0");
  }

  private Tensor heads(Tensor x) {
    return x.reshape(x.size(0), x.size(1), config.heads(), -1).transpose(1, 2);
  }

  /** Padded so that stride 1 keeps the side. */
  private Tensor convolution(Tensor x, String name, long stride) {
    Tensor weight = weights.get(name + ".weight");
    long padding = weight.size(2) / 2;
    return torch.conv2d(
        x,
        weight,
        new TensorOptional(weights.get(name + ".bias")),
        new LongArrayRef(new LongPointer(stride, stride), 2),
        new LongArrayRef(new LongPointer(padding, padding), 2),
        new LongArrayRef(new LongPointer(1, 1), 2),
        1);
  }

  private Tensor groupNorm(Tensor x, String name, double epsilon) {
    return torch.group_norm(
        x,
        config.groups(),
        new TensorOptional(weights.get(name + ".weight")),
        new TensorOptional(weights.get(name + ".bias")),
        epsilon,
        false);
  }

  private Tensor layerNorm(Tensor x, String name) {
    return torch.layer_norm(
        x,
        new long[] {x.size(-1)},
        new TensorOptional(weights.get(name + ".weight")),
        new TensorOptional(weights.get(name + ".bias")),
        1e-5,
        false);
  }

  private Tensor linear(Tensor x, String name) {
    Tensor bias = weights.get(name + ".bias");
    return torch.linear(
        x,
        weights.get(name + ".weight"),
        bias == null ? new TensorOptional() : new TensorOptional(bias));
  }
}
