package dev.autoprog.jmh;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** What a benchmark class answers, in which precisions, and whom it compares us with. */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE)
public @interface Question {
  /** The question, in one sentence. */
  String value();

  /** Those of ours that have an answer. */
  Implementation[] ours() default {Implementation.AUTOPROG_FP32, Implementation.AUTOPROG_BF16};

  /** The peers that have an answer. */
  Implementation[] peers() default {
    Implementation.LIBTORCH, Implementation.LIBTORCH_BEST, Implementation.LIBTORCH_BF16
  };
}
