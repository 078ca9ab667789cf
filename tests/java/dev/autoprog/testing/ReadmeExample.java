package dev.autoprog.testing;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;

/** Code of a test that the README shows: what stands between two comments. */
public final class ReadmeExample {
  private ReadmeExample() {}

  /**
   * Throws unless the README has the lines between {@code // NAME: begin} and {@code // NAME: end}
   * of the test's source.
   */
  public static void assertShown(Class<?> test, String name) throws IOException {
    Path source = Path.of("tests/java", test.getName().replace('.', '/') + ".java");
    List<String> lines = Files.readAllLines(source);
    String example =
        lines
            .subList(
                lines.indexOf("    // " + name + ": begin") + 1,
                lines.indexOf("    // " + name + ": end"))
            .stream()
            .map(line -> line.isEmpty() ? line : line.substring(4))
            .collect(Collectors.joining("\n"));
    assertThat(Files.readString(Path.of("README.md"))).contains("```java\n" + example + "\n```");
  }
}
