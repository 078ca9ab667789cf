/**
 * What every package shares: the exception for input that cannot be used, and numbers of things in
 * words.
 */
package dev.autoprog;
