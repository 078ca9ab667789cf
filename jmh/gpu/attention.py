#!/usr/bin/env python3
"""Times attention beside the kernels of PyTorch's scaled_dot_product_attention.

Ours reads queries, keys and values packed (B,N,3,H,D); PyTorch's kernels get views of the same memory. Errors are
against float64 on one sample and at most two of its heads.
"""

import dataclasses
import sys

from library import BFLOAT16
from measure import Bench, Contender, torch

PEERS = ("flash", "cudnn", "efficient")


@dataclasses.dataclass(frozen=True)
class Shape:
    B: int
    H: int
    N: int
    D: int

    @property
    def name(self):
        return f"B{self.B} H{self.H} N{self.N} D{self.D}"

    @property
    def elements(self):
        return self.B * self.N * self.H * self.D

    def operations(self, direction):
        """Multiplications and additions of the 2 products of forward and the 5 of backward."""
        return {"forward": 4, "backward": 10}[direction] * self.B * self.H * self.N**2 * self.D


SHAPES = [
    Shape(256, 6, 197, 64),
    Shape(256, 6, 257, 64),
    Shape(256, 6, 65, 64),
    Shape(64, 16, 256, 72),
    Shape(16, 16, 1024, 64),
    Shape(4, 16, 4096, 64),
    Shape(8, 8, 1024, 80),
]
SMALL = [Shape(2, 3, 65, 64), Shape(1, 2, 33, 72)]


class Tensors:
    """Inputs of one call, and what ours makes of them."""

    def __init__(self, bench, s):
        self.qkv = bench.normal(s.B, s.N, 3, s.H, s.D)
        self.dout = bench.normal(s.B, s.N, s.H, s.D)
        self.out = bench.poisoned(s.B, s.N, s.H, s.D)
        self.log_sum_exp = bench.poisoned(s.B, s.H, s.N, dtype=torch.float32)
        self.dqkv = bench.poisoned(s.B, s.N, 3, s.H, s.D)

    def views(self):
        """q, k, v (B,H,N,D) as leaves of a graph."""
        return [x.transpose(1, 2).detach().requires_grad_() for x in self.qkv.unbind(2)]


def ours(library, s, sets):
    shape = (BFLOAT16, s.B, s.N, s.H, s.D, s.D**-0.5)

    def forward(t):
        library.attention_forward(*shape, t.qkv, t.out, t.log_sum_exp)

    def backward(t):
        library.attention_backward(*shape, t.qkv, t.out, t.log_sum_exp, t.dout, t.dqkv)

    for t in sets:
        forward(t)
        backward(t)
    t = sets[0]
    gradients = [x.transpose(1, 2) for x in t.dqkv.unbind(2)]
    return (
        Contender([lambda t=t: forward(t) for t in sets], [t.out.transpose(1, 2)]),
        Contender([lambda t=t: backward(t) for t in sets], gradients),
    )


def peer(name):
    """PyTorch's attention by one kernel alone."""
    from torch.nn.attention import SDPBackend, sdpa_kernel

    backend = getattr(SDPBackend, name.upper() + "_ATTENTION")

    def attention(q, k, v):
        with sdpa_kernel(backend):
            return torch.nn.functional.scaled_dot_product_attention(q, k, v)

    return attention


def written_out(q, k, v):
    return torch.softmax(q @ k.transpose(-2, -1) * q.shape[-1] ** -0.5, -1) @ v


def measure(bench, library, s):
    sets = bench.sets(lambda: Tensors(bench, s), 2 * s.elements * (3 + 1))
    heads = min(s.H, 2)

    def checked(x):
        return x[:1, :heads]

    leaves = [t.views() for t in sets]
    douts = [[t.dout.transpose(1, 2)] for t in sets]
    expected = bench.reference(written_out, [checked(x) for x in leaves[0]], [checked(douts[0][0])])
    passes = {"ours": ours(library, s, sets)}
    for name in PEERS:
        passes[name] = bench.passes(f"{s.name}: {name} cannot", peer(name), leaves, douts)
    for i, direction in enumerate(("forward", "backward")):
        contenders = {}
        for name, both in passes.items():
            if both[i] is not None:
                contenders[name] = Contender(both[i].calls, [checked(x) for x in both[i].results])
        bench.row(s.name, direction, expected[i], contenders, operations=s.operations(direction))


def main():
    return Bench(__doc__, PEERS, width=20).run(SHAPES, SMALL, measure)


if __name__ == "__main__":
    sys.exit(main())
