package dev.autoprog.model;

import dev.autoprog.backend.Session;
import dev.autoprog.nn.Precision;

/** What a denoising network looks like, whichever kind it is. */
public sealed interface DenoisingConfig permits DitConfig, UNetConfig {
  /** R, the image side that the network is made for, in pixels. */
  int resolution();

  /** What an image side must be a multiple of, in pixels. */
  int resolutionStep();

  /** How many classes it can be asked for; 0 for none. */
  int classes();

  /** Of how many training stages it has identifiers; 0 for none. */
  int stages();

  /** The network with fresh weights, drawn from {@code seed}. */
  DenoisingNetwork create(Session session, Precision precision, long seed);
}
