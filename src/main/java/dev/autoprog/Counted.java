package dev.autoprog;

/** Numbers of things as people read them: {@code 1 thread}, {@code 2 threads}. */
public final class Counted {
  private Counted() {}

  /**
   * The number and the thing, in the plural unless it is one.
   *
   * @param thing one of them, in a regular noun: {@code thread}, {@code batch}
   */
  public static String of(long count, String thing) {
    return count + " " + (count == 1 ? thing : plural(thing));
  }

  private static String plural(String thing) {
    boolean hisses = thing.endsWith("s") || thing.endsWith("ch") || thing.endsWith("sh");
    return thing + (hisses ? "es" : "s");
  }
}
