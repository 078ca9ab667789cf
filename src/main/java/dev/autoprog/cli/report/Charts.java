package dev.autoprog.cli.report;

import dev.autoprog.cli.report.RunMetrics.Step;
import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.XYSeries.XYSeriesRenderStyle;
import org.knowm.xchart.style.Styler.LegendLayout;
import org.knowm.xchart.style.Styler.LegendPosition;
import org.knowm.xchart.style.XYStyler;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** The plots of a comparison: quantities over seconds of work, a line per run, a colour per arm. */
final class Charts {
  /** Each stands out from white (at least 3 : 1) and from near-black alike. */
  private static final List<Color> COLOURS =
      List.of(
          new Color(0x7d8590),
          new Color(0x2f81f7),
          new Color(0xd9730d),
          new Color(0x2da160),
          new Color(0xa65cf0),
          new Color(0xe5484d),
          new Color(0x0e9aa7),
          new Color(0xb07d2b));

  private static final Color CLEAR = new Color(0, 0, 0, 0);
  private static final Color GRID =
      new Color(SvgPicture.INK.getRed(), SvgPicture.INK.getGreen(), SvgPicture.INK.getBlue(), 40);
  private static final int WIDTH = 760;
  private static final int HEIGHT = 340;
  private static final int LOW_HEIGHT = 220;
  private static final int WINDOWS = 60;
  private static final float THIN = 1.6f;

  private final List<String> arms;

  /**
   * Plots whose colours say the same.
   *
   * @param arms each gets its colour by its place
   */
  Charts(List<String> arms) {
    this.arms = arms;
  }

  /** A run's points. */
  record Line(List<Double> x, List<Double> y) {
    static Line empty() {
      return new Line(new ArrayList<>(), new ArrayList<>());
    }

    void add(double seconds, double value) {
      x.add(seconds);
      y.add(value);
    }
  }

  /** A quantity of the runs. */
  <R extends CompleteRun> XYChart curves(List<R> runs, String title, Function<R, Line> points) {
    return filled(chart(title, HEIGHT), runs, points);
  }

  /** Training loss: means over stretches of equally many steps. */
  XYChart loss(List<? extends CompleteRun> runs) {
    return curves(runs, "training loss", run -> means(run.steps()));
  }

  private static Line means(List<Step> steps) {
    Line line = Line.empty();
    int windows = Math.min(WINDOWS, steps.size());
    for (int i = 0; i < windows; i++) {
      List<Step> window =
          steps.subList(i * steps.size() / windows, (i + 1) * steps.size() / windows);
      line.add(
          window.stream().mapToDouble(Step::seconds).average().orElseThrow(),
          window.stream().mapToDouble(Step::loss).average().orElseThrow());
    }
    return line;
  }

  /**
   * A quantity of the stages, as a staircase that ends with the run.
   *
   * @param begins the quantity of each stage, at its beginning
   */
  <R extends CompleteRun> XYChart stages(List<R> runs, String title, Function<R, Line> begins) {
    XYChart chart = chart(title, LOW_HEIGHT);
    chart.getStyler().setDefaultSeriesRenderStyle(XYSeriesRenderStyle.Step);
    chart.getStyler().setYAxisMin(0.0);
    return filled(chart, runs, run -> staircase(run, begins.apply(run)));
  }

  private static Line staircase(CompleteRun run, Line begins) {
    double last = begins.y().isEmpty() ? Double.NaN : begins.y().get(begins.y().size() - 1);
    begins.add(run.workSeconds(), last);
    return begins;
  }

  private <R extends CompleteRun> XYChart filled(
      XYChart chart, List<R> runs, Function<R, Line> points) {
    Set<String> shown = new HashSet<>();
    for (R run : runs) {
      Line line = points.apply(run);
      if (line.y().stream().noneMatch(Double::isFinite)) {
        continue;
      }
      boolean first = shown.add(run.arm());
      String name = first ? run.arm() : run.arm() + ", seed " + run.seed();
      XYSeries series = chart.addSeries(name, line.x(), line.y());
      series.setShowInLegend(first);
      series.setLineColor(COLOURS.get(arms.indexOf(run.arm()) % COLOURS.size()));
      series.setLineStyle(new BasicStroke(THIN, BasicStroke.CAP_ROUND, BasicStroke.JOIN_ROUND));
      boolean point = line.y().size() == 1; // of which there is no line to draw
      series.setMarker(point ? SeriesMarkers.CIRCLE : SeriesMarkers.NONE);
      series.setMarkerColor(series.getLineColor());
    }
    return chart;
  }

  private static XYChart chart(String yTitle, int height) {
    XYChart chart =
        new XYChartBuilder()
            .width(WIDTH)
            .height(height)
            .xAxisTitle("seconds of training and search")
            .yAxisTitle(yTitle)
            .build();
    XYStyler style = chart.getStyler();
    style.setChartBackgroundColor(CLEAR);
    style.setPlotBackgroundColor(CLEAR);
    style.setLegendBackgroundColor(CLEAR);
    style.setLegendBorderColor(CLEAR);
    style.setPlotBorderVisible(false);
    style.setXAxisMin(0.0);
    style.setDecimalPattern("#,##0.###");
    style.setChartFontColor(SvgPicture.INK);
    style.setXAxisTitleColor(SvgPicture.INK);
    style.setYAxisTitleColor(SvgPicture.INK);
    style.setAxisTickLabelsColor(SvgPicture.INK);
    style.setAxisTickMarksColor(GRID);
    style.setPlotGridLinesColor(GRID);
    style.setPlotGridLinesStroke(new BasicStroke(1));
    style.setPlotGridVerticalLinesVisible(false);
    style.setAxisTitleFont(new Font(Font.SANS_SERIF, Font.PLAIN, 13));
    style.setAxisTickLabelsFont(new Font(Font.SANS_SERIF, Font.PLAIN, 12));
    style.setLegendFont(new Font(Font.SANS_SERIF, Font.PLAIN, 13));
    style.setLegendPosition(LegendPosition.OutsideS);
    style.setLegendLayout(LegendLayout.Horizontal);
    style.setAntiAlias(true);
    return chart;
  }
}
