package dev.autoprog.cli;

import dev.autoprog.train.Trainer;
import java.util.concurrent.CountDownLatch;

/**
 * While open, Ctrl-C (or a polite kill) asks the trainer to stop and waits until it has written its
 * checkpoint.
 */
final class StopOnInterrupt implements AutoCloseable {
  private final CountDownLatch done = new CountDownLatch(1);
  private final Thread hook;
  private volatile boolean asked;

  StopOnInterrupt(Trainer trainer) {
    hook =
        new Thread(
            () -> {
              asked = true;
              trainer.requestStop();
              try {
                done.await();
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            },
            "stop-on-interrupt");
    Runtime.getRuntime().addShutdownHook(hook);
  }

  @Override
  public void close() {
    done.countDown();
    if (!asked) {
      Runtime.getRuntime().removeShutdownHook(hook);
    }
  }
}
