package dev.autoprog.cli;

import dev.autoprog.train.Trainer;
import java.util.concurrent.CountDownLatch;

/**
 * While open, Ctrl-C (or a polite kill) asks the trainer to stop and waits until it has written its
 * checkpoint.
 */
final class StopOnInterrupt implements AutoCloseable {
  private final CountDownLatch done = new CountDownLatch(1);
  private final Thread hook = new Thread(this::stop, "stop-on-interrupt");
  private Trainer trainer;
  private volatile boolean asked;

  /** From now on an interrupt stops this trainer. */
  void stops(Trainer trainer) {
    this.trainer = trainer;
    Runtime.getRuntime().addShutdownHook(hook);
  }

  private void stop() {
    asked = true;
    trainer.requestStop();
    try {
      done.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {
    done.countDown();
    if (!asked) {
      Runtime.getRuntime().removeShutdownHook(hook);
    }
  }
}
