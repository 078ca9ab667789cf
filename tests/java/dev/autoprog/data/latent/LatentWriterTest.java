package dev.autoprog.data.latent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.autoprog.InputException;
import dev.autoprog.data.DataSplit;
import dev.autoprog.data.ImageBytes;
import dev.autoprog.data.LabelledData;
import dev.autoprog.train.TinyImages;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LatentWriterTest {
  private static final DataSplit IMAGES = TinyImages.split(70, 9);

  @TempDir Path directory;

  private static LatentWriter writer(LatentEncoder encoder) {
    return new LatentWriter(encoder, List.of(6, 3)).shardsOf(32).mirrored(true);
  }

  private static float[] read(LabelledData latents, int index, boolean mirrored)
      throws InputException {
    ByteBuffer bytes = ByteBuffer.allocate(latents.imageBytes());
    latents.read(index, mirrored, bytes);
    assertThat(bytes.hasRemaining()).isFalse();
    float[] values = new float[latents.imageBytes() / Float.BYTES];
    bytes.flip().order(ByteOrder.nativeOrder()).asFloatBuffer().get(values);
    return values;
  }

  private static float[] scaled(ImageBytes images) {
    float[] latents = new BlockCodec().encode(images);
    for (int i = 0; i < latents.length; i++) {
      latents[i] *= BlockCodec.SCALE;
    }
    return latents;
  }

  private Map<String, byte[]> files() throws Exception {
    Map<String, byte[]> files = new TreeMap<>();
    try (Stream<Path> all = Files.walk(directory)) {
      for (Path file : all.filter(Files::isRegularFile).toList()) {
        files.put(directory.relativize(file).toString(), Files.readAllBytes(file));
      }
    }
    return files;
  }

  @Test
  void whatIsReadIsWhatTheEncoderMadeOfTheResizedImagesScaled() throws Exception {
    assertThat(writer(new BlockCodec()).write(IMAGES, directory)).isEqualTo(2 * (3 + 1));
    assertThat(files().keySet())
        .contains("train/6/00002-of-00003.safetensors", "test/3/00000-of-00001.safetensors");
    LatentSplit split = LatentSplit.open(directory);
    assertThat(split.sides()).containsExactly(3, 6);
    assertThat(split.space())
        .isEqualTo(new LatentSpace(BlockCodec.SCALE, "blocks", IMAGES.train().classNames()));
    assertThat(split.hasMirrored()).isTrue();
    assertThat(split.testSize()).isEqualTo(9);
    for (int side : split.sides()) {
      LatentDataset train = split.train(side);
      assertThat(train.size()).isEqualTo(70);
      assertThat(train.channels()).isEqualTo(4);
      assertThat(train.height()).isEqualTo(side);
      for (int i : new int[] {0, 31, 32, 63, 64, 69}) {
        ImageBytes image = ImageBytes.of(IMAGES.train(), i).resized(2 * side);
        assertThat(read(train, i, false)).as("%d of side %d", i, side).isEqualTo(scaled(image));
        assertThat(read(train, i, true)).isEqualTo(scaled(image.mirrored()));
        assertThat(train.label(i)).isEqualTo(IMAGES.train().label(i));
      }
      assertThat(read(split.test(side), 8, false))
          .isEqualTo(scaled(ImageBytes.of(IMAGES.test(), 8).resized(2 * side)));
    }
    split.verify();
  }

  /** Languages that have digits of their own. */
  @ParameterizedTest
  @ValueSource(strings = {"ar-EG", "fa", "mr"})
  void filesAreNamedAlikeInEveryLanguage(String language) throws Exception {
    Locale before = Locale.getDefault();
    Locale.setDefault(Locale.forLanguageTag(language));
    try {
      writer(new BlockCodec()).write(IMAGES, directory);
      assertThat(files().keySet())
          .hasSize(2 * (3 + 1))
          .allMatch(name -> name.matches("(train|test)/[36]/0000[0-2]-of-0000[13].safetensors"));
      assertThat(LatentSplit.open(directory).sides()).containsExactly(3, 6);
    } finally {
      Locale.setDefault(before);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {70, 71, Integer.MAX_VALUE - 1, Integer.MAX_VALUE})
  void aShardThatIsLargerThanThePartHoldsAllOfIt(int shard) throws Exception {
    LatentWriter writer = writer(new BlockCodec()).shardsOf(shard);
    assertThat(writer.write(IMAGES, directory)).isEqualTo(2 * (1 + 1));
    LatentSplit split = LatentSplit.open(directory);
    assertThat(split.train(3).size()).isEqualTo(70);
    assertThat(split.testSize()).isEqualTo(9);
  }

  @Test
  void aWriterThatFailedGoesOnWhereItWas() throws Exception {
    Path whole = directory;
    AtomicInteger calls = new AtomicInteger();
    LatentEncoder failing =
        new BlockCodec() {
          @Override
          public float[] encode(ImageBytes images) {
            if (calls.incrementAndGet() == 5) {
              throw new IllegalStateException("the encoder broke");
            }
            return super.encode(images);
          }
        };
    assertThatThrownBy(() -> writer(failing).write(IMAGES, whole))
        .hasMessageContaining("the encoder broke");
    Map<String, byte[]> before = files();
    assertThat(before.keySet())
        .containsExactly(
            "train/3/00000-of-00003.safetensors", "train/3/00001-of-00003.safetensors");
    assertThatThrownBy(() -> LatentSplit.open(whole)).isInstanceOf(InputException.class);
    assertThat(writer(new BlockCodec()).write(IMAGES, whole)).isEqualTo(8 - 2);
    before.forEach((name, bytes) -> assertThat(whole.resolve(name)).hasBinaryContent(bytes));
    assertThat(writer(new BlockCodec()).write(IMAGES, whole)).isZero();
    LatentSplit.open(whole).verify();
  }

  @Test
  void aDamagedFileIsNoticedAndWrittenAgainAndOthersLeftAlone() throws Exception {
    writer(new BlockCodec()).write(IMAGES, directory);
    Map<String, byte[]> before = files();
    Path damaged = directory.resolve("train/6/00001-of-00003.safetensors");
    byte[] bytes = Files.readAllBytes(damaged);
    bytes[bytes.length - 1000] ^= 4;
    Files.write(damaged, bytes);
    Path other = directory.resolve("train/6/00000-of-00003.safetensors");
    Files.setLastModifiedTime(other, FileTime.fromMillis(1000));
    assertThatThrownBy(() -> LatentSplit.open(directory).verify())
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith(damaged + ": its content has another checksum");
    assertThat(writer(new BlockCodec()).write(IMAGES, directory)).isEqualTo(1);
    before.forEach((name, was) -> assertThat(directory.resolve(name)).hasBinaryContent(was));
    assertThat(Files.getLastModifiedTime(other).toMillis()).isEqualTo(1000);
  }

  @Test
  void latentsOfOtherSettingsAreNotMixed() throws Exception {
    writer(new BlockCodec()).write(IMAGES, directory);
    LatentEncoder another =
        new BlockCodec() {
          @Override
          public String name() {
            return "another";
          }
        };
    String other = "latents of other images, or of other settings";
    assertThatThrownBy(() -> writer(another).write(IMAGES, directory)).hasMessageContaining(other);
    assertThatThrownBy(() -> writer(new BlockCodec()).mirrored(false).write(IMAGES, directory))
        .hasMessageContaining(other);
    DataSplit images = new DataSplit("tiny", new TinyImages(70, 5), new TinyImages(9, 6));
    assertThatThrownBy(() -> writer(new BlockCodec()).write(images, directory))
        .hasMessageContaining(other);
    assertThatThrownBy(() -> writer(new BlockCodec()).shardsOf(64).write(IMAGES, directory))
        .hasMessageContaining("files of 3; expected 2, as these images make");
  }

  @Test
  void anEncoderThatGivesWhatItShouldNotIsNamed() {
    LatentEncoder tooFew =
        new BlockCodec() {
          @Override
          public int channels() {
            return 4;
          }

          @Override
          public int factor() {
            return 1;
          }
        };
    assertThatThrownBy(() -> writer(tooFew).write(IMAGES, directory))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("encoder blocks: 128 numbers for 32 images of 3 px")
        .hasMessageContaining("(32, 4, 3, 3)");
    LatentEncoder broken =
        new BlockCodec() {
          @Override
          public float[] encode(ImageBytes images) {
            float[] latents = super.encode(images);
            latents[7] = Float.POSITIVE_INFINITY;
            return latents;
          }
        };
    assertThatThrownBy(() -> writer(broken).write(IMAGES, directory))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("it made Infinity of an image; expected finite numbers");
    assertThatThrownBy(() -> new LatentWriter(new BlockCodec(), List.of(0)))
        .hasMessageContaining("at least one, from 1 on");
  }
}
