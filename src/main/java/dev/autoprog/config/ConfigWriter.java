package dev.autoprog.config;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.lang.reflect.RecordComponent;
import java.math.BigDecimal;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.commons.text.WordUtils;

/**
 * Writes records as YAML that explains itself: every key with its value, in the order of
 * declaration, below its {@link Comment}. Jackson's own generator writes no comments.
 */
final class ConfigWriter {
  private static final int LINE_WIDTH = 96;
  private static final String STEP = "  ";

  /** Text that YAML takes as it stands, wherever it stands. */
  private static final Pattern PLAIN =
      Pattern.compile("(\\.{0,2}/)?[\\p{IsLatin}_][\\p{IsLatin}0-9_./-]*");

  /** Words that YAML, of one version or another, takes for something else. */
  private static final Set<String> RESERVED =
      Set.of("true", "false", "null", "yes", "no", "on", "off", "y", "n");

  /** Writes decimal numbers without an exponent from here … */
  private static final double SMALLEST_PLAIN = 1e-7;

  /** … to here. */
  private static final double LARGEST_PLAIN = 1e9;

  private static final JsonMapper QUOTES =
      JsonMapper.builder().enable(JsonWriteFeature.ESCAPE_NON_ASCII).build();

  private final StringBuilder out = new StringBuilder();

  private ConfigWriter() {}

  /** The text of a whole file. */
  static String write(Record config) {
    ConfigWriter writer = new ConfigWriter();
    writer.comment(config.getClass().getAnnotation(Comment.class), "");
    if (writer.out.length() > 0) {
      writer.out.append('\n');
    }
    writer.fields(config, "");
    return writer.out.toString();
  }

  private void fields(Record record, String indent) {
    boolean first = true;
    for (RecordComponent component : record.getClass().getRecordComponents()) {
      Object value = ConfigBinder.valueOf(component, record);
      boolean group = isGroup(value);
      if (group && indent.isEmpty() && !first) {
        out.append('\n');
      }
      comment(component.getAnnotation(Comment.class), indent);
      out.append(indent).append(ConfigBinder.key(component)).append(':');
      block(value, indent + STEP);
      first = false;
    }
  }

  private static boolean isGroup(Object value) {
    Object content = value instanceof Optional<?> some ? some.orElse(null) : value;
    return content instanceof Record record && record.getClass().getRecordComponents().length > 0;
  }

  private void comment(Comment comment, String indent) {
    if (comment != null) {
      String start = indent + "# ";
      comment
          .value()
          .lines()
          .map(line -> WordUtils.wrap(line, LINE_WIDTH - start.length(), "\n" + start, false))
          .forEach(line -> out.append(start).append(line).append('\n'));
    }
  }

  private void block(Object value, String indent) {
    Object content = value instanceof Optional<?> some ? some.orElse(null) : value;
    if (isGroup(content)) {
      out.append('\n');
      fields((Record) content, indent);
    } else if (content instanceof List<?> list && list.stream().anyMatch(ConfigWriter::isGroup)) {
      out.append('\n');
      list.forEach(item -> out.append(indent).append("- ").append(inline(item)).append('\n'));
    } else {
      out.append(' ').append(inline(content)).append('\n');
    }
  }

  /** A value within one line. */
  static String inline(Object value) {
    if (value instanceof Optional<?> some) {
      return inline(some.orElse(null));
    } else if (value instanceof List<?> list) {
      return list.stream().map(ConfigWriter::inline).collect(Collectors.joining(", ", "[", "]"));
    } else if (value instanceof Record record) {
      return Stream.of(record.getClass().getRecordComponents())
          .map(c -> ConfigBinder.key(c) + ": " + inline(ConfigBinder.valueOf(c, record)))
          .collect(Collectors.joining(", ", "{", "}"));
    } else if (value instanceof Double || value instanceof Float) {
      return decimal((Number) value);
    } else if (value instanceof Enum<?> constant) {
      return ConfigScalars.word(constant);
    } else if (value instanceof Number || value instanceof Boolean || value == null) {
      return String.valueOf(value);
    }
    return text(value.toString());
  }

  /** The shortest digits that read back as the same number, without an exponent where sensible. */
  private static String decimal(Number number) {
    double value = number.doubleValue();
    for (Map.Entry<String, Double> named : ConfigScalars.NAMED.entrySet()) {
      if (named.getValue().equals(value)) {
        return named.getKey();
      }
    }
    double size = Math.abs(value);
    if (size != 0 && (size < SMALLEST_PLAIN || size >= LARGEST_PLAIN)) {
      return number.toString().replaceFirst("E(?=\\d)", "e+").replace('E', 'e');
    }
    String plain = new BigDecimal(number.toString()).stripTrailingZeros().toPlainString();
    String sign = Math.copySign(1, value) < 0 && size == 0 ? "-" : "";
    return sign + (plain.indexOf('.') < 0 ? plain + ".0" : plain);
  }

  private static String text(String text) {
    if (PLAIN.matcher(text).matches() && !RESERVED.contains(text.toLowerCase(Locale.ROOT))) {
      return text;
    }
    try {
      return QUOTES.writeValueAsString(text).replace("\u007f", "\\u007f");
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("Cannot quote a text", e);
    }
  }
}
