package dev.autoprog.io;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.autoprog.InputException;
import dev.autoprog.tensor.Shape;
import dev.autoprog.tensor.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The head of a safetensors file: its length (8 bytes, little-endian), then a JSON object with
 * {@code dtype}, {@code shape} and {@code data_offsets} of each tensor, filled up with spaces to a
 * multiple of 8 bytes. Whatever {@link #parse} returns is safe to use: every tensor lies inside the
 * file, and together they cover its data without gap or overlap, as the format demands.
 *
 * @param metadata free text by key
 * @param tensors by name, in the order of the header
 */
record SafetensorsHeader(Map<String, String> metadata, Map<String, StoredTensor> tensors) {
  /** Bytes of the header's length. */
  static final int PREFIX_BYTES = 8;

  /** The longest header that the format's own implementation reads. */
  static final long MAX_BYTES = 100_000_000;

  private static final String METADATA = "__metadata__";
  private static final String DAMAGED =
      "The file is damaged or no safetensors file; get it again from where it came";

  private static final JsonMapper JSON =
      JsonMapper.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  /** The tensors in the order of their data. */
  List<StoredTensor> inDataOrder() {
    List<StoredTensor> sorted = new ArrayList<>(tensors.values());
    sorted.sort(Comparator.comparingLong(StoredTensor::offset));
    return sorted;
  }

  /**
   * The layout for writing these tensors. The header keeps their order; the data of wider elements
   * comes first, so that each tensor is aligned to its element's size, which readers that map the
   * file rely on.
   *
   * @return the encoded header with its length in front, and the names in the order of their data
   */
  static Encoded encode(Map<String, Tensor> tensors, Map<String, String> metadata) {
    List<String> order = new ArrayList<>(tensors.keySet());
    order.sort(Comparator.comparingInt(name -> -tensors.get(name).dtype().bytes()));
    Map<String, Long> begins = new LinkedHashMap<>();
    long end = 0;
    for (String name : order) {
      begins.put(name, end);
      end = Math.addExact(end, tensors.get(name).bytes());
    }
    ObjectNode root = JSON.createObjectNode();
    if (!metadata.isEmpty()) {
      ObjectNode texts = root.putObject(METADATA);
      metadata.forEach(texts::put);
    }
    tensors.forEach((name, tensor) -> describe(root, name, tensor, begins.get(name)));
    return new Encoded(withLength(root), order);
  }

  /**
   * A header ready to be written.
   *
   * @param bytes length, JSON and padding
   * @param order names in the order in which their data follows
   */
  record Encoded(ByteBuffer bytes, List<String> order) {}

  private static void describe(ObjectNode root, String name, Tensor tensor, long begin) {
    if (name.equals(METADATA)) {
      throw new IllegalArgumentException("No tensor can be named " + METADATA);
    }
    ObjectNode entry = root.putObject(name);
    entry.put("dtype", StoredType.of(tensor.dtype()).name());
    entry.set("shape", JSON.valueToTree(tensor.shape().toArray()));
    entry.putArray("data_offsets").add(begin).add(begin + tensor.bytes());
  }

  private static ByteBuffer withLength(ObjectNode root) {
    byte[] json = root.toString().getBytes(StandardCharsets.UTF_8);
    int padded = (json.length + 7) & -8;
    byte[] bytes = new byte[PREFIX_BYTES + padded];
    Arrays.fill(bytes, (byte) ' ');
    ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    return buffer.putLong(padded).put(json).rewind();
  }

  /**
   * The checked header.
   *
   * @param file for messages
   * @param json its bytes, without the length in front
   * @param fileBytes the file's whole length
   */
  static SafetensorsHeader parse(Path file, byte[] json, long fileBytes) throws InputException {
    JsonNode root = readJson(file, json);
    long dataBytes = fileBytes - PREFIX_BYTES - json.length;
    Map<String, String> metadata = new LinkedHashMap<>();
    Map<String, StoredTensor> tensors = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> property : root.properties()) {
      String name = property.getKey();
      if (name.equals(METADATA)) {
        metadata.putAll(texts(file, property.getValue()));
      } else {
        String subject = file + ", tensor '" + name + "'";
        long dataStart = fileBytes - dataBytes;
        tensors.put(name, tensor(subject, name, property.getValue(), dataStart, dataBytes));
      }
    }
    var header =
        new SafetensorsHeader(
            Collections.unmodifiableMap(metadata), Collections.unmodifiableMap(tensors));
    header.requireFullCover(file, fileBytes - dataBytes, fileBytes);
    return header;
  }

  private static JsonNode readJson(Path file, byte[] json) throws InputException {
    if (json.length == 0 || json[0] != '{') {
      String first = json.length == 0 ? "nothing" : "byte " + (json[0] & 0xFF);
      throw new InputException(file + ", header", "begins with " + first, "'{'", DAMAGED);
    }
    try {
      String text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(json)).toString();
      return JSON.readTree(text);
    } catch (CharacterCodingException e) {
      throw new InputException(file + ", header", "is not UTF-8", "JSON text", DAMAGED, e);
    } catch (JsonProcessingException e) {
      String found = "is not valid (" + e.getOriginalMessage() + ")";
      throw new InputException(file + ", header", found, "a JSON object", DAMAGED, e);
    }
  }

  private static Map<String, String> texts(Path file, JsonNode node) throws InputException {
    Map<String, String> texts = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> property : node.properties()) {
      texts.put(property.getKey(), property.getValue().textValue());
    }
    if (!node.isObject() || texts.containsValue(null)) {
      throw new InputException(
          file + ", header",
          METADATA + " is " + abbreviated(node),
          "an object whose values are strings",
          DAMAGED);
    }
    return texts;
  }

  private static StoredTensor tensor(
      String subject, String name, JsonNode entry, long dataStart, long dataBytes)
      throws InputException {
    StoredType type = type(subject, entry.path("dtype"));
    Shape shape = shape(subject, entry.path("shape"));
    long[] offsets = integers(subject, "data_offsets", entry.path("data_offsets"));
    if (offsets.length != 2 || offsets[0] > offsets[1] || offsets[1] > dataBytes) {
      throw new InputException(
          subject,
          "data_offsets are " + Arrays.toString(offsets),
          "[begin, end] within the file's " + dataBytes + " bytes of data",
          "The file is cut short or damaged; get it again from where it came");
    }
    long length = offsets[1] - offsets[0];
    if (Math.multiplyHigh(shape.elements(), type.bytes()) != 0
        || shape.elements() * type.bytes() != length) {
      throw new InputException(
          subject,
          "data_offsets span " + length + " bytes",
          shape.elements() + " elements of " + type + ", as its shape " + shape + " says",
          DAMAGED);
    }
    return new StoredTensor(name, type, shape, dataStart + offsets[0]);
  }

  private static StoredType type(String subject, JsonNode node) throws InputException {
    for (StoredType type : StoredType.values()) {
      if (node.isTextual() && node.textValue().equals(type.name())) {
        return type;
      }
    }
    throw new InputException(
        subject,
        "dtype is " + abbreviated(node),
        "one of " + Arrays.toString(StoredType.values()),
        "Store the tensor in one of these types");
  }

  private static Shape shape(String subject, JsonNode node) throws InputException {
    long[] dims = integers(subject, "shape", node);
    try {
      return Shape.of(dims);
    } catch (IllegalArgumentException | ArithmeticException e) {
      throw new InputException(
          subject,
          "shape is " + Arrays.toString(dims),
          "dimensions of at least 1 whose product is below 2^63",
          "Leave tensors without elements out of the file",
          e);
    }
  }

  private static long[] integers(String subject, String key, JsonNode node) throws InputException {
    long[] values = new long[node.size()];
    boolean sound = node.isArray();
    for (int i = 0; sound && i < values.length; i++) {
      JsonNode item = node.get(i);
      sound = item.isIntegralNumber() && item.canConvertToLong() && item.longValue() >= 0;
      values[i] = item.longValue();
    }
    if (!sound) {
      throw new InputException(
          subject,
          key + " is " + abbreviated(node),
          "an array of whole numbers that are not negative",
          DAMAGED);
    }
    return values;
  }

  private void requireFullCover(Path file, long dataStart, long fileBytes) throws InputException {
    long end = dataStart;
    for (StoredTensor tensor : inDataOrder()) {
      if (tensor.offset() != end) {
        throw new InputException(
            file + ", tensor '" + tensor.name() + "'",
            "data begins at byte " + (tensor.offset() - dataStart),
            (end - dataStart) + ", where the tensor before it ends (no overlap, no gap)",
            DAMAGED);
      }
      end += tensor.bytes();
    }
    if (end != fileBytes) {
      throw new InputException(
          file.toString(), fileBytes + " bytes long", end + " by its header", DAMAGED);
    }
  }

  private static String abbreviated(JsonNode node) {
    String text = node.isMissingNode() ? "missing" : node.toString();
    return text.length() <= 60 ? text : text.substring(0, 60) + "…";
  }
}
