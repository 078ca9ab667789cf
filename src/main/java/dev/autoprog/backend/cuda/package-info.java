/** The place of the backend {@code cuda} on the ladder. Not public API: free to change. */
package dev.autoprog.backend.cuda;
