package dev.autoprog.testing;

import org.bytedeco.javacpp.Loader;
import org.bytedeco.pytorch.global.torch;
import org.junit.platform.launcher.LauncherSession;
import org.junit.platform.launcher.LauncherSessionListener;

/**
 * Loads libtorch before any test runs. Both libtorch and the library's own native code use OpenMP;
 * in this order they share one runtime, in the other the process gets two. NNPACK, which libtorch
 * would try for each convolution, says each time that it has no use for a virtual machine.
 */
public final class LibtorchFirst implements LauncherSessionListener {
  @Override
  public void launcherSessionOpened(LauncherSession session) {
    Loader.load(torch.class);
    torch.set_num_threads(1);
    torch.globalContext().setUserEnabledNNPACK(false);
  }
}
