package dev.autoprog.jmh;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The environment variables of a benchmark's process. OpenBLAS, malloc and OpenMP read theirs while
 * the process starts, so JMH is given a script that sets them and becomes Java.
 */
enum Environment {
  /** Nothing set, whatever the user's shell has set. */
  PLAIN(Map.of()),

  /**
   * What serves libtorch best: on AVX-512 the kernels for it, which OpenBLAS does not choose by
   * itself on every processor that has it; malloc keeps what is freed, on huge pages, instead of
   * giving every large tensor back to the system.
   */
  TUNED(tuned());

  private static final List<String> CLEARED =
      List.of(
          "OPENBLAS_CORETYPE",
          "OPENBLAS_L2_SIZE",
          "OPENBLAS_NUM_THREADS",
          "OMP_NUM_THREADS",
          "MALLOC_ARENA_MAX",
          "MALLOC_MMAP_MAX_",
          "MALLOC_TOP_PAD_",
          "MALLOC_TRIM_THRESHOLD_",
          "GLIBC_TUNABLES");

  private final Map<String, String> variables;

  Environment(Map<String, String> variables) {
    this.variables = variables;
  }

  private static Map<String, String> tuned() {
    Map<String, String> variables = new TreeMap<>();
    variables.put("MALLOC_ARENA_MAX", "1");
    variables.put("MALLOC_MMAP_MAX_", "0");
    variables.put("MALLOC_TOP_PAD_", Integer.toString(256 << 20));
    variables.put("MALLOC_TRIM_THRESHOLD_", Long.toString(64L << 30));
    variables.put("GLIBC_TUNABLES", "glibc.malloc.hugetlb=1");
    if (hasAvx512()) {
      variables.put("OPENBLAS_CORETYPE", "SKYLAKEX");
    }
    return variables;
  }

  private static boolean hasAvx512() {
    try {
      return Files.readString(Path.of("/proc/cpuinfo")).contains(" avx512f ");
    } catch (IOException e) {
      return false;
    }
  }

  /** Writes the script that stands for Java in this environment. */
  Path javaIn(Path directory) throws IOException {
    StringBuilder script = new StringBuilder("#!/bin/sh\n");
    script.append("unset ").append(String.join(" ", CLEARED)).append('\n');
    variables.forEach(
        (name, value) -> script.append("export ").append(name + "=" + value).append('\n'));
    script.append("exec '").append(Path.of(System.getProperty("java.home"), "bin", "java"));
    script.append("' \"$@\"\n");
    Path file = directory.resolve("java-" + name().toLowerCase(java.util.Locale.ROOT));
    Files.writeString(file, script);
    return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwx------"));
  }
}
