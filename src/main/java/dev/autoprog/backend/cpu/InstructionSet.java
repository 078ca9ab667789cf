package dev.autoprog.backend.cpu;

import dev.autoprog.backend.BackendException;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What the kernels are compiled for, least first: the levels of x86-64 by the flags with which the
 * psABI defines them, as {@code /proc/cpuinfo} spells them, and what goes beyond.
 */
enum InstructionSet {
  /** x86-64-v2: 128-bit vectors. */
  BASELINE("cx16", "lahf_lm", "popcnt", "pni", "ssse3", "sse4_1", "sse4_2"),
  /**
   * x86-64-v3 without LZCNT, which some virtual machines hide: 256-bit vectors and fused
   * multiply-add.
   */
  AVX2(BASELINE, "avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "movbe", "xsave"),
  /** x86-64-v4, without LZCNT likewise: 512-bit vectors. */
  AVX512(AVX2, "avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"),
  /** With products of bfloat16. */
  AVX512BF16(AVX512, "avx512_bf16");

  private final InstructionSet below;
  private final Set<String> flags;

  InstructionSet(String... flags) {
    this(null, flags);
  }

  InstructionSet(InstructionSet below, String... flags) {
    this.below = below;
    this.flags = Set.of(flags);
  }

  /** The folder of its library, and the name by which users ask for it. */
  String id() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Whether a processor with these flags can run it. */
  boolean runsOn(Set<String> processorFlags) {
    return processorFlags.containsAll(flags) && (below == null || below.runsOn(processorFlags));
  }

  /**
   * What to run on a processor.
   *
   * @param requested an {@link #id()}, or null for the best that the processor can run
   * @throws BackendException if there is none of that name, or the processor cannot run it
   */
  static InstructionSet choose(Processor processor, String requested) {
    List<InstructionSet> usable =
        Arrays.stream(values()).filter(isa -> isa.runsOn(processor.flags())).toList();
    if (usable.isEmpty()) {
      throw new BackendException(
          "The processor ("
              + processor.name()
              + ") lacks x86-64-v2, the least that the kernels are compiled for; use the backend"
              + " reference");
    }
    if (requested == null) {
      return usable.stream().max(Comparator.naturalOrder()).orElseThrow();
    }
    for (InstructionSet isa : usable) {
      if (isa.id().equals(requested)) {
        return isa;
      }
    }
    boolean known = Arrays.stream(values()).anyMatch(isa -> isa.id().equals(requested));
    throw new BackendException(
        (known
                ? "The processor (" + processor.name() + ") cannot run " + requested
                : "There is no instruction set named " + requested)
            + "; it can run: "
            + usable.stream().map(InstructionSet::id).collect(Collectors.joining(", "))
            + ". Set "
            + CpuLibrary.ISA_PROPERTY
            + " or "
            + CpuLibrary.ISA_VARIABLE
            + " to one of these, or leave both unset for the best");
  }
}
