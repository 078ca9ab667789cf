package dev.autoprog.cli.report;

import dev.autoprog.InputException;
import dev.autoprog.io.Disk;
import dev.autoprog.metric.NeuralTangentKernel;
import dev.autoprog.progressive.search.Candidate;
import java.awt.Color;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.BitmapEncoder.BitmapFormat;
import org.knowm.xchart.HeatMapChart;
import org.knowm.xchart.HeatMapChartBuilder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.internal.chartpart.Chart;
import org.knowm.xchart.style.Styler.LegendPosition;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** Neural tangent kernels as PNG: a heat map of each, and the spectra of all. */
public final class KernelPictures {
  private static final int SIDE = 560;
  private static final int LEGEND = 120;
  private static final Color[] SCALE = {
    new Color(0x0b1f3a), new Color(0x2f6fb0), new Color(0x8fc1d4), new Color(0xf6f1e7)
  };

  private KernelPictures() {}

  /**
   * Writes {@code ntk-RxL.png} for the first kernel of each candidate, and {@code ntk-spectra.png}.
   *
   * @throws InputException if the system refuses
   */
  public static void write(Path directory, Map<Candidate, List<NeuralTangentKernel>> kernels)
      throws InputException {
    Map<Candidate, NeuralTangentKernel> first = new TreeMap<>();
    kernels.forEach((candidate, measured) -> first.put(candidate, measured.get(0)));
    for (Map.Entry<Candidate, NeuralTangentKernel> entry : first.entrySet()) {
      Candidate c = entry.getKey();
      write(
          directory.resolve("ntk-" + c.resolution() + "x" + c.depth() + ".png"),
          heatMap(c + ": cosine of the samples' gradients", entry.getValue().theta()));
    }
    if (!first.isEmpty()) {
      write(directory.resolve("ntk-spectra.png"), spectra(first));
    }
  }

  /** Θ with a diagonal of ones: what is left when the gradients' lengths are taken out. */
  private static HeatMapChart heatMap(String title, double[][] theta) {
    int n = theta.length;
    HeatMapChart chart =
        new HeatMapChartBuilder()
            .width(SIDE + LEGEND)
            .height(SIDE)
            .title(title)
            .xAxisTitle("sample")
            .yAxisTitle("sample")
            .build();
    chart.getStyler().setRangeColors(SCALE);
    chart.getStyler().setChartBackgroundColor(Color.WHITE);
    List<Integer> samples = IntStream.rangeClosed(1, n).boxed().toList();
    List<Number[]> cells = new ArrayList<>();
    double least = 1;
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < n; j++) {
        double cosine = theta[i][j] / Math.sqrt(theta[i][i] * theta[j][j]);
        cells.add(new Number[] {i, j, cosine});
        least = Math.min(least, cosine);
      }
    }
    chart.getStyler().setMin(Math.floor(10 * least) / 10);
    chart.getStyler().setMax(1);
    chart.addSeries("cosine", samples, samples, cells);
    return chart;
  }

  private static XYChart spectra(Map<Candidate, NeuralTangentKernel> kernels) {
    XYChart chart =
        new XYChartBuilder()
            .width(SIDE)
            .height(SIDE)
            .title("Spectra of the neural tangent kernels")
            .xAxisTitle("eigenvalue, the largest first")
            .yAxisTitle("share of the largest")
            .build();
    chart.getStyler().setYAxisLogarithmic(true);
    chart.getStyler().setChartBackgroundColor(Color.WHITE);
    chart.getStyler().setLegendPosition(LegendPosition.InsideNE);
    kernels.forEach(
        (candidate, kernel) -> {
          List<Double> ascending = kernel.condition().eigenvalues();
          int n = ascending.size();
          double greatest = ascending.get(n - 1);
          List<Integer> x = new ArrayList<>();
          List<Double> y = new ArrayList<>();
          for (int i = 1; i <= n && ascending.get(n - i) > 0; i++) { // a logarithm's axis
            x.add(i);
            y.add(ascending.get(n - i) / greatest);
          }
          if (!x.isEmpty()) {
            chart.addSeries(candidate.toString(), x, y).setMarker(SeriesMarkers.CIRCLE);
          }
        });
    return chart;
  }

  private static void write(Path file, Chart<?, ?> chart) throws InputException {
    try {
      ByteArrayOutputStream png = new ByteArrayOutputStream();
      BitmapEncoder.saveBitmap(chart, png, BitmapFormat.PNG);
      Disk.LOCAL.replace(file, out -> Disk.writeFully(out, ByteBuffer.wrap(png.toByteArray())));
    } catch (IOException e) {
      throw Disk.cannotWrite(file, e);
    }
  }
}
