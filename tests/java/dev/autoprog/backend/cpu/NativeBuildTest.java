package dev.autoprog.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code src/main/native/build.sh} on a tree of one kernel, in a folder whose name has a blank. */
class NativeBuildTest {
  private static final String NATIVE = "src/main/native/";
  private static final String BUILD = "target/native/";
  private static final String ONEDNN = BUILD + "onednn/org/bytedeco/dnnl/linux-x86_64";

  @TempDir private Path folder;
  private Path tree;

  @BeforeEach
  void writesTheTreeAndBuildsIt() throws IOException, InterruptedException {
    tree = folder.resolve("of one kernel");
    copy(NATIVE + "build.sh");
    copy(NATIVE + "incremental.sh");
    write(NATIVE + "autoprog.h", "int ap_kernel(void);\n");
    write(NATIVE + "autoprog_cpu.h", "");
    write("cuda-kernels/autoprog_cuda.h", "");
    write(NATIVE + "kernel.cpp", "#include \"autoprog.h\"\nint ap_kernel() { return 1; }\n");
    write(BUILD + "glue/jniautoprog.cpp", "");
    write(BUILD + "glue/jnijavacpp.cpp", "");
    Files.createDirectories(tree.resolve(ONEDNN));
    run("g++", "-shared", "-x", "c++", "/dev/null", "-o", tree.resolve(ONEDNN) + "/libdnnl.so.3");
    assertThat(built(tree)).isEqualTo(6);
  }

  @Test
  void aChangedHeaderIsSeen() throws IOException, InterruptedException {
    assertThat(built(tree)).isZero();
    change(tree);
    assertThat(built(tree)).isEqualTo(4);
  }

  @Test
  void aCopyOfABuiltTreeIsJudgedByItsOwnHeaders() throws IOException, InterruptedException {
    Path copied = folder.resolve("a copy of it");
    run("cp", "-a", tree.toString(), copied.toString());
    change(tree);
    assertThat(built(copied)).isZero();
    change(copied);
    assertThat(built(copied)).isEqualTo(4);
  }

  @Test
  void anotherCompilerCompilesEverything() throws IOException, InterruptedException {
    Map<String, String> another = Map.of("CXX", "c++");
    assertThat(built(tree, another)).isEqualTo(6);
    assertThat(built(tree, another)).isZero();
  }

  @Test
  void whatAKilledCompilerLeavesIsNoObject() throws IOException, InterruptedException {
    Path killed = folder.resolve("g++");
    Files.writeString(
        killed,
        """
        #!/usr/bin/env bash
        if [ "$1" = --version ]; then exec "$(type -aP g++ | tail -n 1)" --version; fi
        while [ "$1" != -o ]; do shift; done
        echo begun >"$2"
        kill -9 $$
        """);
    run("chmod", "+x", killed.toString());
    Files.delete(tree.resolve(BUILD + "avx2/kernel.o"));
    Process failing = building(tree, Map.of("PATH", folder + ":" + System.getenv("PATH"))).start();
    said(failing);
    assertThat(failing.waitFor()).isEqualTo(1);
    assertThat(built(tree)).isEqualTo(1);
  }

  private static int built(Path tree) throws IOException, InterruptedException {
    return built(tree, Map.of());
  }

  /** How many files a build of the tree has compiled. */
  private static int built(Path tree, Map<String, String> environment)
      throws IOException, InterruptedException {
    String said = succeed(building(tree, environment));
    return Integer.parseInt(said.replaceAll("\\D+", ""));
  }

  private static ProcessBuilder building(Path tree, Map<String, String> environment) {
    ProcessBuilder build =
        new ProcessBuilder(
            "bash",
            tree.resolve(NATIVE + "build.sh").toString(),
            tree.resolve(BUILD).toString(),
            tree.resolve("target/kernels").toString(),
            tree.resolve("target/glue").toString(),
            System.getProperty("java.home"));
    build.environment().putAll(environment);
    return build;
  }

  private static void run(String... command) throws IOException, InterruptedException {
    succeed(new ProcessBuilder(command));
  }

  private static String succeed(ProcessBuilder command) throws IOException, InterruptedException {
    Process process = command.redirectErrorStream(true).start();
    String said = said(process);
    assertThat(process.waitFor()).as(said).isZero();
    return said;
  }

  private static String said(Process process) throws IOException {
    return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
  }

  private static void change(Path tree) throws IOException {
    Files.setLastModifiedTime(
        tree.resolve(NATIVE + "autoprog.h"), FileTime.from(Instant.now().plusSeconds(60)));
  }

  private void copy(String file) throws IOException {
    write(file, Files.readString(Path.of(file)));
  }

  private void write(String file, String text) throws IOException {
    Path path = tree.resolve(file);
    Files.createDirectories(path.getParent());
    Files.writeString(path, text);
  }
}
