/** The optimizer, moving averages of the weights, and learning-rate schedules. */
package dev.autoprog.optim;
