/**
 * Benchmarks: one class per question, our implementations beside the peers', in one run. {@link
 * dev.autoprog.jmh.Bench} runs them; {@code ./autoprog bench} runs that and makes a table of it.
 */
package dev.autoprog.jmh;
