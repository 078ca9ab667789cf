/**
 * Training runs of classifiers: configuration, learner, search, and the trainer that puts them
 * together.
 */
package dev.autoprog.train;
