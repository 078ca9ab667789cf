package dev.autoprog.diffusion;

/**
 * What a network predicts about the noise in x_t = √ᾱ x_0 + √(1 − ᾱ) ε. Each is a sum of x_0 and ε
 * with other factors, so any one of them and x_t give the others.
 */
public enum Prediction {
  /** ε, the noise (Ho et al. 2020). */
  EPSILON {
    @Override
    public Blend target(double alphaBar) {
      return new Blend(0, 1);
    }
  },

  /** v = √ᾱ ε − √(1 − ᾱ) x_0 (Salimans and Ho 2022). */
  VELOCITY {
    @Override
    public Blend target(double alphaBar) {
      return new Blend(-Math.sqrt(1 - alphaBar), Math.sqrt(alphaBar));
    }
  };

  private static final Blend CLEAN = new Blend(1, 0);

  /** This, as a sum of x_0 and ε: what the network is trained to give. */
  public abstract Blend target(double alphaBar);

  /** x_0 as a sum of x_t and this. */
  public Blend toClean(double alphaBar) {
    return solve(target(alphaBar), CLEAN, alphaBar);
  }

  /** This as a sum of x_t and x_0. */
  public Blend fromClean(double alphaBar) {
    return solve(CLEAN, target(alphaBar), alphaBar);
  }

  /** Another prediction as a sum of x_t and this. */
  public Blend to(Prediction other, double alphaBar) {
    return solve(target(alphaBar), other.target(alphaBar), alphaBar);
  }

  /** {@code wanted} as a sum of x_t and {@code given}, both of which are sums of x_0 and ε. */
  private static Blend solve(Blend given, Blend wanted, double alphaBar) {
    double signal = Math.sqrt(alphaBar);
    double noise = Math.sqrt(1 - alphaBar);
    double determinant = signal * given.second() - noise * given.first();
    return new Blend(
        (wanted.first() * given.second() - wanted.second() * given.first()) / determinant,
        (signal * wanted.second() - noise * wanted.first()) / determinant);
  }
}
