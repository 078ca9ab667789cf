package dev.autoprog.backend;

/**
 * Whether a backend can serve on this machine.
 *
 * @param available whether it can
 * @param detail if so, what it runs on (processor, instruction set, device); if not, why and what
 *     to do about it
 */
public record Availability(boolean available, String detail) {
  /** It can serve, on what {@code detail} says. */
  public static Availability on(String detail) {
    return new Availability(true, detail);
  }

  /** It cannot serve, for the reason given, with the remedy where there is one. */
  public static Availability missing(String reason) {
    return new Availability(false, reason);
  }
}
