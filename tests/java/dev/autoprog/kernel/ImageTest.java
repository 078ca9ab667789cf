package dev.autoprog.kernel;

import static dev.autoprog.testing.KernelCheck.ROUNDING;
import static dev.autoprog.testing.KernelCheck.referenceGives;
import static org.assertj.core.api.Assertions.assertThat;

import dev.autoprog.testing.Candidate;
import dev.autoprog.testing.KernelCall;
import dev.autoprog.testing.KernelCheck;
import dev.autoprog.testing.Libtorch;
import dev.autoprog.testing.RandomData;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class ImageTest {
  private static final double BOUND = 1e-5;
  private static final double EXACT = 0;

  static List<ImageShape> imageShapes() {
    return List.of(
        new ImageShape(1, 3, 1, 1, 2),
        new ImageShape(2, 3, 5, 7, 4),
        new ImageShape(3, 1, 28, 28, 33),
        new ImageShape(2, 3, 63, 65, 32),
        new ImageShape(5, 3, 2, 3, 9));
  }

  static List<PatchShape> patchShapes() {
    return List.of(
        new PatchShape(1, 1, 1, 1),
        new PatchShape(2, 3, 6, 3),
        new PatchShape(3, 1, 28, 7),
        new PatchShape(2, 3, 65, 13),
        new PatchShape(2, 3, 32, 32));
  }

  static Stream<Arguments> imageCandidates() {
    return Candidate.times(imageShapes());
  }

  static Stream<Arguments> patchCandidates() {
    return Candidate.times(patchShapes());
  }

  @ParameterizedTest
  @MethodSource("imageShapes")
  void theWholeImageIsLibtorchsBilinearResize(ImageShape s) {
    KernelCall call = ImageKernelCalls.imageTransform(RandomData.of("resize libtorch", s), s);
    float[] windows = new float[(int) s.batch() * 5];
    for (int b = 0; b < s.batch(); b++) {
      windows[b * 5 + 2] = s.height();
      windows[b * 5 + 3] = s.width();
    }
    KernelCall whole = call.with("windows", windows);
    float[] mirroredWindows = windows.clone();
    for (int b = 0; b < s.batch(); b++) {
      mirroredWindows[b * 5 + 4] = 1;
    }
    Libtorch.scoped(
        () -> {
          Tensor resized =
              torch.upsample_bilinear2d(pixels(call, s), new long[] {s.side(), s.side()}, false);
          referenceGives(whole, "out", normalised(resized, call, s), ROUNDING);
          referenceGives(
              call.with("windows", mirroredWindows),
              "out",
              normalised(resized.flip(3), call, s),
              ROUNDING);
        });
  }

  @ParameterizedTest
  @MethodSource("imageShapes")
  void aWindowIsLibtorchsGridSampling(ImageShape s) {
    KernelCall call = ImageKernelCalls.imageTransform(RandomData.of("window libtorch", s), s);
    float[] windows = call.floats("windows");
    int side = (int) s.side();
    double[] grid = new double[(int) s.batch() * side * side * 2];
    for (int b = 0; b < s.batch(); b++) {
      for (int i = 0; i < side; i++) {
        for (int j = 0; j < side; j++) {
          int at = ((b * side + i) * side + j) * 2;
          int column = windows[b * 5 + 4] == 1 ? side - 1 - j : j;
          double x = windows[b * 5 + 1] + (column + 0.5) * windows[b * 5 + 3] / side;
          double y = windows[b * 5] + (i + 0.5) * windows[b * 5 + 2] / side;
          grid[at] = 2 * x / s.width() - 1;
          grid[at + 1] = 2 * y / s.height() - 1;
        }
      }
    }
    int bilinear = 0;
    int clampToBorder = 1;
    Libtorch.scoped(
        () -> {
          var where = Tensor.create(grid, s.batch(), side, side, 2);
          var sampled =
              torch.grid_sampler_2d(pixels(call, s), where, bilinear, clampToBorder, false);
          referenceGives(call, "out", normalised(sampled, call, s), ROUNDING);
        });
  }

  @ParameterizedTest
  @MethodSource("imageShapes")
  void eraseAgreesWithLibtorch(ImageShape s) {
    KernelCall call = ImageKernelCalls.imageErase(RandomData.of("erase libtorch", s), s);
    int[] rectangles = call.integers("rectangles");
    int side = (int) s.side();
    Libtorch.scoped(
        () -> {
          var images =
              Libtorch.constant(call.floats("images"), s.batch(), s.channels(), side, side);
          for (int b = 0; b < s.batch(); b++) {
            int top = Math.max(rectangles[b * 4], 0);
            int left = Math.max(rectangles[b * 4 + 1], 0);
            int bottom = Math.min(rectangles[b * 4] + rectangles[b * 4 + 2], side);
            int right = Math.min(rectangles[b * 4 + 1] + rectangles[b * 4 + 3], side);
            if (bottom > top && right > left) {
              var image = images.select(0, b);
              image.narrow(1, top, bottom - top).narrow(2, left, right - left).zero_();
            }
          }
          referenceGives(call, "images", Libtorch.values(images), EXACT);
        });
  }

  /** timm's mixup, and its cutmix with a box per image. */
  @ParameterizedTest
  @MethodSource("imageShapes")
  void mixAgreesWithLibtorch(ImageShape s) {
    RandomData data = RandomData.of("mix libtorch", s);
    KernelCall call = ImageKernelCalls.imageMix(data, s);
    int batch = (int) s.batch();
    int side = (int) s.side();
    int[] whole = new int[batch * 4];
    int[] inside = new int[batch * 4];
    for (int b = 0; b < batch; b++) {
      whole[b * 4 + 2] = side;
      whole[b * 4 + 3] = side;
      inside[b * 4] = data.below(side);
      inside[b * 4 + 1] = data.below(side);
      inside[b * 4 + 2] = 1 + data.below(side - inside[b * 4]);
      inside[b * 4 + 3] = 1 + data.below(side - inside[b * 4 + 1]);
    }
    long[] dims = {batch, s.channels(), side, side};
    Libtorch.scoped(
        () -> {
          Tensor images = Libtorch.constant(call.floats("images"), dims);
          Tensor lambda = Libtorch.constant(call.floats("lambda"), batch, 1, 1, 1);
          Tensor rest = lambda.neg().add(new Scalar(1.0));
          Tensor mixed = images.mul(lambda).add(images.flip(0).mul(rest));
          referenceGives(call.with("boxes", whole), "images", Libtorch.values(mixed), ROUNDING);
          Tensor cut = images.clone();
          for (int b = 0; b < batch; b++) {
            box(cut.select(0, b), inside, b).copy_(box(images.select(0, batch - 1 - b), inside, b));
          }
          referenceGives(
              call.with("boxes", inside).with("lambda", new float[batch]),
              "images",
              Libtorch.values(cut),
              EXACT);
        });
  }

  private static Tensor box(Tensor image, int[] boxes, int b) {
    return image
        .narrow(1, boxes[b * 4], boxes[b * 4 + 2])
        .narrow(2, boxes[b * 4 + 1], boxes[b * 4 + 3]);
  }

  @ParameterizedTest
  @MethodSource("imageCandidates")
  void mixingCopiesAndKeepsExactlyEvenBesideNoNumbers(Candidate candidate, ImageShape s) {
    RandomData data = RandomData.of("mix exactly", s);
    KernelCall call = ImageKernelCalls.imageMix(data, s);
    float[] lambda = call.floats("lambda");
    for (int b = 0; b < lambda.length; b++) {
      lambda[b] = data.below(2);
    }
    KernelCheck.check(NonFinite.in(call.with("lambda", lambda), "images", data), candidate, EXACT);
    lambda[data.below(lambda.length)] = Float.NaN;
    KernelCheck.check(call.with("lambda", lambda), candidate, EXACT);
  }

  /** The middle one of an odd number is its own partner. */
  @ParameterizedTest
  @MethodSource("imageCandidates")
  void theMiddleImageStaysAsItIs(Candidate candidate, ImageShape s) {
    if (s.batch() % 2 == 1) {
      KernelCall call = ImageKernelCalls.imageMix(RandomData.of("middle", s), s);
      float[] lambda = new float[(int) s.batch()];
      Arrays.fill(lambda, 0.3f);
      KernelCall mixed = call.with("lambda", lambda);
      float[] before = call.floats("images");
      float[] after = mixed.onReference().get("images");
      int size = before.length / lambda.length;
      int from = lambda.length / 2 * size;
      assertThat(Arrays.copyOfRange(after, from, from + size))
          .isEqualTo(Arrays.copyOfRange(before, from, from + size));
      KernelCheck.check(mixed, candidate, BOUND);
    }
  }

  @ParameterizedTest
  @MethodSource("patchShapes")
  void patchifyAgreesWithLibtorch(PatchShape s) {
    KernelCall call = ImageKernelCalls.patchify(RandomData.of("patchify libtorch", s), s);
    long[] patch = {s.patch(), s.patch()};
    Libtorch.scoped(
        () -> {
          var images =
              Libtorch.constant(call.floats("images"), s.batch(), s.channels(), s.side(), s.side());
          var columns = torch.im2col(images, patch, new long[] {1, 1}, new long[] {0, 0}, patch);
          referenceGives(call, "patches", Libtorch.values(columns.transpose(1, 2)), EXACT);
        });
  }

  /** As DiT's {@code unpatchify} and its gradient are written. */
  @ParameterizedTest
  @MethodSource("patchShapes")
  void unpatchifyAgreesWithLibtorch(PatchShape s) {
    KernelCall call = ImageKernelCalls.unpatchify(RandomData.of("unpatchify libtorch", s), s);
    KernelCall backward =
        ImageKernelCalls.unpatchifyBackward(RandomData.of("unpatchify backward", s), s);
    long[] apart = {s.batch(), s.grid(), s.grid(), s.patch(), s.patch(), s.channels()};
    Libtorch.scoped(
        () -> {
          var tokens = Libtorch.variable(call.floats("tokens"), apart);
          var images = tokens.permute(0, 5, 1, 3, 2, 4).contiguous();
          referenceGives(call, "images", Libtorch.values(images), EXACT);
          Libtorch.backward(images, backward.floats("dImages"));
          referenceGives(backward, "dTokens", Libtorch.values(tokens.grad()), EXACT);
        });
  }

  @ParameterizedTest
  @MethodSource("imageCandidates")
  void imagesAgreeWithTheReference(Candidate candidate, ImageShape s) {
    RandomData data = RandomData.of("images", s);
    KernelCheck.check(ImageKernelCalls.imageTransform(data, s), candidate, BOUND);
    KernelCheck.check(ImageKernelCalls.imageErase(data, s), candidate, EXACT);
    KernelCheck.check(ImageKernelCalls.imageMix(data, s), candidate, BOUND);
    KernelCheck.check(
        NonFinite.in(ImageKernelCalls.imageMix(data, s), "images", data), candidate, BOUND);
    KernelCheck.check(
        NonFinite.in(ImageKernelCalls.imageErase(data, s), "images", data), candidate, EXACT);
    KernelCheck.check(
        NonFinite.with(ImageKernelCalls.imageTransform(data, s), "mean", data, Float.NaN),
        candidate,
        BOUND);
  }

  @ParameterizedTest
  @MethodSource("patchCandidates")
  void patchesAgreeWithTheReference(Candidate candidate, PatchShape s) {
    KernelCall call = ImageKernelCalls.patchify(RandomData.of("patches", s), s);
    KernelCheck.check(call, candidate, EXACT);
    KernelCheck.check(
        NonFinite.in(call, "images", RandomData.of("patches non-finite", s)), candidate, EXACT);
    RandomData data = RandomData.of("unpatchify", s);
    KernelCheck.check(ImageKernelCalls.unpatchify(data, s), candidate, EXACT);
    KernelCheck.check(ImageKernelCalls.unpatchifyBackward(data, s), candidate, EXACT);
  }

  @ParameterizedTest
  @MethodSource("imageCandidates")
  void windowsFarOutsideReadTheBorder(Candidate candidate, ImageShape s) {
    KernelCall call = ImageKernelCalls.imageTransform(RandomData.of("far", s), s);
    for (float far : new float[] {-1e9f, 1e9f}) {
      float[] windows = call.floats("windows");
      for (int b = 0; b < s.batch(); b++) {
        windows[b * 5] = far;
        windows[b * 5 + 1] = far;
      }
      KernelCheck.check(call.with("windows", windows), candidate, BOUND);
    }
  }

  @ParameterizedTest
  @MethodSource("imageCandidates")
  void rectanglesFarOutsideChangeNothingMore(Candidate candidate, ImageShape s) {
    KernelCall erase = ImageKernelCalls.imageErase(RandomData.of("far rectangles", s), s);
    KernelCall mix = ImageKernelCalls.imageMix(RandomData.of("far boxes", s), s);
    int most = Integer.MAX_VALUE;
    for (int[] rectangle :
        new int[][] {
          {0, 0, most, most}, {most, most, most, most}, {-5, -5, most, 6}, {1, 1, -3, 4}
        }) {
      int[] rectangles = new int[(int) s.batch() * 4];
      for (int i = 0; i < rectangles.length; i++) {
        rectangles[i] = rectangle[i % 4];
      }
      KernelCheck.check(erase.with("rectangles", rectangles), candidate, EXACT);
      KernelCheck.check(mix.with("boxes", rectangles), candidate, BOUND);
    }
  }

  @Test
  void aWindowThatIsNoNumberGivesNoNumbers() {
    ImageShape s = new ImageShape(2, 3, 5, 7, 4);
    RandomData data = RandomData.of("NaN window");
    for (Candidate candidate : Candidate.all()) {
      KernelCall call = ImageKernelCalls.imageTransform(data, s);
      KernelCheck.check(NonFinite.with(call, "windows", data, Float.NaN), candidate, BOUND);
    }
  }

  private static Tensor pixels(KernelCall call, ImageShape s) {
    byte[] bytes = call.bytes("pixels");
    double[] values = new double[bytes.length];
    for (int i = 0; i < bytes.length; i++) {
      values[i] = Byte.toUnsignedInt(bytes[i]);
    }
    return Tensor.create(values, s.batch(), s.channels(), s.height(), s.width());
  }

  private static double[] normalised(Tensor pixels, KernelCall call, ImageShape s) {
    var mean = Libtorch.constant(call.floats("mean"), s.channels(), 1, 1);
    var std = Libtorch.constant(call.floats("std"), s.channels(), 1, 1);
    return Libtorch.values(pixels.div(new Scalar(255.0)).sub(mean).div(std));
  }
}
