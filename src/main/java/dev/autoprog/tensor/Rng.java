package dev.autoprog.tensor;

/**
 * Counter-based random numbers: Philox 4×32-10 (Salmon et al., <i>Parallel random numbers: as easy
 * as 1, 2, 3</i>, SC 2011). A generator is named by a seed and a path of integers (stage, epoch,
 * sample …), so any number can be drawn again at any time, in any order, on any thread.
 */
public final class Rng {
  private static final int MULTIPLIER_0 = 0xD2511F53;
  private static final int MULTIPLIER_1 = 0xCD9E8D57;
  private static final int WEYL_0 = 0x9E3779B9;
  private static final int WEYL_1 = 0xBB67AE85;
  private static final int ROUNDS = 10;

  /** 2⁶⁴ divided by the golden ratio, odd. */
  private static final long GOLDEN_RATIO = 0x9E3779B97F4A7C15L;

  private final int key0;
  private final int key1;
  private final int stream0;
  private final int stream1;
  private long block;
  private final int[] words = new int[4];
  private int next = 4;
  private double spareGaussian = Double.NaN;

  private Rng(long key, long stream) {
    this.key0 = (int) key;
    this.key1 = (int) (key >>> 32);
    this.stream0 = (int) stream;
    this.stream1 = (int) (stream >>> 32);
  }

  /** The generator that {@code seed} and the path name; equal names give equal numbers. */
  public static Rng of(long seed, long... path) {
    return ofStream(seed, stream(path));
  }

  /** The generator of a seed's stream: {@code of(seed, path)} is that of {@code stream(path)}. */
  public static Rng ofStream(long seed, long stream) {
    return new Rng(seed, stream);
  }

  /** The number of a path, with which a seed's words begin. */
  public static long stream(long... path) {
    long stream = GOLDEN_RATIO;
    for (long step : path) {
      stream = mix(stream * GOLDEN_RATIO + step + 1);
    }
    return stream;
  }

  /** 32 random bits. */
  public int nextInt() {
    if (next == 4) {
      philox((int) block, (int) (block >>> 32), stream0, stream1, key0, key1, words);
      block++;
      next = 0;
    }
    return words[next++];
  }

  /** An integer in [0, bound), without bias worth the name (bound ≪ 2³²; Lemire's product). */
  public int nextInt(int bound) {
    if (bound < 1) {
      throw new IllegalArgumentException("bound " + bound + " is below 1");
    }
    return (int) (((nextInt() & 0xFFFFFFFFL) * bound) >>> 32);
  }

  /** A float in [0, 1), 24 random bits. */
  public float nextFloat() {
    return (nextInt() >>> 8) * 0x1p-24f;
  }

  /** A double in [0, 1), 53 random bits. */
  public double nextDouble() {
    long high = nextInt() >>> 5;
    long low = nextInt() >>> 6;
    return (high * 0x1p26 + low) * 0x1p-53;
  }

  /** A draw from the standard normal distribution (Box and Muller). */
  public double nextGaussian() {
    if (!Double.isNaN(spareGaussian)) {
      double spare = spareGaussian;
      spareGaussian = Double.NaN;
      return spare;
    }
    double radius = Math.sqrt(-2 * Math.log(1 - nextDouble()));
    double angle = 2 * Math.PI * nextDouble();
    spareGaussian = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }

  /** A draw from N(0, std²) that is drawn again while it lies beyond two standard deviations. */
  public float nextTruncatedGaussian(double std) {
    double z;
    do {
      z = nextGaussian();
    } while (Math.abs(z) > 2);
    return (float) (z * std);
  }

  /** The integers 0 … n − 1 in random order (Fisher and Yates). */
  public int[] permutation(int n) {
    int[] order = new int[n];
    for (int i = 0; i < n; i++) {
      int j = nextInt(i + 1);
      order[i] = order[j];
      order[j] = i;
    }
    return order;
  }

  /** One Philox block: four counter words and two key words to four output words. */
  static void philox(int c0, int c1, int c2, int c3, int k0, int k1, int[] out) {
    for (int round = 0; round < ROUNDS; round++) {
      long p0 = (MULTIPLIER_0 & 0xFFFFFFFFL) * (c0 & 0xFFFFFFFFL);
      long p1 = (MULTIPLIER_1 & 0xFFFFFFFFL) * (c2 & 0xFFFFFFFFL);
      c0 = (int) (p1 >>> 32) ^ c1 ^ k0;
      c1 = (int) p1;
      c2 = (int) (p0 >>> 32) ^ c3 ^ k1;
      c3 = (int) p0;
      k0 += WEYL_0;
      k1 += WEYL_1;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
  }

  private static long mix(long z) {
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }
}
