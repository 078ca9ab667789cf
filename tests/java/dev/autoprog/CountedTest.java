package dev.autoprog;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class CountedTest {
  @Test
  void oneIsSingular() {
    assertThat(Counted.of(1, "thread")).isEqualTo("1 thread");
    assertThat(Counted.of(0, "head")).isEqualTo("0 heads");
    assertThat(Counted.of(2, "batch")).isEqualTo("2 batches");
    assertThat(Counted.of(10, "class")).isEqualTo("10 classes");
    assertThat(Counted.of(1, "class")).isEqualTo("1 class");
  }
}
