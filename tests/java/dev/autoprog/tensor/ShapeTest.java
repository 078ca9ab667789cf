package dev.autoprog.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class ShapeTest {
  @Test
  void countsAndNamesItsDimensions() {
    Shape shape = Shape.of(2, 3, 5);
    assertThat(shape.rank()).isEqualTo(3);
    assertThat(shape.elements()).isEqualTo(30);
    assertThat(shape.dim(0)).isEqualTo(2);
    assertThat(shape.dim(2)).isEqualTo(5);
    assertThat(shape.dim(-1)).isEqualTo(5);
    assertThat(shape.dim(-3)).isEqualTo(2);
    assertThat(shape).hasToString("(2, 3, 5)");
  }

  @Test
  void rankZeroIsAScalar() {
    assertThat(Shape.of().rank()).isZero();
    assertThat(Shape.of().elements()).isEqualTo(1);
    assertThat(Shape.of()).hasToString("()");
  }

  @Test
  void isAValue() {
    assertThat(Shape.of(2, 3)).isEqualTo(Shape.of(2, 3)).hasSameHashCodeAs(Shape.of(2, 3));
    assertThat(Shape.of(2, 3)).isNotEqualTo(Shape.of(3, 2)).isNotEqualTo(Shape.of(6));
  }

  @Test
  void doesNotChangeWithTheArraysItWasMadeOfOrGave() {
    long[] dims = {2, 3};
    Shape shape = Shape.of(dims);
    dims[0] = 7;
    shape.toArray()[1] = 7;
    assertThat(shape).isEqualTo(Shape.of(2, 3));
  }

  @Test
  void saysWhichDimensionItDoesNotHave() {
    for (int i : new int[] {2, -3}) {
      assertThatThrownBy(() -> Shape.of(7, 8).dim(i))
          .isInstanceOf(IndexOutOfBoundsException.class)
          .hasMessage("No dimension " + i + " in (7, 8)");
    }
  }

  @Test
  void refusesDimensionsBelowOne() {
    assertThatThrownBy(() -> Shape.of(2, 0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("[2, 0]");
    assertThatThrownBy(() -> Shape.of(-1)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void refusesMoreElementsThanALongCounts() {
    assertThatThrownBy(() -> Shape.of(1L << 32, 1L << 31))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("[4294967296, 2147483648]");
  }
}
