/**
 * Files that other programs read too: tensors in the safetensors format, and the durable way of
 * writing that everything which must survive a crash goes through.
 */
package dev.autoprog.io;
