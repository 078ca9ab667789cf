package dev.autoprog.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code cuda-kernels/find-cuda.sh}, where an nvcc is on the PATH and another in CUDA_HOME. */
class FindCudaTest {
  @TempDir private Path onPath;
  @TempDir private Path home;

  private static void write(Path folder, String body) throws IOException {
    Path nvcc = folder.resolve("bin/nvcc");
    Files.createDirectories(nvcc.getParent());
    Files.writeString(nvcc, "#!/bin/sh\n" + body);
    assertThat(nvcc.toFile().setExecutable(true)).isTrue();
  }

  /** An nvcc that says where it lies, and its release. */
  private static void toolkit(Path folder, String release) throws IOException {
    write(
        folder,
        """
        case $1 in
          --dryrun) echo '#$ TOP=%s/bin/..' >&2 ;;
          --version) echo 'Cuda compilation tools, release %s, V%s.99' ;;
        esac
        """
            .formatted(folder, release, release));
  }

  private String found() throws IOException, InterruptedException {
    ProcessBuilder builder = new ProcessBuilder("bash", "cuda-kernels/find-cuda.sh");
    builder.environment().put("CUDA_HOME", home.toString());
    builder.environment().put("PATH", onPath.resolve("bin") + ":" + System.getenv("PATH"));
    Process process = builder.redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(said).isBetween(0, 1);
    return said.strip();
  }

  @Test
  void theOneOnThePathIsFirst() throws IOException, InterruptedException {
    toolkit(onPath, "12.4");
    toolkit(home, "13.0");
    assertThat(found()).isEqualTo(onPath.toString());
  }

  @Test
  void oneThatIsBrokenOrTooOldIsPassedBy() throws IOException, InterruptedException {
    toolkit(home, "12.10");
    write(onPath, "exit 1\n");
    assertThat(found()).isEqualTo(home.toString());
    toolkit(onPath, "11.8");
    assertThat(found()).isEqualTo(home.toString());
  }

  @Test
  void whereAllAreTooOldTheirReleasesAreTold() throws IOException, InterruptedException {
    toolkit(onPath, "11.8");
    toolkit(home, "12.0");
    String found = found();
    if (!found.equals("/usr/local/cuda")) {
      assertThat(found).contains(onPath + " has 11.8", home + " has 12.0", "12.4 or later");
    }
  }
}
