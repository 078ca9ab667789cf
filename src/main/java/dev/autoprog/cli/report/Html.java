package dev.autoprog.cli.report;

import dev.autoprog.InputException;
import dev.autoprog.io.Disk;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.function.IntPredicate;
import org.apache.commons.text.StringEscapeUtils;

/** A page in the making: HTML that is XML, too, with its style inside. */
final class Html {
  private final StringBuilder body = new StringBuilder();

  /** A heading of level 1 to 3. */
  Html heading(int level, String text) {
    return element("h" + level, "", escape(text));
  }

  Html paragraph(String text) {
    return element("p", "", escape(text));
  }

  /** A paragraph that explains. */
  Html note(String text) {
    return element("p", " class=\"note\"", escape(text));
  }

  Html figure(String svg) {
    return element("figure", "", svg);
  }

  /** A picture above its caption. */
  Html figure(String svg, String caption) {
    return element("figure", "", svg + "<figcaption>" + escape(caption) + "</figcaption>");
  }

  /**
   * A table.
   *
   * @param head of each column
   * @param rows as many cells each
   * @param chosen the rows to mark
   */
  Html table(List<String> head, List<List<String>> rows, IntPredicate chosen) {
    StringBuilder table = new StringBuilder("<table>\n<tr>");
    head.forEach(cell -> table.append("<th>").append(escape(cell)).append("</th>"));
    table.append("</tr>\n");
    for (int i = 0; i < rows.size(); i++) {
      table.append(chosen.test(i) ? "<tr class=\"chosen\">" : "<tr>");
      rows.get(i).forEach(cell -> table.append("<td>").append(escape(cell)).append("</td>"));
      table.append("</tr>\n");
    }
    return element("div", " class=\"scroll\"", table + "</table>");
  }

  private Html element(String name, String attributes, String content) {
    body.append("<%s%s>".formatted(name, attributes)).append(content);
    body.append("</%s>\n".formatted(name));
    return this;
  }

  /** A PNG file's content. */
  record Picture(byte[] png, String caption) {}

  /**
   * Small pictures side by side, pixel by pixel as they are, each above its caption; the page has
   * them inside.
   */
  Html gallery(List<Picture> pictures) {
    StringBuilder figures = new StringBuilder("\n");
    for (Picture picture : pictures) {
      String caption = escape(picture.caption());
      figures.append(
          "<figure><img alt=\"%s\" src=\"data:image/png;base64,%s\"/><figcaption>%s</figcaption></figure>%n"
              .formatted(caption, Base64.getEncoder().encodeToString(picture.png()), caption));
    }
    return element("div", " class=\"gallery\"", figures.toString());
  }

  /**
   * Writes the whole page, over one that is there.
   *
   * @throws InputException if the system refuses
   */
  void write(Path file, String title) throws InputException {
    ByteBuffer text = StandardCharsets.UTF_8.encode(page(title));
    Disk.LOCAL.replace(file, out -> Disk.writeFully(out, text));
  }

  private String page(String title) {
    return """
        <!DOCTYPE html>
        <html xmlns="http://www.w3.org/1999/xhtml" lang="en">
        <head>
        <meta charset="utf-8"/>
        <meta name="viewport" content="width=device-width, initial-scale=1"/>
        <title>%s</title>
        <style>
        %s</style>
        </head>
        <body>
        %s</body>
        </html>
        """
        .formatted(escape(title), style(), body);
  }

  private static String style() {
    try (InputStream css = Html.class.getResourceAsStream("report.css")) {
      return new String(css.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String escape(String text) {
    return StringEscapeUtils.escapeXml11(text);
  }
}
