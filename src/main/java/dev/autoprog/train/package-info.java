/**
 * Training runs and what they leave on disk: the configuration file, the checkpoints and the log
 * that other programs read.
 */
package dev.autoprog.train;
