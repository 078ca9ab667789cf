package dev.autoprog.run;

/** A run that can be asked to stop and leaves behind what it needs to go on. */
public interface Stoppable {
  /** Asks the training thread to write a checkpoint and to return; callable from any thread. */
  void requestStop();

  /** Whether work is being done, or was, so that a stop has something to save. */
  boolean hasBegun();
}
