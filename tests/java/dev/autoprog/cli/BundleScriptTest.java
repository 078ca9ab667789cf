package dev.autoprog.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@code ./autoprog bundle} from another folder, up to the Java runtime, which there is none of.
 */
class BundleScriptTest {
  @TempDir private Path checkout;
  @TempDir private Path elsewhere;

  @BeforeEach
  void writesACheckoutWhoseBuildDoesNothing() throws IOException {
    for (String file : List.of("autoprog", "cuda-kernels/bundle.sh", "cuda-kernels/find-cuda.sh")) {
      write(file, Files.readString(Path.of(file)));
    }
    for (String file : List.of("mvnw", "cuda-kernels/build.sh", "cuda/bin/nvcc")) {
      write(file, "#!/bin/sh\n");
    }
    write("out/mine", "kept");
  }

  @Test
  void aRelativeFolderIsTheCallers() throws IOException, InterruptedException {
    bundle("out");
    assertThat(elsewhere.resolve("out/lib")).isDirectory();
    assertThat(checkout.resolve("out/mine")).hasContent("kept");
  }

  @Test
  void helpBuildsNothing() throws IOException, InterruptedException {
    assertThat(bundle("--help")).startsWith("bundle.sh [DIR]").doesNotContain("building", "set -");
  }

  @Test
  void anOptionThatThereIsNotIsRefused() throws IOException, InterruptedException {
    assertThat(bundle("--quick")).startsWith("bundle: ").contains("--quick").contains("--help");
    assertThat(bundle("a", "b")).startsWith("bundle: ").contains("a b");
    assertThat(elsewhere).isEmptyDirectory();
  }

  private String bundle(String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(checkout.resolve("autoprog").toString()));
    command.add("bundle");
    command.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(command).directory(elsewhere.toFile());
    builder.environment().put("CUDA_HOME", checkout.resolve("cuda").toString());
    builder.environment().put("JAVA_HOME", checkout.toString());
    Process process = builder.redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    process.waitFor();
    return said;
  }

  private void write(String file, String text) throws IOException {
    Path path = checkout.resolve(file);
    Files.createDirectories(path.getParent());
    Files.writeString(path, text);
    assertThat(path.toFile().setExecutable(true)).isTrue();
  }
}
