/**
 * Layers. A layer declares its parameters in a {@link dev.autoprog.nn.ParameterSet.Builder} when it
 * is made; when all are declared, the set allocates them in one flat buffer per kind, and the layer
 * can run on a tape.
 */
package dev.autoprog.nn;
