/**
 * Configuration: YAML files to records and back, strictly. Every default is visible in what is
 * written, and a key that is unknown, of the wrong type or out of range is named with what to do.
 */
package dev.autoprog.config;
