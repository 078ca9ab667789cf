package dev.autoprog.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
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

  /** How many files a build of the tree has compiled. */
  private static int built(Path tree) throws IOException, InterruptedException {
    String said =
        run(
            "bash",
            tree.resolve(NATIVE + "build.sh").toString(),
            tree.resolve(BUILD).toString(),
            tree.resolve("target/kernels").toString(),
            tree.resolve("target/glue").toString(),
            System.getProperty("java.home"));
    return Integer.parseInt(said.replaceAll("\\D+", ""));
  }

  private static String run(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(said).isZero();
    return said;
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
