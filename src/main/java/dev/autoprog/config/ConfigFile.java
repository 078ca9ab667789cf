package dev.autoprog.config;

import dev.autoprog.InputException;
import dev.autoprog.io.Disk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Configurations: records on one side, YAML on the other. A record's components are the keys, in
 * snake_case. Components may be {@code int}, {@code long}, {@code float}, {@code double}, {@code
 * boolean} and their boxes, {@code String}, {@code Path}, enums (in lower case), records, and
 * {@code Optional} (empty is {@code null}) or {@code List} of these.
 *
 * <p>Reading is strict: a key that the record does not have, a value of another type, or one that
 * the record's constructor refuses with an {@link IllegalArgumentException}, is an {@link
 * InputException} with line, column and key. What a file does not say keeps its default. Reading
 * what was written gives an equal record.
 */
public final class ConfigFile {
  private ConfigFile() {}

  /**
   * Reads a file.
   *
   * @param defaults for every key that the file does not have
   * @throws InputException if the file cannot be read, or anything in it does not fit
   */
  public static <R extends Record> R read(Path file, R defaults) throws InputException {
    return parse(file.toString(), readText(file), defaults);
  }

  private static String readText(Path file) throws InputException {
    try {
      byte[] bytes = Files.readAllBytes(file);
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      throw new InputException(
          file.toString(), "not UTF-8", "YAML text", "Save the file in that encoding", e);
    } catch (IOException e) {
      throw Disk.cannotRead(file, e);
    }
  }

  /**
   * Reads a text.
   *
   * @param source what it is called in messages
   * @param yaml the text; without content it gives the defaults
   * @param defaults for every key that the text does not have
   * @throws InputException if anything in it does not fit
   */
  public static <R extends Record> R parse(String source, String yaml, R defaults)
      throws InputException {
    ConfigTree tree = ConfigTree.parse(source, yaml);
    return tree == null ? defaults : ConfigBinder.record(typeOf(defaults), tree, defaults, "");
  }

  /**
   * Sets single values, as command lines do, one after another: a group of keys changes those that
   * it names and no others, whether they had been set before or not; a list is set whole.
   *
   * @param config to begin with
   * @param assignments each {@code path.to.key=value}; the value is YAML, or the bare text where
   *     the key's type is text or a path; of two for the same key the later counts. What a record's
   *     constructor checks is checked after the last, so that keys can change together
   * @throws InputException if one of them does not fit
   */
  public static <R extends Record> R override(R config, List<String> assignments)
      throws InputException {
    if (assignments.isEmpty()) {
      return config;
    }
    ConfigTree all = assigned(assignments.get(0));
    for (String assignment : assignments.subList(1, assignments.size())) {
      all = ConfigTree.layered(all, assigned(assignment));
    }
    return ConfigBinder.record(typeOf(config), all, config, "");
  }

  /** Groups of one key each, around the value. */
  private static ConfigTree assigned(String assignment) throws InputException {
    String where = "'" + assignment + "'";
    int equals = assignment.indexOf('=');
    if (equals < 1) {
      throw new InputException(
          where, "no key and value", "path.to.key=value", "Write it like that");
    }
    String[] keys = assignment.substring(0, equals).split("\\.", -1);
    ConfigTree tree = new ConfigTree.Unparsed(where, assignment.substring(equals + 1));
    for (int i = keys.length - 1; i >= 0; i--) {
      ConfigTree.Fields group = ConfigTree.Fields.empty(where);
      group.put(keys[i], where, tree);
      tree = group;
    }
    return tree;
  }

  /** The record as YAML, each key below its {@link Comment}. */
  public static String toYaml(Record config) {
    return ConfigWriter.write(config);
  }

  /** A value of a key as one line of YAML, as {@link #override} takes it. */
  public static String inline(Object value) {
    return ConfigWriter.inline(value);
  }

  /**
   * Writes the record to a file, over one that is there.
   *
   * @throws InputException if the system refuses
   */
  public static void write(Path file, Record config) throws InputException {
    ByteBuffer text = StandardCharsets.UTF_8.encode(toYaml(config));
    Disk.LOCAL.replace(file, out -> Disk.writeFully(out, text));
  }

  @SuppressWarnings("unchecked")
  private static <R extends Record> Class<R> typeOf(R config) {
    return (Class<R>) config.getClass();
  }
}
