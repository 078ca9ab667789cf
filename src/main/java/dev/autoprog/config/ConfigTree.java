package dev.autoprog.config;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLParser;
import dev.autoprog.InputException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What a YAML text says, each part with the place where it says so. */
sealed interface ConfigTree {
  /** Reads YAML; a key without a value has null, one with quotes has text. */
  YAMLFactory FACTORY =
      YAMLFactory.builder().enable(YAMLParser.Feature.EMPTY_STRING_AS_NULL).build();

  /** The place, for messages. */
  String where();

  /** What was found, for messages. */
  String described();

  /** A single value; {@code token} is what YAML takes it for. */
  record Scalar(String where, JsonToken token, String text) implements ConfigTree {
    boolean isNull() {
      return token == JsonToken.VALUE_NULL;
    }

    @Override
    public String described() {
      return switch (token) {
        case VALUE_NULL -> "nothing";
        case VALUE_STRING -> "the text '" + text + "'";
        default -> text;
      };
    }
  }

  /** A list. */
  record Items(String where, List<ConfigTree> values) implements ConfigTree {
    @Override
    public String described() {
      return "a list of " + values.size();
    }
  }

  /** A group of keys with their values; {@code keyPlaces} has the keys' own places. */
  record Fields(String where, Map<String, ConfigTree> values, Map<String, String> keyPlaces)
      implements ConfigTree {
    /** A group without keys as yet. */
    static Fields empty(String where) {
      return new Fields(where, new LinkedHashMap<>(), new LinkedHashMap<>());
    }

    /** Sets a key, over whatever it had. */
    void put(String key, String place, ConfigTree value) {
      values.put(key, value);
      keyPlaces.put(key, place);
    }

    /** This group, and {@code later} over it key by key. */
    Fields under(Fields later) {
      Fields both =
          new Fields(
              where + " " + later.where,
              new LinkedHashMap<>(values),
              new LinkedHashMap<>(keyPlaces));
      later.values.forEach(
          (key, value) -> {
            ConfigTree before = values.get(key);
            ConfigTree after = before == null ? value : layered(before, value);
            both.put(key, later.keyPlaces.get(key), after);
          });
      return both;
    }

    @Override
    public String described() {
      return "a group of keys " + values.keySet();
    }
  }

  /**
   * Two values of one key, the later above: where the key is a group's, and both are groups, the
   * keys of both; otherwise the later one.
   */
  record Layered(ConfigTree below, ConfigTree above) implements ConfigTree {
    @Override
    public String where() {
      return above.where();
    }

    @Override
    public String described() {
      return above.described();
    }
  }

  /** One value over another of the same key; two groups become one. */
  static ConfigTree layered(ConfigTree below, ConfigTree above) {
    return below instanceof Fields group && above instanceof Fields later
        ? group.under(later)
        : new Layered(below, above);
  }

  /** A value from outside YAML: text where text is wanted, otherwise YAML. */
  record Unparsed(String where, String text) implements ConfigTree {
    @Override
    public String described() {
      return "'" + text + "'";
    }

    /** The value as it stands. */
    Scalar asText() {
      return new Scalar(where, JsonToken.VALUE_STRING, text);
    }

    /** The value as YAML. */
    ConfigTree asYaml() throws InputException {
      ConfigTree tree = parse(where, text);
      return tree == null ? new Scalar(where, JsonToken.VALUE_NULL, "") : tree;
    }
  }

  /**
   * Parses a text.
   *
   * @param source what it is called in messages
   * @return null for a text without content
   */
  static ConfigTree parse(String source, String text) throws InputException {
    try (YAMLParser parser = FACTORY.createParser(text)) {
      ConfigTree tree = parser.nextToken() == null ? null : read(source, parser);
      if (tree != null && parser.nextToken() != null) {
        throw new InputException(
            where(source, parser), "a second document", "one", "Remove what follows the first");
      }
      return tree;
    } catch (JsonProcessingException e) {
      String place = e.getLocation() == null ? source : where(source, e.getLocation());
      String found =
          "no valid YAML (" + e.getOriginalMessage().lines().findFirst().orElse("") + ")";
      throw new InputException(place, found, "keys and values", "Correct the text there", e);
    } catch (IOException e) {
      throw new InputException(source, e.getMessage(), "YAML text", "Correct the text", e);
    }
  }

  private static ConfigTree read(String source, YAMLParser parser)
      throws IOException, InputException {
    String where = where(source, parser);
    if (parser.isCurrentAlias()) {
      throw new InputException(
          where, "a reference to an anchor", "a value", "Write the value itself");
    }
    return switch (parser.currentToken()) {
      case START_OBJECT -> readFields(source, where, parser);
      case START_ARRAY -> {
        List<ConfigTree> items = new ArrayList<>();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
          items.add(read(source, parser));
        }
        yield new Items(where, items);
      }
      default -> new Scalar(where, parser.currentToken(), parser.getText());
    };
  }

  private static Fields readFields(String source, String where, YAMLParser parser)
      throws IOException, InputException {
    Fields fields = Fields.empty(where);
    while (parser.nextToken() != JsonToken.END_OBJECT) {
      String key = parser.currentName();
      String place = where(source, parser);
      if (fields.values().containsKey(key)) {
        throw new InputException(
            place, "the key '" + key + "' for the second time", "it once", "Remove one of them");
      }
      parser.nextToken();
      fields.put(key, place, read(source, parser));
    }
    return fields;
  }

  private static String where(String source, YAMLParser parser) {
    return where(source, parser.currentTokenLocation());
  }

  private static String where(String source, JsonLocation location) {
    return source + ", line " + location.getLineNr() + ", column " + location.getColumnNr();
  }
}
