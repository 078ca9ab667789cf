package dev.autoprog.cli;

import java.util.ArrayList;
import java.util.List;

/** Columns on a terminal. */
final class TextTable {
  private TextTable() {}

  /** The first {@code left} columns begin at the same place, the others end there. */
  static List<String> lines(List<List<String>> cells, int left) {
    int columns = cells.get(0).size();
    int[] widths = new int[columns];
    for (List<String> line : cells) {
      for (int c = 0; c < columns; c++) {
        widths[c] = Math.max(widths[c], line.get(c).length());
      }
    }
    List<String> lines = new ArrayList<>();
    for (List<String> line : cells) {
      StringBuilder text = new StringBuilder();
      for (int c = 0; c < columns; c++) {
        String padding = " ".repeat(widths[c] - line.get(c).length());
        text.append("  ").append(c < left ? line.get(c) + padding : padding + line.get(c));
      }
      lines.add(text.toString().stripTrailing());
    }
    return lines;
  }
}
