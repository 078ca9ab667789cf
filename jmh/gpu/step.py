#!/usr/bin/env python3
"""Times training steps of our Java library beside the same network in PyTorch, eager and compiled.

A step: forward, loss, backward, clipping by the gradients' norm, AdamW, and moving averages of the weights (four of a
vision transformer's, one of a diffusion model's); in bfloat16, the weights and their averages in float32.
PyTorch: autocast, AdamW(fused=True), averages by torch._foreach_lerp_; compiled is the whole network, or, where it has
more blocks than a ViT-S, one block for all of them, which takes seconds and not minutes; the UNet, whose maps lie in
channels-last order, takes minutes. The rate is ours.
"""

import sys

from measure import Bench, torch
from network_times import Subject, measure

PEERS = ("eager", "compiled")
SUBJECTS = [Subject("vit-s", 256), Subject("dit-s", 256), Subject("dit-xl", 32), Subject("unet", 8)]
SMALL = [Subject("vit-s-mini", 4), Subject("dit-s-mini", 4), Subject("unet-mini", 4)]
EMA_DECAY = 0.999
MOST_COMPILED_BLOCKS = 12
WARM_UPS = 5


def compile_all(network):
    """In place."""
    blocks = getattr(network, "blocks", ())  # alike
    for module in blocks if len(blocks) > MOST_COMPILED_BLOCKS else [network]:
        module.compile(dynamic=False)


def stepping(compiled):
    """How a peer takes a step."""

    def prepare(peer):
        network = peer.network
        if compiled:
            compile_all(network)
        weights = list(network.parameters())
        adam_w = torch.optim.AdamW(weights, 1e-4, weight_decay=0.05, fused=True)
        averages = [[w.detach().clone() for w in weights] for _ in range(4 if peer.is_vit else 1)]

        def step():
            adam_w.zero_grad()
            with peer.autocast():
                loss = peer.loss(network(*peer.inputs()))
            loss.backward()
            torch.nn.utils.clip_grad_norm_(weights, 1.0)
            adam_w.step()
            with torch.no_grad():
                for average in averages:
                    torch._foreach_lerp_(average, weights, 1 - EMA_DECAY)
            return loss.item()

        return step

    return prepare


def images_per_second(row, batch):
    return f"{batch / row['ours']['median_ms'] * 1e3:.0f} images/s"


def main():
    bench = Bench(__doc__, PEERS, width=20)
    subjects = bench.selected(SUBJECTS, SMALL)
    runs = bench.options.runs
    bench.heading()
    peers = {"eager": (stepping(False), runs, WARM_UPS), "compiled": (stepping(True), runs, WARM_UPS)}
    for subject in subjects:
        measure(bench, "step", subject, peers, runs, lambda row, s=subject: images_per_second(row, s.batch))
    return bench.exit_code()


if __name__ == "__main__":
    sys.exit(main())
