package dev.autoprog.train.diffusion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.autoprog.InputException;
import dev.autoprog.backend.Backend;
import dev.autoprog.backend.Session;
import dev.autoprog.io.StoredType;
import dev.autoprog.io.WeightFile;
import dev.autoprog.model.DenoisingNetwork;
import dev.autoprog.model.DiffusionTransformer;
import dev.autoprog.model.DitConfig;
import dev.autoprog.model.UNet;
import dev.autoprog.model.UNetConfig;
import dev.autoprog.nn.Precision;
import dev.autoprog.tensor.Shape;
import dev.autoprog.tensor.Tensor;
import dev.autoprog.testing.RandomData;
import dev.autoprog.testing.SafetensorsBytes;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Files with the names, shapes and types that others publish, written down here and not taken from
 * our networks: DiT's {@code state_dict} and that of diffusers' UNet2DConditionModel.
 */
class PublishedCheckpointsTest {
  private static final DitConfig DIT = new DitConfig(8, 2, 4, 10, 16, 2, 2, 4, true, 0);
  private static final UNetConfig UNET =
      new UNetConfig(8, 4, 0, 0, 16, List.of(1, 2), List.of(1), 1, 2, 4, 24, false);

  @TempDir Path directory;

  /** {@code DiT(input_size=8, patch_size=2, hidden_size=16, depth=2, num_heads=2)}. */
  private static Map<String, long[]> dit(int classes) {
    Map<String, long[]> shapes = new LinkedHashMap<>();
    shapes.put("pos_embed", new long[] {1, 16, 16});
    withBias(shapes, "x_embedder.proj", 16, 4, 2, 2);
    withBias(shapes, "t_embedder.mlp.0", 16, 256);
    withBias(shapes, "t_embedder.mlp.2", 16, 16);
    shapes.put("y_embedder.embedding_table.weight", new long[] {classes + 1, 16});
    for (int block = 0; block < 2; block++) {
      String name = "blocks." + block + ".";
      withBias(shapes, name + "attn.qkv", 48, 16);
      withBias(shapes, name + "attn.proj", 16, 16);
      withBias(shapes, name + "mlp.fc1", 64, 16);
      withBias(shapes, name + "mlp.fc2", 16, 64);
      withBias(shapes, name + "adaLN_modulation.1", 96, 16);
    }
    withBias(shapes, "final_layer.linear", 2 * 2 * 8, 16);
    withBias(shapes, "final_layer.adaLN_modulation.1", 32, 16);
    return shapes;
  }

  /**
   * {@code UNet2DConditionModel(sample_size=8, in_channels=4, out_channels=4,
   * block_out_channels=(16, 32), down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
   * up_block_types=( "CrossAttnUpBlock2D", "UpBlock2D"), layers_per_block=1, attention_head_dim=2,
   * cross_attention_dim=24, norm_num_groups=4)}.
   */
  private static Map<String, long[]> unet() {
    Map<String, long[]> shapes = new LinkedHashMap<>();
    withBias(shapes, "conv_in", 16, 4, 3, 3);
    withBias(shapes, "time_embedding.linear_1", 64, 16);
    withBias(shapes, "time_embedding.linear_2", 64, 64);
    residual(shapes, "down_blocks.0.resnets.0.", 16, 16);
    withBias(shapes, "down_blocks.0.downsamplers.0.conv", 16, 16, 3, 3);
    residual(shapes, "down_blocks.1.resnets.0.", 16, 32);
    attention(shapes, "down_blocks.1.attentions.0.", 32, 24);
    residual(shapes, "mid_block.resnets.0.", 32, 32);
    residual(shapes, "mid_block.resnets.1.", 32, 32);
    attention(shapes, "mid_block.attentions.0.", 32, 24);
    residual(shapes, "up_blocks.0.resnets.0.", 32 + 32, 32);
    residual(shapes, "up_blocks.0.resnets.1.", 32 + 16, 32);
    attention(shapes, "up_blocks.0.attentions.0.", 32, 24);
    attention(shapes, "up_blocks.0.attentions.1.", 32, 24);
    withBias(shapes, "up_blocks.0.upsamplers.0.conv", 32, 32, 3, 3);
    residual(shapes, "up_blocks.1.resnets.0.", 32 + 16, 16);
    residual(shapes, "up_blocks.1.resnets.1.", 16 + 16, 16);
    withBias(shapes, "conv_norm_out", 16);
    withBias(shapes, "conv_out", 4, 16, 3, 3);
    return shapes;
  }

  private static void residual(Map<String, long[]> shapes, String name, int in, int out) {
    withBias(shapes, name + "norm1", in);
    withBias(shapes, name + "conv1", out, in, 3, 3);
    withBias(shapes, name + "time_emb_proj", out, 64);
    withBias(shapes, name + "norm2", out);
    withBias(shapes, name + "conv2", out, out, 3, 3);
    if (in != out) {
      withBias(shapes, name + "conv_shortcut", out, in, 1, 1);
    }
  }

  private static void attention(Map<String, long[]> shapes, String name, int width, int context) {
    withBias(shapes, name + "norm", width);
    withBias(shapes, name + "proj_in", width, width, 1, 1);
    withBias(shapes, name + "proj_out", width, width, 1, 1);
    String block = name + "transformer_blocks.0.";
    for (int i = 1; i <= 3; i++) {
      withBias(shapes, block + "norm" + i, width);
    }
    for (int i = 1; i <= 2; i++) {
      int read = i == 1 ? width : context;
      shapes.put(block + "attn" + i + ".to_q.weight", new long[] {width, width});
      shapes.put(block + "attn" + i + ".to_k.weight", new long[] {width, read});
      shapes.put(block + "attn" + i + ".to_v.weight", new long[] {width, read});
      withBias(shapes, block + "attn" + i + ".to_out.0", width, width);
    }
    withBias(shapes, block + "ff.net.0.proj", 8 * width, width);
    withBias(shapes, block + "ff.net.2", width, 4 * width);
  }

  private static void withBias(Map<String, long[]> shapes, String name, long... weight) {
    shapes.put(name + ".weight", weight);
    shapes.put(name + ".bias", new long[] {weight[0]});
  }

  /** Eighths, which every type has exactly. */
  private static float[] values(String name, long... shape) {
    float[] values = RandomData.of(name).uniform(Shape.of(shape).elements(), -16, 16);
    for (int i = 0; i < values.length; i++) {
      values[i] = Math.round(values[i]) / 8f;
    }
    return values;
  }

  private Path file(Map<String, long[]> shapes, StoredType type) throws Exception {
    SafetensorsBytes file = new SafetensorsBytes(Map.of("format", "pt"));
    shapes.forEach((name, shape) -> file.add(name, type, values(name, shape), shape));
    return file.write(directory.resolve("model.safetensors"));
  }

  private static DenoisingNetwork dit(Session session) {
    return DiffusionTransformer.create(session, DIT, Precision.FP32, 1);
  }

  private static Map<String, float[]> weights(DenoisingNetwork network) {
    Map<String, float[]> weights = new HashMap<>();
    Map<String, Tensor> places = network.parameters().placesIn(network.parameters().values());
    places.forEach((name, place) -> weights.put(name, place.toFloats()));
    return weights;
  }

  @ParameterizedTest
  @EnumSource(
      value = StoredType.class,
      names = {"F16", "BF16", "F32"})
  void aDitIsReadByItsPublishedNamesButForItsPositions(StoredType type) throws Exception {
    Map<String, long[]> shapes = dit(10);
    Path file = file(shapes, type);
    try (Session session = Session.open(Backend.named("cpu"));
        DenoisingNetwork network = dit(session)) {
      float[] positions = weights(network).get("pos_embed");
      WeightFile.Report report = PretrainedWeights.read(file, network, false);
      assertThat(report.kept()).isEmpty();
      assertThat(report.unused()).isEmpty();
      Map<String, float[]> read = weights(network);
      assertThat(read.keySet()).isEqualTo(shapes.keySet());
      read.forEach(
          (name, values) ->
              assertThat(values)
                  .as(name)
                  .isEqualTo(
                      name.equals("pos_embed") ? positions : values(name, shapes.get(name))));
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = StoredType.class,
      names = {"F16", "BF16", "F32"})
  void aUNetIsReadByDiffusersNames(StoredType type) throws Exception {
    Map<String, long[]> shapes = unet();
    Path file = file(shapes, type);
    try (Session session = Session.open(Backend.named("cpu"));
        DenoisingNetwork network = UNet.create(session, UNET, Precision.FP32, 1)) {
      WeightFile.Report report = PretrainedWeights.read(file, network, false);
      assertThat(report.kept()).isEmpty();
      assertThat(report.unused()).isEmpty();
      Map<String, float[]> read = weights(network);
      assertThat(read.keySet()).isEqualTo(shapes.keySet());
      read.forEach(
          (name, values) -> assertThat(values).as(name).isEqualTo(values(name, shapes.get(name))));
    }
  }

  @Test
  void positionsOfAnotherSideDoNotMatterAndTensorsOfOthersAreReported() throws Exception {
    Map<String, long[]> shapes = dit(10);
    shapes.put("pos_embed", new long[] {1, 64, 16});
    shapes.put("ema.step", new long[] {1});
    Path file = file(shapes, StoredType.F32);
    try (Session session = Session.open(Backend.named("cpu"));
        DenoisingNetwork network = dit(session)) {
      assertThat(PretrainedWeights.read(file, network, false).unused())
          .isEqualTo(Map.of("ema.step", Shape.of(1)));
    }
  }

  @Test
  void anotherNumberOfClassesBeginsAfreshOnlyWhereThatIsSaid() throws Exception {
    Path file = file(dit(1000), StoredType.F16);
    String table = DiffusionTransformer.CLASS_TABLE;
    try (Session session = Session.open(Backend.named("cpu"));
        DenoisingNetwork network = dit(session)) {
      float[] fresh = weights(network).get(table);
      assertThatThrownBy(() -> PretrainedWeights.read(file, network, false))
          .isInstanceOf(InputException.class)
          .hasMessageContaining("tensor '" + table + "': 1001 rows; expected 11, one for each")
          .hasMessageContaining("model.fresh_classes=true");
      WeightFile.Report report = PretrainedWeights.read(file, network, true);
      assertThat(report.kept()).containsExactly(table);
      assertThat(report.unused()).containsEntry(table, Shape.of(1001, 16));
      assertThat(weights(network).get(table)).isEqualTo(fresh);
      assertThat(weights(network).get("blocks.1.attn.qkv.weight"))
          .isEqualTo(values("blocks.1.attn.qkv.weight", 48, 16));
    }
  }

  /** A table of as many rows is kept fresh, too, if that is asked for. */
  @Test
  void asManyClassesAreReadUnlessTheyAreOthers() throws Exception {
    Path file = file(dit(10), StoredType.F32);
    String table = DiffusionTransformer.CLASS_TABLE;
    try (Session session = Session.open(Backend.named("cpu"));
        DenoisingNetwork network = dit(session)) {
      PretrainedWeights.read(file, network, true);
      float[] fresh = weights(network).get(table);
      PretrainedWeights.read(file, network, false);
      assertThat(weights(network).get(table)).isEqualTo(values(table, 11, 16));
      assertThat(Arrays.equals(fresh, values(table, 11, 16))).isFalse();
    }
  }

  @Test
  void whatIsMissingOrMisshapenIsListed() throws Exception {
    Map<String, long[]> shapes = dit(10);
    shapes.remove("blocks.1.mlp.fc2.bias");
    shapes.put("x_embedder.proj.weight", new long[] {16, 3, 2, 2});
    shapes.put("final_layer.linear.weight", new long[] {16, 16});
    Path file = file(shapes, StoredType.BF16);
    try (Session session = Session.open(Backend.named("cpu"));
        DenoisingNetwork network = dit(session)) {
      Map<String, float[]> before = weights(network);
      assertThatThrownBy(() -> PretrainedWeights.read(file, network, false))
          .isInstanceOf(InputException.class)
          .hasMessageContaining("x_embedder.proj.weight is (16, 3, 2, 2), expected (16, 4, 2, 2)")
          .hasMessageContaining("blocks.1.mlp.fc2.bias is missing")
          .hasMessageContaining("final_layer.linear.weight is (16, 16), expected (32, 16)");
      weights(network)
          .forEach((name, values) -> assertThat(values).as(name).isEqualTo(before.get(name)));
    }
  }
}
