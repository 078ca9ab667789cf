package dev.autoprog.train;

import dev.autoprog.InputException;
import dev.autoprog.model.VitConfig;
import dev.autoprog.nn.Precision;
import dev.autoprog.tensor.Device;
import dev.autoprog.tensor.DeviceMemoryException;

/**
 * The memory that a network in training takes, what its steps allocate left out.
 *
 * @param averages how many moving averages are kept
 * @param marked whether all that steps change is there twice: a search does not inherit
 */
record NetworkMemory(VitConfig network, Precision precision, int averages, boolean marked) {
  /** Bytes of weights, gradients, two moments, averages and rounded weights. */
  long bytes() {
    return bytes(network);
  }

  private long bytes(VitConfig config) {
    long learned = 3L + averages;
    long perParameter = (1 + (marked ? 2 * learned : learned)) * Float.BYTES;
    if (precision == Precision.BF16) {
      perParameter += precision.activations().bytes();
    }
    return config.parameters() * perParameter;
  }

  /** Says that there is no room for it, and for how many blocks there is. */
  InputException refusal(Device device, DeviceMemoryException cause) {
    int fitting = network.depth() - 1;
    while (fitting > 0 && !BatchMemory.fits(device, bytes(network.withDepth(fitting)))) {
      fitting--;
    }
    return new InputException(
        "a network of " + network.depth() + " blocks",
        "it takes %,d bytes of %s (weights, gradients, moments, %d averages%s)"
            .formatted(
                bytes(),
                device.name(),
                averages,
                marked ? "; twice, for the search to return" : ""),
        fitting > 0
            ? "at most %d blocks, which would fit, with %,d bytes"
                .formatted(fitting, bytes(network.withDepth(fitting)))
            : "a network that fits; not even one block of this width does",
        "Lower model.depth or model.width, or keep fewer averages",
        cause);
  }
}
