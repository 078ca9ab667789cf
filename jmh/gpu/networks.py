"""The networks that are timed, by the names that the Java program NetworkTimes has for them."""

from unet import UNet
from vision_transformers import DiffusionTransformer, VisionTransformer

NETWORKS = {
    "vit-s": lambda: VisionTransformer(224, 16, 384, 12, 6, 1000),
    "dit-s": lambda: DiffusionTransformer(32, 2, 4, 384, 12, 6, 1000),
    "dit-xl": lambda: DiffusionTransformer(32, 2, 4, 1152, 28, 16, 1000),
    "unet": lambda: UNet(64, 4, 320, (1, 2, 4, 4), (0, 1, 2), 2, 8, 768),
    "vit-s-mini": lambda: VisionTransformer(32, 8, 48, 2, 3, 10),
    "dit-s-mini": lambda: DiffusionTransformer(8, 2, 4, 48, 2, 3, 10),
    "unet-mini": lambda: UNet(16, 4, 64, (1, 2), (0,), 1, 4, 48),
}
