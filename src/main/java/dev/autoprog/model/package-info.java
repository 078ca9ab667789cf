/** The networks, as graphs over layers, and their named sizes. */
package dev.autoprog.model;
