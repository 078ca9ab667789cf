package dev.autoprog.train;

import dev.autoprog.InputException;
import dev.autoprog.backend.Session;
import dev.autoprog.tensor.Device;
import dev.autoprog.tensor.DeviceMemoryException;
import java.util.function.IntConsumer;

/** How large a batch may be, where a step with one has no room. */
public final class BatchMemory {
  /** What is taken for free of what is: an arena has gaps. */
  private static final double USABLE = 0.9;

  /** What kernels take beside the arena, for sums in parts and the like. */
  private static final long OF_KERNELS = 4L << 20;

  private BatchMemory() {}

  /**
   * What becomes of a network that grows, for a batch that fits now is to fit then.
   *
   * @param bytes that it will take, beside what it takes now
   * @param growth how many times what a sample takes now
   */
  public record Later(long bytes, double growth) {
    /** A network that stays as it is. */
    public static final Later SAME = new Later(0, 1);
  }

  /**
   * Says that there is no room for a step, and for how large a batch there is, from what steps with
   * one sample and with three take.
   *
   * @param batch that was too large
   * @param rehearsal makes a step's kernel calls, nothing learned, with so many samples
   * @param remedy what to do about it
   */
  public static InputException refusal(
      Session session,
      int batch,
      IntConsumer rehearsal,
      Later later,
      String remedy,
      DeviceMemoryException cause) {
    session.arena().close();
    Device device = session.device();
    long free = free(device);
    long usable = (long) ((USABLE * free - OF_KERNELS - later.bytes()) / later.growth());
    int fitting = Math.min(batch - 1, fitting(session, usable, rehearsal));
    return new InputException(
        "training.batch",
        "there is no room on %s for a step of %d samples, with %,d bytes free"
            .formatted(device.name(), batch, free),
        fitting > 0
            ? "at most " + fitting + ", which would fit"
            : "less than a single sample takes",
        remedy,
        cause);
  }

  private static int fitting(Session session, long bytes, IntConsumer rehearsal) {
    try {
      long one = peak(session, 1, rehearsal);
      long each = Math.max(1, (peak(session, 3, rehearsal) - one) / 2);
      return bytes < one
          ? 0
          : Math.toIntExact(Math.min(Integer.MAX_VALUE, 1 + (bytes - one) / each));
    } catch (DeviceMemoryException e) {
      return 0;
    }
  }

  private static long peak(Session session, int samples, IntConsumer rehearsal) {
    try {
      rehearsal.accept(samples);
      return session.arena().peakBytes();
    } finally {
      session.arena().close();
    }
  }

  /** The largest piece that can be had, to within a thousandth. */
  private static long free(Device device) {
    long least = 0;
    long most = 1 << 20;
    while (most < Long.MAX_VALUE / 2 && fits(device, most)) {
      least = most;
      most *= 2;
    }
    while (most - least > most / 1000) {
      long middle = least + (most - least) / 2;
      if (fits(device, middle)) {
        least = middle;
      } else {
        most = middle;
      }
    }
    return least;
  }

  /** Whether there is room for so many bytes in one piece. */
  static boolean fits(Device device, long bytes) {
    try {
      device.allocate(bytes).close();
      return true;
    } catch (DeviceMemoryException e) {
      return false;
    }
  }
}
