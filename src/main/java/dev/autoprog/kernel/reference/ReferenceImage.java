package dev.autoprog.kernel.reference;

import dev.autoprog.kernel.ImageKernels;
import dev.autoprog.kernel.ImageShape;
import dev.autoprog.kernel.PatchShape;
import dev.autoprog.tensor.Tensor;

/** From stored bytes to patches. */
interface ReferenceImage extends ImageKernels {
  @Override
  default void imageTransform(
      ImageShape shape, Tensor pixels, Tensor windows, Tensor mean, Tensor std, Tensor out) {
    int channels = (int) shape.channels();
    int height = (int) shape.height();
    int width = (int) shape.width();
    int side = (int) shape.side();
    double[] stored = Values.read(pixels);
    double[] window = Values.read(windows);
    double[] means = Values.read(mean);
    double[] stds = Values.read(std);
    double[] images = new double[(int) shape.batch() * channels * side * side];
    for (int b = 0; b < shape.batch(); b++) {
      double top = window[b * 5];
      double left = window[b * 5 + 1];
      double windowHeight = window[b * 5 + 2];
      double windowWidth = window[b * 5 + 3];
      boolean flip = window[b * 5 + 4] == 1;
      for (int c = 0; c < channels; c++) {
        int plane = b * channels + c;
        for (int i = 0; i < side; i++) {
          for (int j = 0; j < side; j++) {
            double y = top + (i + 0.5) * windowHeight / side - 0.5;
            double x = left + ((flip ? side - 1 - j : j) + 0.5) * windowWidth / side - 0.5;
            double sample = bilinear(stored, plane * height * width, height, width, y, x);
            images[(plane * side + i) * side + j] = (sample / 255 - means[c]) / stds[c];
          }
        }
      }
    }
    Values.write(images, out);
  }

  private static double bilinear(
      double[] pixels, int plane, int height, int width, double y, double x) {
    double clampedY = Math.min(Math.max(y, 0), height - 1);
    double clampedX = Math.min(Math.max(x, 0), width - 1);
    int y0 = (int) clampedY;
    int x0 = (int) clampedX;
    int y1 = Math.min(y0 + 1, height - 1);
    int x1 = Math.min(x0 + 1, width - 1);
    double fy = clampedY - y0;
    double fx = clampedX - x0;
    return (1 - fy) * (1 - fx) * pixels[plane + y0 * width + x0]
        + (1 - fy) * fx * pixels[plane + y0 * width + x1]
        + fy * (1 - fx) * pixels[plane + y1 * width + x0]
        + fy * fx * pixels[plane + y1 * width + x1];
  }

  @Override
  default void imageErase(ImageShape shape, Tensor rectangles, Tensor images) {
    int channels = (int) shape.channels();
    int side = (int) shape.side();
    double[] rectangle = Values.read(rectangles);
    double[] values = Values.read(images);
    for (int b = 0; b < shape.batch(); b++) {
      double top = rectangle[b * 4];
      double left = rectangle[b * 4 + 1];
      double bottom = top + rectangle[b * 4 + 2];
      double right = left + rectangle[b * 4 + 3];
      for (int c = 0; c < channels; c++) {
        for (int i = 0; i < side; i++) {
          for (int j = 0; j < side; j++) {
            if (top <= i && i < bottom && left <= j && j < right) {
              values[((b * channels + c) * side + i) * side + j] = 0;
            }
          }
        }
      }
    }
    Values.write(values, images);
  }

  @Override
  default void imageMix(ImageShape shape, Tensor boxes, Tensor lambda, Tensor images) {
    int batch = (int) shape.batch();
    int side = (int) shape.side();
    int size = (int) shape.channels() * side * side;
    double[] box = Values.read(boxes);
    double[] share = Values.read(lambda);
    double[] before = Values.read(images);
    double[] mixed = before.clone();
    for (int at = 0; at < mixed.length; at++) {
      int b = at / size;
      int y = at / side % side;
      int x = at % side;
      int partner = batch - 1 - b;
      boolean inside =
          box[b * 4] <= y
              && y < box[b * 4] + box[b * 4 + 2]
              && box[b * 4 + 1] <= x
              && x < box[b * 4 + 1] + box[b * 4 + 3];
      if (inside && partner != b) {
        mixed[at] = mix(share[b], before[at], before[partner * size + at % size]);
      }
    }
    Values.write(mixed, images);
  }

  /** A weight of 0 leaves nothing of a value, not even of NaN. */
  private static double mix(double lambda, double own, double other) {
    return lambda == 1 ? own : lambda == 0 ? other : lambda * own + (1 - lambda) * other;
  }

  @Override
  default void patchify(PatchShape shape, Tensor images, Tensor patches) {
    int channels = (int) shape.channels();
    int side = (int) shape.side();
    int patch = (int) shape.patch();
    int grid = (int) shape.grid();
    double[] in = Values.read(images);
    double[] out = new double[in.length];
    for (int at = 0; at < in.length; at++) {
      int x = at % side;
      int y = at / side % side;
      int c = at / (side * side) % channels;
      int b = at / (side * side * channels);
      int cell = (b * grid + y / patch) * grid + x / patch;
      out[((cell * channels + c) * patch + y % patch) * patch + x % patch] = in[at];
    }
    Values.write(out, patches);
  }

  @Override
  default void unpatchify(PatchShape shape, Tensor tokens, Tensor images) {
    double[] in = Values.read(tokens);
    double[] out = new double[in.length];
    for (int at = 0; at < in.length; at++) {
      out[at] = in[placeInTokens(shape, at)];
    }
    Values.write(out, images);
  }

  @Override
  default void unpatchifyBackward(PatchShape shape, Tensor dImages, Tensor dTokens) {
    double[] in = Values.read(dImages);
    double[] out = new double[in.length];
    for (int at = 0; at < in.length; at++) {
      out[placeInTokens(shape, at)] = in[at];
    }
    Values.write(out, dTokens);
  }

  private static int placeInTokens(PatchShape shape, int at) {
    int channels = (int) shape.channels();
    int side = (int) shape.side();
    int patch = (int) shape.patch();
    int grid = (int) shape.grid();
    int x = at % side;
    int y = at / side % side;
    int c = at / (side * side) % channels;
    int b = at / (side * side * channels);
    int cell = (b * grid + y / patch) * grid + x / patch;
    return ((cell * patch + y % patch) * patch + x % patch) * channels + c;
  }
}
