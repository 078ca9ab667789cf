/**
 * AutoProg-One: a stage's network is found while training, by an elastic supernet (Li et al. 2022).
 * {@link dev.autoprog.progressive.search.SearchSpace} lists the candidates, {@link
 * dev.autoprog.progressive.search.OneShotSearch} trains, probes and times them in one supernet, and
 * {@link dev.autoprog.progressive.search.SearchDecision} says which one won, and why.
 *
 * <p>Pure: it touches no tensor. Whatever implements {@link
 * dev.autoprog.progressive.search.Searchable} can be searched, another library's model included.
 */
package dev.autoprog.progressive.search;
