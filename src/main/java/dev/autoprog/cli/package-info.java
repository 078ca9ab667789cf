/** The commands: a thin layer over {@link dev.autoprog.train}; free to change. */
package dev.autoprog.cli;
