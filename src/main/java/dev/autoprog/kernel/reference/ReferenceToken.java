package dev.autoprog.kernel.reference;

import dev.autoprog.kernel.PositionShape;
import dev.autoprog.kernel.TokenKernels;
import dev.autoprog.kernel.TokenShape;
import dev.autoprog.tensor.Tensor;

/** Tokens: class token, positions and their bicubic resize. */
interface ReferenceToken extends TokenKernels {
  @Override
  default void assembleTokens(
      TokenShape shape, Tensor patches, Tensor classToken, Tensor positions, Tensor out) {
    int batch = (int) shape.batch();
    int sample = (int) (shape.tokens() * shape.width());
    int width = (int) shape.width();
    double[] embedded = Values.read(patches);
    double[] token = Values.read(classToken);
    double[] position = Values.read(positions);
    double[] assembled = new double[batch * sample];
    for (int b = 0; b < batch; b++) {
      for (int i = 0; i < sample; i++) {
        double value = i < width ? token[i] : embedded[b * (sample - width) + i - width];
        assembled[b * sample + i] = value + position[i];
      }
    }
    Values.write(assembled, out);
  }

  @Override
  default void assembleTokensBackward(TokenShape shape, Tensor dy, Tensor dPatches) {
    int sample = (int) (shape.tokens() * shape.width());
    int width = (int) shape.width();
    double[] gradient = Values.read(dy);
    double[] patches = new double[(int) shape.batch() * (sample - width)];
    for (int b = 0; b < shape.batch(); b++) {
      System.arraycopy(gradient, b * sample + width, patches, b * (sample - width), sample - width);
    }
    Values.write(patches, dPatches);
  }

  @Override
  default void selectClassToken(TokenShape shape, Tensor x, Tensor y) {
    int sample = (int) (shape.tokens() * shape.width());
    int width = (int) shape.width();
    double[] tokens = Values.read(x);
    double[] selected = new double[(int) shape.batch() * width];
    for (int b = 0; b < shape.batch(); b++) {
      System.arraycopy(tokens, b * sample, selected, b * width, width);
    }
    Values.write(selected, y);
  }

  @Override
  default void selectClassTokenBackward(TokenShape shape, Tensor dy, Tensor dx) {
    int sample = (int) (shape.tokens() * shape.width());
    int width = (int) shape.width();
    double[] gradient = Values.read(dy);
    double[] tokens = new double[(int) shape.batch() * sample];
    for (int b = 0; b < shape.batch(); b++) {
      System.arraycopy(gradient, b * width, tokens, b * sample, width);
    }
    Values.write(tokens, dx);
  }

  @Override
  default void resizePositions(PositionShape shape, Tensor positions, Tensor out) {
    int from = (int) shape.from();
    int to = (int) shape.to();
    int width = (int) shape.width();
    double[] stored = Values.read(positions);
    if (from == to) {
      Values.write(stored, out);
      return;
    }
    double[] resized = new double[(1 + to * to) * width];
    System.arraycopy(stored, 0, resized, 0, width);
    double[][] weights = Bicubic.weights(from, to);
    for (int ty = 0; ty < to; ty++) {
      for (int tx = 0; tx < to; tx++) {
        int target = (1 + ty * to + tx) * width;
        for (int fy = 0; fy < from; fy++) {
          for (int fx = 0; fx < from; fx++) {
            double weight = weights[ty][fy] * weights[tx][fx];
            if (weight != 0) {
              int source = (1 + fy * from + fx) * width;
              for (int c = 0; c < width; c++) {
                resized[target + c] += weight * stored[source + c];
              }
            }
          }
        }
      }
    }
    Values.write(resized, out);
  }

  @Override
  default void resizePositionsBackward(PositionShape shape, Tensor dy, Tensor dPositions) {
    int from = (int) shape.from();
    int to = (int) shape.to();
    int width = (int) shape.width();
    double[] gradient = Values.read(dy);
    double[] stored = new double[(1 + from * from) * width];
    System.arraycopy(gradient, 0, stored, 0, width);
    double[][] weights = Bicubic.weights(from, to);
    for (int fy = 0; fy < from; fy++) {
      for (int fx = 0; fx < from; fx++) {
        int source = (1 + fy * from + fx) * width;
        for (int ty = 0; ty < to; ty++) {
          for (int tx = 0; tx < to; tx++) {
            double weight = weights[ty][fy] * weights[tx][fx];
            if (weight != 0) {
              int target = (1 + ty * to + tx) * width;
              for (int c = 0; c < width; c++) {
                stored[source + c] += weight * gradient[target + c];
              }
            }
          }
        }
      }
    }
    Values.add(stored, dPositions);
  }
}
