package dev.autoprog.backend.cpu;

import dev.autoprog.backend.BackendException;
import dev.autoprog.backend.jni.KernelLibrary;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.bytedeco.javacpp.Loader;

/**
 * The native libraries of this backend, loaded once per process: OpenMP's runtime and oneDNN from
 * the dnnl preset's platform jar, then the kernels for the best instruction set that the processor
 * can run, which find those by their soname.
 */
final class CpuLibrary {
  /** The system property that asks for an instruction set; it goes before the variable. */
  static final String ISA_PROPERTY = "autoprog.isa";

  /** The environment variable that asks for an instruction set. */
  static final String ISA_VARIABLE = "AUTOPROG_ISA";

  private static final List<String> NEEDED = List.of("libgomp.so.1", "libdnnl.so.3");

  private static CpuLibrary loaded;
  private static BackendException failure;

  private final Processor processor;
  private final InstructionSet isa;
  private final KernelLibrary kernels;

  private CpuLibrary(Processor processor, InstructionSet isa, KernelLibrary kernels) {
    this.processor = processor;
    this.isa = isa;
    this.kernels = kernels;
  }

  /**
   * The libraries, loaded by the first call.
   *
   * @throws BackendException if that failed, with the reason and what to do; every later call
   *     throws the same
   */
  static synchronized CpuLibrary load() {
    if (loaded == null && failure == null) {
      try {
        loaded = loadAll();
      } catch (BackendException e) {
        failure = e;
      } catch (IOException | LinkageError e) {
        failure = new BackendException("The native kernels cannot be loaded: " + e.getMessage(), e);
      }
    }
    if (failure != null) {
      throw failure;
    }
    return loaded;
  }

  /** The processor that this runs on. */
  Processor processor() {
    return processor;
  }

  /** The instruction set that was loaded. */
  InstructionSet isa() {
    return isa;
  }

  /** The kernels. */
  KernelLibrary kernels() {
    return kernels;
  }

  private static CpuLibrary loadAll() throws IOException {
    String property = System.getProperty(ISA_PROPERTY);
    Processor processor = Processor.ofThisMachine();
    InstructionSet isa =
        InstructionSet.choose(processor, property != null ? property : System.getenv(ISA_VARIABLE));
    for (String needed : NEEDED) {
      if (!isMapped(needed)) {
        loadCached(needed);
      }
    }
    String name = "linux-x86_64/" + isa.id() + "/libautoprog.so";
    KernelLibrary kernels =
        KernelLibrary.open(CpuLibrary.class, name)
            .orElseThrow(
                () ->
                    new BackendException(
                        name + " is not on the class path; build AutoProg without -Djavacpp.skip"));
    return new CpuLibrary(processor, isa, kernels);
  }

  /**
   * Whether the process has a library of this name already: from libtorch for instance, where a
   * second copy of OpenMP's runtime would bring a second team of threads; or from another class
   * loader, beside which the virtual machine refuses to load the same file.
   */
  private static boolean isMapped(String library) throws IOException {
    try (Stream<String> maps =
        Files.lines(Path.of("/proc/self/maps"), StandardCharsets.ISO_8859_1)) {
      return maps.anyMatch(line -> line.endsWith("/" + library));
    }
  }

  /** Loads a library of the dnnl preset from JavaCPP's cache, where it is copied once. */
  private static void loadCached(String name) throws IOException {
    String resource = "/org/bytedeco/dnnl/linux-x86_64/" + name;
    File file = Loader.cacheResource(CpuLibrary.class, resource);
    if (file == null) {
      throw new BackendException(
          resource
              + " is not on the class path; add the artifact org.bytedeco:dnnl, classifier"
              + " linux-x86_64");
    }
    System.load(file.getPath());
  }
}
