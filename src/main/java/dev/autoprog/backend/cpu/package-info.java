/**
 * The backend {@code cpu}. Everything that computes is native, compiled once per instruction set
 * from {@code src/main/native}; the classes here load it and hand arguments over, one interface per
 * kernel family, named as its C++ file.
 *
 * <p>Not public API: free to change.
 */
package dev.autoprog.backend.cpu;
