/**
 * What can be said of a network without training it, or of what it gives: the condition of its
 * neural tangent kernel and ZiCo, both from one backward pass a batch. Each measure is a sink of
 * the tape's backward pass, and takes another trainer's gradients just as well. Generated images
 * are judged in the feature space of a {@link dev.autoprog.metric.FeatureExtractor}.
 */
package dev.autoprog.metric;
