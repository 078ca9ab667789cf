package dev.autoprog.kernel.reference;

import dev.autoprog.kernel.ConvolutionKernels;
import dev.autoprog.kernel.ConvolutionShape;
import dev.autoprog.tensor.Tensor;

/** Convolution by its definition: a product for each output, weight and pixel of the window. */
interface ReferenceConvolution extends ConvolutionKernels {
  @Override
  default void convolutionForward(
      ConvolutionShape shape, Tensor x, Tensor weight, Tensor bias, Tensor y) {
    double[] xs = Values.read(x);
    double[] w = Values.read(weight);
    double[] ys = new double[(int) y.elements()];
    if (bias != null) {
      double[] b = Values.read(bias);
      for (int i = 0; i < ys.length; i++) {
        ys[i] = b[i % b.length];
      }
    }
    eachProduct(shape, (in, out, at) -> ys[out] += xs[in] * w[at]);
    Values.write(ys, y);
  }

  @Override
  default void convolutionBackwardInput(
      ConvolutionShape shape, Tensor dy, Tensor weight, Tensor dx) {
    double[] dys = Values.read(dy);
    double[] w = Values.read(weight);
    double[] dxs = new double[(int) dx.elements()];
    eachProduct(shape, (in, out, at) -> dxs[in] += dys[out] * w[at]);
    Values.write(dxs, dx);
  }

  @Override
  default void convolutionBackwardWeight(
      ConvolutionShape shape, Tensor x, Tensor dy, Tensor dWeight, Tensor dBias) {
    double[] xs = Values.read(x);
    double[] dys = Values.read(dy);
    double[] dw = new double[(int) dWeight.elements()];
    eachProduct(shape, (in, out, at) -> dw[at] += xs[in] * dys[out]);
    Values.add(dw, dWeight);
    if (dBias != null) {
      double[] db = new double[(int) shape.out()];
      for (int i = 0; i < dys.length; i++) {
        db[i % db.length] += dys[i];
      }
      Values.add(db, dBias);
    }
  }

  @Override
  default void unfold(ConvolutionShape shape, Tensor x, Tensor patches) {
    int channels = (int) shape.in();
    int window = (int) (shape.kernel() * shape.kernel());
    double[] xs = Values.read(x);
    double[] unfolded = new double[(int) patches.elements()];
    eachTap(
        shape,
        (from, to, tap) -> {
          for (int c = 0; c < channels; c++) {
            unfolded[(to * channels + c) * window + tap] = xs[from * channels + c];
          }
        });
    Values.write(unfolded, patches);
  }

  /** What meets in a product: elements of the input, of the output and of the weight. */
  interface Product {
    /** Their indices. */
    void of(int input, int output, int weight);
  }

  /** A pixel of the input that a pixel of the output sees. */
  interface Tap {
    /**
     * Their indices, and where in the window it lies.
     *
     * @param from index of the input's pixel, counted over all samples
     * @param to index of the output's
     * @param tap place in the window, row by row
     */
    void of(int from, int to, int tap);
  }

  private static void eachProduct(ConvolutionShape shape, Product product) {
    int channels = (int) shape.in();
    int outputs = (int) shape.out();
    int window = (int) (shape.kernel() * shape.kernel());
    eachTap(
        shape,
        (from, to, tap) -> {
          for (int o = 0; o < outputs; o++) {
            for (int c = 0; c < channels; c++) {
              product.of(from * channels + c, to * outputs + o, (o * channels + c) * window + tap);
            }
          }
        });
  }

  private static void eachTap(ConvolutionShape shape, Tap body) {
    int height = (int) shape.height();
    int width = (int) shape.width();
    int kernel = (int) shape.kernel();
    int to = 0;
    for (int b = 0; b < shape.batch(); b++) {
      for (int i = 0; i < shape.outHeight(); i++) {
        for (int j = 0; j < shape.outWidth(); j++) {
          for (int tap = 0; tap < kernel * kernel; tap++) {
            int row = (int) (i * shape.stride() - shape.padding()) + tap / kernel;
            int column = (int) (j * shape.stride() - shape.padding()) + tap % kernel;
            if (row >= 0 && row < height && column >= 0 && column < width) {
              body.of((b * height + row) * width + column, to, tap);
            }
          }
          to++;
        }
      }
    }
  }
}
