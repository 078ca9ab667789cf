package dev.autoprog.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import dev.autoprog.backend.Backend;
import dev.autoprog.backend.Session;
import dev.autoprog.tensor.DType;
import dev.autoprog.testing.GuardedTensors;
import dev.autoprog.testing.KernelCall;
import dev.autoprog.testing.RandomData;
import java.io.IOException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/**
 * Keeps {@code docs/support-matrix.md} true. Each cell is found by calling every kernel of the
 * family with tensors of the type; columns of backends that cannot serve on this machine are left
 * as they stand. {@code -Dautoprog.docs.update=true} writes the file anew.
 */
class SupportMatrixTest {
  private static final Path FILE = Path.of("docs", "support-matrix.md");
  private static final String UPDATE = "autoprog.docs.update";
  private static final List<DType> TYPES = List.of(DType.FLOAT32, DType.BFLOAT16);

  private static final String HEADER =
      """
      # Support matrix

      Which kernel families compute with which element type on which backend. An unsupported
      combination is refused with an `IllegalArgumentException`; nothing falls back silently.
      Class ids and rectangles are INT32, stored pixels UINT8, everywhere.

      `SupportMatrixTest` finds each cell by calling every kernel of the family, and fails when
      this file says something else; `./mvnw test -Dtest=SupportMatrixTest -Dautoprog.docs.update=true`
      writes it anew.

      """;

  @Test
  void theDocumentedMatrixIsTrue() throws IOException {
    Map<String, Map<String, String>> matrix = documented();
    for (Backend backend : Backend.all()) {
      if (backend.availability().available()) {
        measured(backend)
            .forEach(
                (row, cell) ->
                    matrix.computeIfAbsent(row, r -> new TreeMap<>()).put(backend.name(), cell));
      }
    }
    String page = HEADER + table(matrix);
    if (Boolean.getBoolean(UPDATE)) {
      Files.writeString(FILE, page);
    }
    assertThat(Files.readString(FILE))
        .as("%s differs from what was found; repeat with -D%s=true and commit it", FILE, UPDATE)
        .isEqualTo(page);
  }

  /** Row ({@code family | TYPE}) → "yes", "no", or which kernels do. */
  private static Map<String, String> measured(Backend backend) {
    Map<String, List<KernelCall>> families =
        KernelCalls.ofEveryKernel(RandomData.of("support")).stream()
            .collect(
                Collectors.groupingBy(
                    call -> family(call.kernel()), TreeMap::new, Collectors.toList()));
    Map<String, String> cells = new LinkedHashMap<>();
    try (Session session = Session.open(backend, 1)) {
      families.forEach(
          (family, calls) ->
              TYPES.forEach(
                  type -> {
                    List<KernelCall> supported =
                        calls.stream().filter(call -> supports(session, call, type)).toList();
                    cells.put(family + " | " + type, cell(supported, calls));
                  }));
    }
    return cells;
  }

  private static String cell(List<KernelCall> supported, List<KernelCall> all) {
    if (supported.isEmpty()) {
      return "no";
    }
    return supported.size() == all.size()
        ? "yes"
        : supported.stream().map(KernelCall::kernel).collect(Collectors.joining(", "));
  }

  private static boolean supports(Session session, KernelCall float32, DType type) {
    KernelCall call = type == DType.BFLOAT16 ? inBfloat16(float32) : float32;
    try (GuardedTensors tensors = new GuardedTensors(session.device(), call, 0, null)) {
      call.run(session.kernels(), tensors);
      return true;
    } catch (IllegalArgumentException refused) {
      assertThat(refused).hasMessageContaining("the only type that this call takes");
      return false;
    }
  }

  /** With what is of type T in the contract, or if nothing is, all that is FLOAT32. */
  private static KernelCall inBfloat16(KernelCall call) {
    if (call.typed().isEmpty()) {
      call.arguments().stream()
          .filter(argument -> argument.dtype() == DType.FLOAT32)
          .forEach(argument -> call.typed(argument.name()));
    }
    return call.inBfloat16();
  }

  /** The contract's interface that declares the kernel, as a word: {@code layer norm}. */
  private static String family(String kernel) {
    Method method =
        Arrays.stream(Kernels.class.getMethods())
            .filter(m -> m.getName().equals(kernel))
            .findFirst()
            .orElseThrow();
    String name = method.getDeclaringClass().getSimpleName().replace("Kernels", "");
    return name.replaceAll("(?<=[a-z])(?=[A-Z])", " ").toLowerCase(Locale.ROOT);
  }

  private static Map<String, Map<String, String>> documented() throws IOException {
    Map<String, Map<String, String>> matrix = new TreeMap<>(rowOrder());
    if (!Files.exists(FILE)) {
      return matrix;
    }
    List<String[]> lines =
        Files.readAllLines(FILE).stream()
            .filter(line -> line.startsWith("| "))
            .map(line -> line.substring(2, line.length() - 2).split(" \\| "))
            .toList();
    String[] head = lines.get(0);
    for (String[] line : lines.subList(1, lines.size())) {
      Map<String, String> cells = new TreeMap<>();
      for (int column = 2; column < head.length; column++) {
        cells.put(head[column], line[column]);
      }
      matrix.put(line[0] + " | " + line[1], cells);
    }
    return matrix;
  }

  private static Comparator<String> rowOrder() {
    return Comparator.comparing((String row) -> row.split(" \\| ")[0])
        .thenComparing(row -> DType.valueOf(row.split(" \\| ")[1]));
  }

  private static String table(Map<String, Map<String, String>> matrix) {
    List<String> backends =
        matrix.values().stream()
            .flatMap(cells -> cells.keySet().stream())
            .distinct()
            .sorted()
            .toList();
    StringBuilder table = new StringBuilder();
    table.append("| family | type | ").append(String.join(" | ", backends)).append(" |\n");
    table.append("|---|---|").append("---|".repeat(backends.size())).append('\n');
    matrix.forEach(
        (row, cells) -> {
          table.append("| ").append(row);
          backends.forEach(b -> table.append(" | ").append(cells.getOrDefault(b, "no")));
          table.append(" |\n");
        });
    return table.toString();
  }
}
