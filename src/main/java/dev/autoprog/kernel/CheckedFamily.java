package dev.autoprog.kernel;

/** What the checks of every family of kernels need. */
interface CheckedFamily {
  /** The kernels behind the checks. */
  Kernels unchecked();

  /** Begins the checks of a call: may the caller compute now, and are its arguments well formed. */
  ArgumentChecks begin(String kernel);
}
