package dev.autoprog.run;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.NumericNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.autoprog.InputException;
import dev.autoprog.io.Disk;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Locale;
import java.util.Map;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The log of a training run for other programs: {@code metrics.jsonl}, one JSON object a line. Each
 * begins with {@code event} and {@code seconds} since the start (time before an interruption
 * included), then come the event's own fields in the order given. A line is handed to the system as
 * soon as it is written.
 *
 * <p>A number that is not finite is written as {@code null}: JSON has no word for it, and a string
 * would turn a column of numbers into one of text for whoever reads it.
 */
public final class RunLog implements AutoCloseable {
  /** What a line tells of. */
  public enum Event {
    /** A training step. */
    STEP,
    /** The beginning of a stage. */
    STAGE,
    /** An evaluation. */
    EVAL,
    /** A search for the next stage's network. */
    SEARCH,
    /** The end of the run. */
    END
  }

  private static final Logger LOG = LoggerFactory.getLogger(RunLog.class);
  private static final JsonMapper JSON =
      JsonMapper.builder().propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE).build();
  private static final double NANOS = 1e9;
  private static final double MICROS = 1e6;

  private final Path file;
  private final FileChannel channel;
  private final double secondsBefore;
  private final LongSupplier nanoTime;
  private final long begin;

  private RunLog(Path file, FileChannel channel, double secondsBefore, LongSupplier nanoTime) {
    this.file = file;
    this.channel = channel;
    this.secondsBefore = secondsBefore;
    this.nanoTime = nanoTime;
    this.begin = nanoTime.getAsLong();
  }

  /**
   * Begins a log; time counts from now.
   *
   * @throws InputException if the file exists already, or the system refuses
   */
  public static RunLog create(Path file) throws InputException {
    return create(file, System::nanoTime);
  }

  static RunLog create(Path file, LongSupplier nanoTime) throws InputException {
    try {
      Disk.LOCAL.createDirectories(file.toAbsolutePath().getParent());
      FileChannel channel =
          FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
      return new RunLog(file, channel, 0, nanoTime);
    } catch (IOException e) {
      throw Disk.cannotWrite(file, e);
    }
  }

  /**
   * Takes up the log of a run that goes on from a checkpoint. Every line up to and including the
   * last whose {@code step} is not above the checkpoint's is kept; what follows will be written
   * again and is cut off, as is a last line that was not written to its end. A log that is missing
   * is begun anew, with a warning.
   *
   * @param step of the checkpoint
   * @param seconds that the run had taken at the checkpoint; time goes on from there, or from the
   *     last kept line if that is later
   * @throws InputException if a kept line is no JSON object, or the system refuses
   */
  public static RunLog resume(Path file, long step, double seconds) throws InputException {
    return resume(file, step, seconds, System::nanoTime);
  }

  static RunLog resume(Path file, long step, double seconds, LongSupplier nanoTime)
      throws InputException {
    return resume(file, line -> isUpTo(step, line), seconds, nanoTime);
  }

  private static boolean isUpTo(long step, JsonNode line) {
    JsonNode at = line.path("step");
    return at.isIntegralNumber() && at.longValue() <= step;
  }

  /** The same, with everything kept up to and including the last line that is {@code over}. */
  static RunLog resume(Path file, Predicate<JsonNode> over, double seconds) throws InputException {
    return resume(file, over, seconds, System::nanoTime);
  }

  private static RunLog resume(
      Path file, Predicate<JsonNode> over, double seconds, LongSupplier nanoTime)
      throws InputException {
    try {
      if (!Files.exists(file)) {
        LOG.warn("{} is missing; the resumed run begins a new one", file);
        Disk.LOCAL.createDirectories(file.toAbsolutePath().getParent());
      }
      FileChannel channel =
          FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      try {
        Kept kept = Kept.of(file, over);
        channel.truncate(kept.bytes()).position(kept.bytes());
        return new RunLog(file, channel, Math.max(seconds, kept.seconds()), nanoTime);
      } catch (IOException | InputException e) {
        channel.close();
        throw e;
      }
    } catch (IOException e) {
      throw Disk.cannotWrite(file, e);
    }
  }

  /**
   * The part of a log that stays.
   *
   * @param bytes its length
   * @param seconds of its last line
   */
  private record Kept(long bytes, double seconds) {
    static Kept of(Path file, Predicate<JsonNode> over) throws IOException, InputException {
      Kept kept = new Kept(0, 0);
      try (InputStream in = new BufferedInputStream(Files.newInputStream(file))) {
        long end = 0;
        int number = 0;
        int damaged = 0;
        for (byte[] line = line(in); line != null; line = line(in)) {
          JsonNode fields = parse(line);
          number++;
          end += line.length + 1;
          damaged = damaged == 0 && !fields.isObject() ? number : damaged;
          if (over.test(fields)) {
            requireSound(file, damaged);
            kept = new Kept(end, fields.path("seconds").asDouble());
          }
        }
      }
      return kept;
    }

    private static void requireSound(Path file, int damagedLine) throws InputException {
      if (damagedLine != 0) {
        throw new InputException(
            file + ", line " + damagedLine,
            "no JSON object",
            "one in every line",
            "Correct the line or move the file away; without it the run begins a new one");
      }
    }

    /** The next line without its end, or null where none is complete. */
    private static byte[] line(InputStream in) throws IOException {
      ByteArrayOutputStream line = new ByteArrayOutputStream();
      for (int next = in.read(); next != '\n'; next = in.read()) {
        if (next < 0) {
          return null;
        }
        line.write(next);
      }
      return line.toByteArray();
    }

    /** The line's content, missing if it is not JSON. */
    private static JsonNode parse(byte[] line) {
      try {
        return JSON.readTree(new String(line, StandardCharsets.UTF_8));
      } catch (JsonProcessingException e) {
        return MissingNode.getInstance();
      }
    }
  }

  /** Seconds since the run began, interruptions not counted. */
  public double seconds() {
    double exact = secondsBefore + (nanoTime.getAsLong() - begin) / NANOS;
    return Math.round(exact * MICROS) / MICROS;
  }

  /** Begins a line; it is written by {@link Line#write()}. */
  public Line line(Event event) {
    return new Line(event);
  }

  /** A line in the making. */
  public final class Line {
    private final ObjectNode fields = JSON.createObjectNode();

    private Line(Event event) {
      fields.put("event", event.name().toLowerCase(Locale.ROOT));
      fields.put("seconds", seconds());
    }

    /**
     * Adds a field behind those given before.
     *
     * @param name in snake_case
     * @param value anything that Jackson can write as JSON
     * @throws IllegalArgumentException if the line has a field of that name
     */
    public Line put(String name, Object value) {
      if (fields.has(name)) {
        throw new IllegalArgumentException("The line has a field '" + name + "' already");
      }
      fields.set(name, finite(JSON.valueToTree(value)));
      return this;
    }

    /** Adds every entry of the map, in its order. */
    public Line putAll(Map<String, ?> values) {
      values.forEach(this::put);
      return this;
    }

    /**
     * Writes the line.
     *
     * @throws InputException if the system refuses, for example since the disk is full
     */
    public void write() throws InputException {
      ByteBuffer bytes = StandardCharsets.UTF_8.encode(fields + "\n");
      try {
        Disk.writeFully(channel, bytes);
      } catch (IOException e) {
        throw Disk.cannotWrite(file, e);
      }
    }
  }

  private static JsonNode finite(JsonNode node) {
    if (node instanceof NumericNode number && number.isNaN()) {
      return NullNode.getInstance();
    } else if (node instanceof ObjectNode object) {
      object.properties().forEach(entry -> entry.setValue(finite(entry.getValue())));
    } else if (node instanceof ArrayNode array) {
      for (int i = 0; i < array.size(); i++) {
        array.set(i, finite(array.get(i)));
      }
    }
    return node;
  }

  /** Closes the file, its content on the disk. */
  @Override
  public void close() throws InputException {
    try (channel) {
      if (channel.isOpen()) {
        channel.force(true);
      }
    } catch (IOException e) {
      throw Disk.cannotWrite(file, e);
    }
  }
}
