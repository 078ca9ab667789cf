#!/usr/bin/env python3
"""Times the neural tangent kernel and ZiCo of our Java library beside the ways of published programs.

ntk: of 16 samples, of their summed outputs. `published`: one backward pass for each sample, each gradient copied to the
host, the products there (once, without a warm-up: seconds). `func`: torch.func's gradients of each sample, vectorised,
their products on the GPU. Ours ends with the condition number. All in bfloat16.
zico: of two batches. `published`: a backward pass for each, the gradients copied to the host, the statistics there.
The rate: how many times as fast as each of the peers ours is.
"""

import sys

from measure import Bench, torch
from network_times import Subject, measure

PEERS = ("published", "func")
SUBJECTS = [Subject("vit-s", 16), Subject("dit-s", 16), Subject("dit-xl", 16)]
SMALL = [Subject("vit-s-mini", 4), Subject("dit-s-mini", 4)]
ZICO_BATCHES = 2
OUR_RUNS = 10


def weights_of(network):
    return {name: w for name, w in network.named_parameters() if w.requires_grad}


def by_passes(peer):
    """The kernel as published programs find it."""
    weights = list(weights_of(peer.network).values())
    gradients = torch.empty(peer.batch, sum(w.numel() for w in weights))

    def kernel():
        with peer.autocast():
            answers = peer.network(*peer.inputs()).float().flatten(1).sum(1)
        for i, answer in enumerate(answers):
            of_sample = torch.autograd.grad(answer, weights, retain_graph=True)
            gradients[i].copy_(torch.cat([g.flatten() for g in of_sample]))
        return gradients @ gradients.T

    return kernel


def by_func(peer):
    """The kernel from vectorised gradients of each sample."""
    weights = {name: w.detach() for name, w in weights_of(peer.network).items()}

    def answer(weights, *sample):
        with peer.autocast():
            outputs = torch.func.functional_call(peer.network, weights, tuple(x[None] for x in sample))
        return outputs.float().sum()

    inputs = peer.inputs()
    each = torch.func.vmap(torch.func.grad(answer), in_dims=(None, *[0] * len(inputs)))

    def kernel():
        gradients = each(weights, *peer.inputs())
        return sum(g.flatten(1) @ g.flatten(1).T for g in gradients.values()).tolist()

    return kernel


def zico_on_host(peer):
    """ZiCo (Li et al. 2023) of the weights of linear and convolution layers."""
    layers = [m.weight for m in peer.network.modules() if isinstance(m, (torch.nn.Linear, torch.nn.Conv2d))]

    def zico():
        batches = []
        for _ in range(ZICO_BATCHES):
            with peer.autocast():
                loss = peer.loss(peer.network(*peer.inputs()))
            batches.append([g.flatten().cpu() for g in torch.autograd.grad(loss, layers)])
            peer.images.neg_()  # another batch
        total = 0.0
        for gradients in zip(*batches):
            g = torch.stack(gradients)
            deviation = g.std(0, unbiased=False)
            differs = deviation > 0
            if differs.any():
                total += (g.abs().mean(0)[differs] / deviation[differs]).sum().log()
        return float(total)

    return zico


def ratios(row):
    return ", ".join(f"{row[p]['median_ms'] / row['ours']['median_ms']:.1f} x" for p in PEERS if p in row)


def main():
    bench = Bench(__doc__, PEERS, width=20)
    subjects = bench.selected(SUBJECTS, SMALL)
    runs = min(OUR_RUNS, bench.options.runs)
    bench.heading()
    for subject in subjects:
        kernel = {"published": (by_passes, 1, 0), "func": (by_func, runs, 2)}
        measure(bench, "ntk", subject, kernel, runs, ratios)
        measure(bench, "zico", subject, {"published": (zico_on_host, 1, 0)}, runs, ratios)
    return bench.exit_code()


if __name__ == "__main__":
    sys.exit(main())
