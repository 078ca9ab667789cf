/**
 * What a comparison of runs comes to: read from the runs' files, worked out, written as {@code
 * summary.json} and as a page with plots; free to change. Needs XChart and Batik, which a program
 * that embeds the library does not inherit.
 */
package dev.autoprog.cli.report;
