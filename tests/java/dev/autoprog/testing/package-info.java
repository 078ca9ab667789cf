/**
 * What the tests share: random data, comparison, kernels called under guard, libtorch as oracle.
 */
package dev.autoprog.testing;
