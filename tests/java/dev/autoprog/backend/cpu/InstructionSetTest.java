package dev.autoprog.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.autoprog.backend.BackendException;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class InstructionSetTest {
  private static final String NEHALEM = "cx16 lahf_lm popcnt pni ssse3 sse4_1 sse4_2";
  private static final String HASWELL =
      NEHALEM + " avx avx2 bmi1 bmi2 f16c fma abm movbe xsave invpcid";
  private static final String SKYLAKE_X = HASWELL + " avx512f avx512bw avx512cd avx512dq avx512vl";

  private static final String ZEN_4 = SKYLAKE_X + " avx512_bf16";

  private static Processor processor(String flags) {
    return Processor.parse(
        List.of(
            "processor\t: 0", "model name\t: Some model", "flags\t\t: " + flags, "", "flags :"));
  }

  @Test
  void cpuinfoIsReadAtItsFirstProcessor() {
    assertThat(processor("a b  c")).isEqualTo(new Processor("Some model", Set.of("a", "b", "c")));
  }

  @ParameterizedTest
  @CsvSource({
    NEHALEM + ",BASELINE",
    HASWELL + ",AVX2",
    SKYLAKE_X + ",AVX512",
    ZEN_4 + ",AVX512BF16",
    // a virtual machine on Zen 5 that hides abm, which is LZCNT: nothing is compiled to it
    NEHALEM
        + " avx avx2 bmi1 bmi2 f16c fma movbe xsave"
        + " avx512f avx512bw avx512cd avx512dq avx512vl avx512_bf16,AVX512BF16"
  })
  void theBestIsTakenUnasked(String flags, InstructionSet best) {
    assertThat(InstructionSet.choose(processor(flags), null)).isEqualTo(best);
  }

  @ParameterizedTest
  @ValueSource(strings = {"avx512vl", "avx512f", "fma", "sse4_2"})
  void aMissingFlagCostsEveryLevelThatNeedsIt(String missing) {
    Set<String> flags = new TreeSet<>(processor(SKYLAKE_X).flags());
    flags.remove(missing);
    Processor lesser = new Processor("Some model", flags);
    if (missing.equals("sse4_2")) {
      assertThatThrownBy(() -> InstructionSet.choose(lesser, null))
          .isInstanceOf(BackendException.class)
          .hasMessageContaining("Some model")
          .hasMessageContaining("lacks x86-64-v2")
          .hasMessageContaining("reference");
    } else {
      assertThat(InstructionSet.choose(lesser, null))
          .isEqualTo(missing.equals("fma") ? InstructionSet.BASELINE : InstructionSet.AVX2);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"baseline", "avx2", "avx512"})
  void whatTheProcessorCanRunIsGivenWhenAsked(String requested) {
    assertThat(InstructionSet.choose(processor(SKYLAKE_X), requested).id()).isEqualTo(requested);
  }

  @Test
  void whatTheProcessorCannotRunIsRefusedWithWhatItCan() {
    assertThatThrownBy(() -> InstructionSet.choose(processor(HASWELL), "avx512"))
        .isInstanceOf(BackendException.class)
        .hasMessageContaining("Some model")
        .hasMessageContaining("cannot run avx512")
        .hasMessageContaining("it can run: baseline, avx2.")
        .hasMessageContaining("autoprog.isa")
        .hasMessageContaining("AUTOPROG_ISA");
  }

  @ParameterizedTest
  @ValueSource(strings = {"neon", "AVX2", ""})
  void anUnknownNameIsRefusedWithTheKnownOnes(String requested) {
    assertThatThrownBy(() -> InstructionSet.choose(processor(SKYLAKE_X), requested))
        .isInstanceOf(BackendException.class)
        .hasMessageContaining("There is no instruction set named " + requested)
        .hasMessageContaining("it can run: baseline, avx2, avx512.");
  }
}
