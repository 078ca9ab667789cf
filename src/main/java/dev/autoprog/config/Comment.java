package dev.autoprog.config;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * What a key of a configuration means: written above the key by {@link ConfigFile}. On a record it
 * stands at the head of a file that begins with that record.
 */
@Retention(RetentionPolicy.RUNTIME)
@Target({ElementType.RECORD_COMPONENT, ElementType.TYPE})
public @interface Comment {
  /** One or a few sentences, with units; lines are broken where they become too long. */
  String value();
}
