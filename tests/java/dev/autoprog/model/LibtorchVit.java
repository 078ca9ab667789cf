package dev.autoprog.model;

import dev.autoprog.testing.Libtorch;
import java.util.Map;
import org.bytedeco.pytorch.CrossEntropyLossOptions;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/** The vision transformer written once more, with libtorch's own operations. */
public final class LibtorchVit {
  /** Attention by libtorch's own fused operation. */
  public static final Attention FUSED = LibtorchVit::fused;

  /** Attention as DeiT's code writes it out, with the N×N matrix. */
  public static final Attention WRITTEN_OUT = LibtorchVit::writtenOut;

  private static final double EPSILON = 1e-6;

  private final VitConfig config;
  private final Map<String, Tensor> weights;
  private final Attention attention;

  /** How attention is computed. */
  @FunctionalInterface
  public interface Attention {
    /** {@code softmax(q kᵀ/√D) v} of q, k, v (B, H, N, D). */
    Tensor of(Tensor q, Tensor k, Tensor v);
  }

  /** The network with these weights, by timm's names. */
  public LibtorchVit(VitConfig config, Map<String, Tensor> weights, Attention attention) {
    this.config = config;
    this.weights = weights;
    this.attention = attention;
  }

  /** The mean cross entropy of a batch. */
  public Tensor loss(Tensor images, int[] labels, double smoothing) {
    CrossEntropyLossOptions options = new CrossEntropyLossOptions();
    options.label_smoothing().put(smoothing);
    return torch.cross_entropy(logits(images), Libtorch.labels(labels), options);
  }

  /** The logits of a batch. */
  public Tensor logits(Tensor images) {
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
      x = block(x, i);
    }
    return linear(norm(x, "norm").select(1, 0), "head");
  }

  /** Block {@code i} on tokens (B, N, C). */
  public Tensor block(Tensor x, int i) {
    String block = "blocks." + i + ".";
    Tensor h = x.add(attention(norm(x, block + "norm1"), block + "attn."));
    return h.add(mlp(norm(h, block + "norm2"), block + "mlp."));
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
    Tensor qkv = linear(x, name + "qkv").reshape(batch, tokens, 3, heads, headDim);
    return linear(packed(qkv, attention).reshape(batch, tokens, config.width()), name + "proj");
  }

  /** Attention of packed {@code qkv} (B, N, 3, H, D); (B, N, H, D). */
  public static Tensor packed(Tensor qkv, Attention attention) {
    Tensor parts = qkv.permute(2, 0, 3, 1, 4);
    return attention.of(parts.select(0, 0), parts.select(0, 1), parts.select(0, 2)).transpose(1, 2);
  }

  private static Tensor fused(Tensor q, Tensor k, Tensor v) {
    return torch.scaled_dot_product_attention(
        q, k, v, new TensorOptional(), 0, false, new DoubleOptional(), false);
  }

  private static Tensor writtenOut(Tensor q, Tensor k, Tensor v) {
    Scalar scale = new Scalar(1 / Math.sqrt(q.size(3)));
    return q.matmul(k.transpose(2, 3)).mul(scale).softmax(-1).matmul(v);
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
