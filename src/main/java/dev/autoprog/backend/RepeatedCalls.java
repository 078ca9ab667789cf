package dev.autoprog.backend;

import dev.autoprog.tensor.Arena;
import dev.autoprog.tensor.DeviceMemoryException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Kernel calls that come again step by step, such as a training step's. Where the device can
 * capture calls, they are made one by one the first time, captured the second, and from then on
 * made as one, at the cost of one call; elsewhere they are always made one by one. What they
 * compute is the same.
 */
public final class RepeatedCalls implements AutoCloseable {
  /** How many different sequences are kept; of more, the one whose last use is longest ago goes. */
  static final int MOST = 16;

  private static final Logger LOG = LoggerFactory.getLogger(RepeatedCalls.class);

  private final Session session;
  private final Map<Key, Sequence> sequences = new LinkedHashMap<>(MOST, 0.75f, true);
  private boolean captures;

  /** Nothing repeated yet. */
  public RepeatedCalls(Session session) {
    this.session = session;
    this.captures = session.captures();
  }

  /**
   * Makes the calls of {@code calls}, which consist of kernel calls and allocations in the
   * session's arena alone: nothing is uploaded, downloaded or allocated elsewhere. They write what
   * is to be read afterwards to tensors that were there before; those that they allocate themselves
   * may be unusable.
   *
   * @param signature what the calls depend on: two runs with equal signatures, and the same space
   *     free in the arena, make the same calls with the same numbers and addresses
   */
  public void run(Object signature, Runnable calls) {
    if (!captures) {
      calls.run();
      return;
    }
    Key key = new Key(signature, session.arena().layout());
    Sequence sequence = sequences.get(key);
    if (sequence == null) {
      calls.run();
      add(key);
    } else if (sequence.captured != null || capture(sequence, calls)) {
      sequence.captured.replay();
    } else {
      calls.run();
    }
  }

  private void add(Key key) {
    sequences.put(key, new Sequence());
    if (sequences.size() > MOST) {
      Key oldest = sequences.keySet().iterator().next();
      sequences.remove(oldest).close();
    }
  }

  /** False where the device refuses; it is not asked again. */
  private boolean capture(Sequence sequence, Runnable calls) {
    try {
      sequence.captured = session.capture(calls);
    } catch (BackendException | DeviceMemoryException e) {
      LOG.warn("kernel calls are made one by one, since they cannot be captured", e);
      captures = false;
    }
    return captures;
  }

  /** How many sequences the device makes as one by now. */
  public long captured() {
    return sequences.values().stream().filter(sequence -> sequence.captured != null).count();
  }

  /** Forgets all calls: before memory that they use is given back. */
  public void clear() {
    List<Sequence> all = new ArrayList<>(sequences.values());
    sequences.clear();
    all.forEach(Sequence::close);
  }

  @Override
  public void close() {
    clear();
  }

  private record Key(Object signature, Arena.Layout layout) {}

  /** Calls that were made at least once. */
  private static final class Sequence {
    private CapturedCalls captured; // from the second time on

    void close() {
      if (captured != null) {
        captured.close();
      }
    }
  }
}
