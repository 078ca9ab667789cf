package dev.autoprog.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

class BackendTest {
  @Test
  void theReferenceIsTheLastRungAndAlwaysServes() {
    List<Backend> all = Backend.all();
    Backend last = all.get(all.size() - 1);
    assertThat(last.name()).isEqualTo("reference");
    assertThat(last.availability().available()).isTrue();
    assertThat(last.availability().detail()).contains("plain Java", "float64");
    assertThat(Backend.named("reference").name()).isEqualTo("reference");
  }

  @Test
  void autoTakesTheFirstThatServes() {
    Backend expected =
        Backend.all().stream().filter(b -> b.availability().available()).findFirst().orElseThrow();
    assertThat(Backend.auto().name()).isEqualTo(expected.name());
    assertThat(Backend.named("auto").name()).isEqualTo(expected.name());
  }

  @Test
  void anUnknownNameIsRefusedWithTheKnownOnes() {
    assertThatThrownBy(() -> Backend.named("tpu"))
        .isInstanceOf(BackendException.class)
        .hasMessageContaining("tpu")
        .hasMessageContaining("auto")
        .hasMessageContaining("reference");
  }

  @Test
  void aBackendThatCannotServeSaysWhyAndIsNotReplaced() {
    for (Backend backend : Backend.all()) {
      if (!backend.availability().available()) {
        assertThat(backend.availability().detail()).isNotBlank();
        assertThatThrownBy(() -> Backend.named(backend.name()))
            .isInstanceOf(BackendException.class)
            .hasMessageContaining(backend.availability().detail());
      }
    }
  }

  @Test
  @EnabledOnOs(
      value = OS.LINUX,
      architectures = {"amd64", "x86_64"})
  void theCpuServesOnLinux() {
    assertThat(Backend.named("cpu").availability().available()).isTrue();
  }
}
