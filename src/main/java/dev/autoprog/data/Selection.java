package dev.autoprog.data;

import dev.autoprog.InputException;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;

/**
 * Which part of a data set is used.
 *
 * @param classes whose images; none for all
 * @param perClass how many of each, the first; 0 for all
 */
public record Selection(Set<Integer> classes, int perClass) {
  /** Copies the set and checks the number. */
  public Selection {
    classes = Set.copyOf(classes);
    if (perClass < 0) {
      throw new IllegalArgumentException(perClass + " images of each class");
    }
  }

  /** The images of these classes. */
  public static Selection ofClasses(Set<Integer> classes) {
    return new Selection(classes, 0);
  }

  /** Whether it leaves nothing out. */
  public boolean isEverything() {
    return classes.isEmpty() && perClass == 0;
  }

  /** All images of the same classes: what one validates on. */
  public Selection unlimited() {
    return ofClasses(classes);
  }

  /**
   * Where the selected are, in order.
   *
   * @throws InputException if there is no such class, or one has not as many as are asked for, one
   *     at least
   */
  public int[] of(LabelledData data) throws InputException {
    int known = data.classNames().size();
    Set<Integer> wanted = new TreeSet<>(classes);
    if (wanted.isEmpty()) {
      IntStream.range(0, known).forEach(wanted::add);
    }
    for (int label : wanted) {
      if (label < 0 || label >= known) {
        throw new InputException(
            "classes", "class " + label, "0 to " + (known - 1), "Name classes that there are");
      }
    }
    int[] found = new int[known];
    int most = perClass == 0 ? Integer.MAX_VALUE : perClass;
    int[] indices =
        IntStream.range(0, data.size())
            .filter(i -> wanted.contains(data.label(i)) && found[data.label(i)]++ < most)
            .toArray();
    for (int label : wanted) {
      if (found[label] < Math.max(1, perClass)) {
        throw tooFew(label, data.classNames().get(label), found[label]);
      }
    }
    return indices;
  }

  private InputException tooFew(int label, String name, int found) {
    String what = "class " + label + " (" + name + ")";
    return found == 0
        ? new InputException(
            "classes", "no image of " + what, "at least one", "Leave the class out")
        : new InputException(
            "per_class", found + " images of " + what, "at least " + perClass, "Ask for fewer");
  }
}
