package dev.autoprog.testing;

import dev.autoprog.model.DenoisingNetwork;
import dev.autoprog.nn.Parameter;
import java.util.regex.Pattern;

/** Random weights where those of a fresh network are zero, and so keep gradients from the rest. */
public final class NothingZero {
  private static final Pattern ZERO_IF_FRESH =
      Pattern.compile(".*adaLN_modulation.*|final_layer.*|.*\\.conv2\\..*|.*proj_out.*|conv_out.*");

  private NothingZero() {}

  /** Draws them for a diffusion transformer or a UNet. */
  public static void in(DenoisingNetwork network) {
    RandomData random = RandomData.of("weights");
    for (Parameter p : network.parameters().all()) {
      if (ZERO_IF_FRESH.matcher(p.name()).matches()) {
        p.value().set(random.uniform(p.value().elements(), -0.03, 0.03));
      }
    }
    network.parameters().valuesChanged();
  }
}
