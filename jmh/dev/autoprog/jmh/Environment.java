package dev.autoprog.jmh;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * The environment variables of a benchmark's process. OpenBLAS, malloc and OpenMP read theirs while
 * the process starts, so JMH is given a script that sets them and becomes Java.
 */
enum Environment {
  /** Nothing set, whatever the user's shell has set. */
  PLAIN(false, false),

  /**
   * malloc keeps what is freed, instead of giving every large tensor back to the system, and asks
   * for huge pages (glibc 2.35 and later), as our own memory does.
   */
  KEEPING_MEMORY(true, false),

  /**
   * That, and what serves libtorch's float32 products. OpenBLAS is told of AVX-512, which it does
   * not find by itself on every processor that has it; and as it brings threads of its own beside
   * OpenMP's, neither kind may spin while the other works (the block of DeiT-S: 320 ms, not 500).
   */
  KEEPING_MEMORY_AND_OPENBLAS(true, true);

  private static final String CLEARED = "'^(OPENBLAS|OMP|GOMP|KMP|MKL|MALLOC|GLIBC)_'";

  private final boolean keepingMemory;
  private final boolean openBlas;

  Environment(boolean keepingMemory, boolean openBlas) {
    this.keepingMemory = keepingMemory;
    this.openBlas = openBlas;
  }

  private Map<String, String> variables() throws IOException {
    Map<String, String> variables = new TreeMap<>();
    if (keepingMemory) {
      variables.put("GLIBC_TUNABLES", "glibc.malloc.hugetlb=1");
      variables.put("MALLOC_ARENA_MAX", "1");
      variables.put("MALLOC_MMAP_MAX_", "0");
      variables.put("MALLOC_TOP_PAD_", Integer.toString(256 << 20));
      variables.put("MALLOC_TRIM_THRESHOLD_", Long.toString(64L << 30));
    }
    if (openBlas) {
      variables.put("OMP_WAIT_POLICY", "passive");
      variables.put("OPENBLAS_THREAD_TIMEOUT", "4");
      if (Files.readString(Path.of("/proc/cpuinfo")).contains(" avx512f ")) {
        variables.put("OPENBLAS_CORETYPE", "SKYLAKEX");
      }
    }
    return variables;
  }

  /** Writes the script that stands for Java in this environment. */
  Path javaIn(Path directory) throws IOException {
    StringBuilder script = new StringBuilder("#!/bin/sh\n");
    script.append("unset $(env | cut -d= -f1 | grep -E " + CLEARED + ")\n");
    variables().forEach((name, value) -> script.append("export " + name + "=" + value + "\n"));
    Path java = Path.of(System.getProperty("java.home"), "bin", "java");
    script.append("exec '" + java + "' \"$@\"\n");
    Path file = directory.resolve("java-" + name().toLowerCase(Locale.ROOT).replace('_', '-'));
    Files.writeString(file, script);
    return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwx------"));
  }
}
