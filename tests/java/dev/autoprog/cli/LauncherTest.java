package dev.autoprog.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code ./autoprog}, with a Java that tells its locale and a build that makes an empty jar. */
class LauncherTest {
  @TempDir private Path checkout;

  @BeforeEach
  void writesTheCheckout() throws IOException {
    write("autoprog", Files.readString(Path.of("autoprog")));
    write("mvnw", "#!/bin/sh\ntouch target/autoprog-0.1.0.jar\n");
    write("pom.xml", "");
    Files.createDirectories(checkout.resolve("src"));
    write("jdk/bin/javac", "");
    write(
        "jdk/bin/java",
        """
        #!/bin/sh
        [ "$1" = -version ] && echo 'openjdk version "17.0.1"' >&2 || locale charmap
        """);
  }

  @Test
  void namesAreUtf8WhereTheLocaleIsAsciiOrMissing() throws IOException, InterruptedException {
    for (String locale : List.of("C", "C.UTF-8", "xx_XX.UTF-8", "")) {
      assertThat(charmap(Map.of("LANG", locale))).as(locale).isEqualTo("UTF-8");
    }
    assertThat(charmap(Map.of("LANG", "C.UTF-8", "LC_ALL", "POSIX"))).isEqualTo("UTF-8");
  }

  private String charmap(Map<String, String> locale) throws IOException, InterruptedException {
    ProcessBuilder builder = new ProcessBuilder(checkout.resolve("autoprog").toString());
    builder.redirectError(ProcessBuilder.Redirect.DISCARD);
    builder.environment().keySet().removeIf(name -> name.startsWith("LC_"));
    builder.environment().putAll(locale);
    builder.environment().put("JAVA_HOME", checkout.resolve("jdk").toString());
    Process process = builder.start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).isZero();
    return said.strip();
  }

  private void write(String file, String text) throws IOException {
    Path path = checkout.resolve(file);
    Files.createDirectories(path.getParent());
    Files.writeString(path, text);
    assertThat(path.toFile().setExecutable(true)).isTrue();
  }
}
