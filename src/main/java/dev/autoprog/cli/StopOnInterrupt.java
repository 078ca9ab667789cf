package dev.autoprog.cli;

import dev.autoprog.run.Stoppable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;

/**
 * While open, Ctrl-C (or a polite kill) asks the trainer to stop and waits until it has written its
 * checkpoint; a trainer that has not begun yet is not waited for.
 */
final class StopOnInterrupt implements AutoCloseable {
  private final CountDownLatch done = new CountDownLatch(1);
  private final Thread hook = new Thread(this::stop, "stop-on-interrupt");
  private Stoppable trainer;

  /** From now on an interrupt stops this trainer. */
  void stops(Stoppable trainer) {
    this.trainer = trainer;
    Runtime.getRuntime().addShutdownHook(hook);
  }

  /** From now on an interrupt is noted, for work that asks, and waited for until this is closed. */
  BooleanSupplier noted() {
    AtomicBoolean noted = new AtomicBoolean();
    stops(
        new Stoppable() {
          @Override
          public void requestStop() {
            noted.set(true);
          }

          @Override
          public boolean hasBegun() {
            return true;
          }
        });
    return noted::get;
  }

  private void stop() {
    trainer.requestStop();
    if (!trainer.hasBegun()) {
      return;
    }
    try {
      done.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {
    done.countDown();
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // the process is ending already, and the hook waits for nothing any more
    }
  }
}
