package dev.autoprog.config;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * The other kind of configuration that may be given for this one by mistake: {@link ConfigFile}
 * recognizes it by keys that it alone has, and says where it belongs.
 */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE)
public @interface Sibling {
  /** Top-level keys of the other that this one does not have. */
  String[] keys();

  /** What the other is of: {@code a classifier}. */
  String of();

  /** What this one is of. */
  String instead();

  /** A sentence that says what takes the other. */
  String remedy();
}
