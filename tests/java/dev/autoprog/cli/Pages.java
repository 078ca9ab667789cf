package dev.autoprog.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.StringReader;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import javax.xml.parsers.DocumentBuilderFactory;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NamedNodeMap;
import org.w3c.dom.Node;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;

/** What holds for the pages of all comparisons. */
final class Pages {
  private Pages() {}

  /**
   * Checks that a page is XML whose identifiers are unique, that it refers to nothing outside, and
   * that it has a style for dark rooms.
   */
  static Document requireSelfContained(String page) throws Exception {
    DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
    factory.setNamespaceAware(true);
    Document document = factory.newDocumentBuilder().parse(new InputSource(new StringReader(page)));
    Set<String> identifiers = new TreeSet<>();
    NodeList elements = document.getElementsByTagName("*");
    for (int i = 0; i < elements.getLength(); i++) {
      Element element = (Element) elements.item(i);
      assertThat(element.getLocalName()).isNotIn("link", "script", "iframe", "image");
      NamedNodeMap attributes = element.getAttributes();
      for (int a = 0; a < attributes.getLength(); a++) {
        Node attribute = attributes.item(a);
        String name = attribute.getNodeName();
        if (name.equals("id")) {
          assertThat(identifiers.add(attribute.getNodeValue()))
              .as(attribute.getNodeValue())
              .isTrue();
        } else if (name.equals("src")) {
          assertThat(attribute.getNodeValue()).startsWith("data:image/png;base64,");
        } else if (!name.startsWith("xmlns")) {
          assertThat(attribute.getNodeValue()).as(name).doesNotContain("://");
          assertThat(name).isNotIn("href", "xlink:href");
        }
      }
    }
    assertThat(document.getElementsByTagName("style").item(0).getTextContent())
        .contains("prefers-color-scheme: dark")
        .doesNotContain("url(", "@import");
    return document;
  }

  /** What each plot says that it shows. */
  static List<String> pictures(Document document) {
    List<String> labels = new ArrayList<>();
    NodeList pictures = document.getElementsByTagNameNS("http://www.w3.org/2000/svg", "svg");
    for (int i = 0; i < pictures.getLength(); i++) {
      labels.add(((Element) pictures.item(i)).getAttribute("aria-label"));
    }
    return labels;
  }

  /** The text of each table's row that is marked. */
  static List<String> chosenRows(Document document) {
    List<String> chosen = new ArrayList<>();
    NodeList rows = document.getElementsByTagName("tr");
    for (int i = 0; i < rows.getLength(); i++) {
      if (((Element) rows.item(i)).getAttribute("class").equals("chosen")) {
        chosen.add(rows.item(i).getTextContent());
      }
    }
    return chosen;
  }
}
