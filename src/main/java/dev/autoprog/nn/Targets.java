package dev.autoprog.nn;

/**
 * What the samples of a batch are to be classified as: one class each, or a mix of two.
 *
 * @param labels (B), each sample's class
 * @param partners (B), the class that is mixed in, or null for none
 * @param lambda λ, the share of {@code labels}, in [0, 1]; 1 without partners
 */
public record Targets(int[] labels, int[] partners, float lambda) {
  /** Checks that there are as many partners as labels, and the range of λ. */
  public Targets {
    if (partners == null ? lambda != 1 : partners.length != labels.length) {
      throw new IllegalArgumentException(
          "%d labels with %s partners and lambda %s"
              .formatted(labels.length, partners == null ? "no" : partners.length, lambda));
    }
    if (!(lambda >= 0 && lambda <= 1)) {
      throw new IllegalArgumentException("lambda is " + lambda + ", not in [0, 1]");
    }
  }

  /** One class each. */
  public static Targets of(int[] labels) {
    return new Targets(labels, null, 1);
  }

  /** The first mixed with the last, the second with the last but one and so on. */
  public static Targets mirrored(int[] labels, float lambda) {
    if (lambda == 1) {
      return of(labels);
    }
    int[] partners = new int[labels.length];
    for (int b = 0; b < partners.length; b++) {
      partners[b] = labels[labels.length - 1 - b];
    }
    return new Targets(labels, partners, lambda);
  }

  /** The class that has the larger share of sample {@code b}. */
  int main(int b) {
    return lambda < 0.5f ? partners[b] : labels[b];
  }
}
