/**
 * What a training run keeps on disk, whatever it trains: its directory, its checkpoints and the log
 * that other programs read.
 */
package dev.autoprog.run;
