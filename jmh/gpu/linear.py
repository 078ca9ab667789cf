#!/usr/bin/env python3
"""Times linear layers and MLPs beside torch.nn.functional, as it comes and compiled.

An MLP: y = base + gelu(x w1^T + b1) w2^T + b2; ours makes GELU, its slope and the residual in the products' epilogues.
Ours adds the weights' gradients to float32, PyTorch's are bfloat16.
"""

import dataclasses
import sys

from library import BFLOAT16
from measure import Bench, Contender, torch

PEERS = ("torch", "compiled")
GELU_ERF = 0
BYTES = 2  # of a bfloat16


@dataclasses.dataclass(frozen=True)
class Shape:
    """Rows of width C to rows of `out`; an MLP is hidden at `out`."""

    kind: str
    rows: int
    C: int
    out: int

    @property
    def name(self):
        return f"{self.kind} {self.rows}x{self.C}x{self.out}"


SHAPES = [
    Shape("linear", 256 * 197, 384, 1152),  # ViT-S/16: queries, keys and values
    Shape("MLP", 256 * 197, 384, 1536),
    Shape("linear", 64 * 256, 1152, 3456),  # DiT-XL/2
    Shape("MLP", 64 * 256, 1152, 4608),
]
SMALL = [Shape("linear", 10, 24, 40), Shape("MLP", 10, 24, 40)]


class Weight:
    """Of a linear layer, with its bias; gradients of ours."""

    def __init__(self, bench, width, out):
        self.weight = bench.normal(out, width, std=width**-0.5)
        self.bias = bench.normal(out)
        self.bias32 = self.bias.float()
        self.dweight, self.dbias = bench.zeros(out, width), bench.zeros(out)


class Linear:
    """y = x w^T + b; dx, dw, db."""

    def __init__(self, bench, s):
        self.s = s
        self.x, self.dy = bench.normal(s.rows, s.C), bench.normal(s.rows, s.out)
        self.w = Weight(bench, s.C, s.out)
        self.y, self.dx = torch.empty_like(self.dy), torch.empty_like(self.x)

    @staticmethod
    def operations(s):
        return 2 * s.rows * s.C * s.out

    @staticmethod
    def bytes(s):
        return BYTES * s.rows * (s.C + s.out)

    function = staticmethod(torch.nn.functional.linear if torch else None)

    def leaves(self):
        return [self.x, self.w.weight, self.w.bias]

    def forward(self, library):
        s, w = self.s, self.w
        library.linear_forward(
            BFLOAT16, s.rows, s.C, s.out, self.x, w.weight, w.bias32, None, BFLOAT16, self.y
        )

    def backward(self, library):
        s, w = self.s, self.w
        library.linear_backward_input(BFLOAT16, s.rows, s.C, s.out, self.dy, w.weight, None, self.dx)
        library.linear_backward_weight(BFLOAT16, s.rows, s.C, s.out, self.x, self.dy, w.dweight, w.dbias)

    def gradients(self):
        return [self.dx, self.w.dweight, self.w.dbias]


class Mlp:
    """y = base + gelu(x w1^T + b1) w2^T + b2; the gradient by base is that by y."""

    def __init__(self, bench, s):
        self.s = s
        self.x, self.base, self.dy = (bench.normal(s.rows, s.C) for _ in range(3))
        self.first, self.second = Weight(bench, s.C, s.out), Weight(bench, s.out, s.C)
        self.hidden, self.slope, self.dhidden = (bench.poisoned(s.rows, s.out) for _ in range(3))
        self.y, self.dx = torch.empty_like(self.x), torch.empty_like(self.x)

    @staticmethod
    def operations(s):
        return 2 * 2 * s.rows * s.C * s.out

    @staticmethod
    def bytes(s):
        return BYTES * s.rows * (4 * s.C + 3 * s.out)

    @staticmethod
    def function(x, base, weight1, bias1, weight2, bias2):
        hidden = torch.nn.functional.gelu(torch.nn.functional.linear(x, weight1, bias1))
        return base + torch.nn.functional.linear(hidden, weight2, bias2)

    def leaves(self):
        return [self.x, self.base, self.first.weight, self.first.bias, self.second.weight, self.second.bias]

    def forward(self, library):
        s, first, second = self.s, self.first, self.second
        library.linear_gelu_forward(
            BFLOAT16, GELU_ERF, s.rows, s.C, s.out, self.x, first.weight, first.bias32, self.hidden, self.slope
        )
        library.linear_forward(
            BFLOAT16, s.rows, s.out, s.C, self.hidden, second.weight, second.bias32, self.base, BFLOAT16, self.y
        )

    def backward(self, library):
        s, first, second = self.s, self.first, self.second
        library.linear_backward_input(
            BFLOAT16, s.rows, s.out, s.C, self.dy, second.weight, self.slope, self.dhidden
        )
        library.linear_backward_weight(
            BFLOAT16, s.rows, s.out, s.C, self.hidden, self.dy, second.dweight, second.dbias
        )
        library.linear_backward_input(BFLOAT16, s.rows, s.C, s.out, self.dhidden, first.weight, None, self.dx)
        library.linear_backward_weight(
            BFLOAT16, s.rows, s.C, s.out, self.x, self.dhidden, first.dweight, first.dbias
        )

    def gradients(self):
        first, second = self.first, self.second
        return [self.dx, self.dy, first.dweight, first.dbias, second.dweight, second.dbias]


KINDS = {"linear": Linear, "MLP": Mlp}


def ours(library, sets):
    for t in sets:
        t.forward(library)
        t.backward(library)
    gradients = [g.clone() for g in sets[0].gradients()]  # what is timed adds to them
    return (
        Contender([lambda t=t: t.forward(library) for t in sets], [sets[0].y]),
        Contender([lambda t=t: t.backward(library) for t in sets], gradients),
    )


def measure(bench, library, s):
    kind = KINDS[s.kind]
    sets = bench.sets(lambda: kind(bench, s), kind.bytes(s))
    leaves = [[x.detach().requires_grad_() for x in t.leaves()] for t in sets]
    douts = [[t.dy] for t in sets]
    expected = bench.reference(kind.function, leaves[0], douts[0])
    passes = {
        "ours": ours(library, sets),
        "torch": bench.passes(f"{s.name}: torch cannot", kind.function, leaves, douts),
        "compiled": bench.passes(f"{s.name}: torch.compile cannot", bench.compiled(kind.function), leaves, douts),
    }
    for i, (direction, factor) in enumerate((("forward", 1), ("backward", 2))):
        contenders = {name: both[i] for name, both in passes.items()}
        bench.row(s.name, direction, expected[i], contenders, operations=factor * kind.operations(s))


def main():
    return Bench(__doc__, PEERS).run(SHAPES, SMALL, measure)


if __name__ == "__main__":
    sys.exit(main())
