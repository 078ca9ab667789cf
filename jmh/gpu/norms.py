#!/usr/bin/env python3
"""Times norms, modulation and gates beside torch.nn.functional, as it comes and compiled.

The backward pass of a norm in a residual branch adds to the gradient that passes by it: ours in the same kernel.
PyTorch's group norm gets (B,C,H,W), which is faster for it than the channels-last maps that ours reads.
"""

import dataclasses
import sys

from library import BFLOAT16
from measure import Bench, Contender, torch

PEERS = ("torch", "compiled")
EPSILON = 1e-5
BYTES = 2  # of a bfloat16


@dataclasses.dataclass(frozen=True)
class Shape:
    """B samples of N tokens or pixels of width C; G groups."""

    kind: str
    B: int
    N: int
    C: int
    G: int = 0

    @property
    def name(self):
        return f"{self.kind} B{self.B} N{self.N} C{self.C}"

    @property
    def rows(self):
        return self.B * self.N

    @property
    def elements(self):
        return self.rows * self.C


SHAPES = [
    Shape("layer norm", 256, 197, 384),  # ViT-S/16
    Shape("residual", 256, 197, 384),
    Shape("modulate", 256, 256, 384),  # DiT-S/2
    Shape("modulate", 64, 256, 1152),  # DiT-XL/2
    Shape("gate", 64, 256, 1152),
    Shape("group norm", 16, 4096, 320, 32),  # the UNet of Stable Diffusion
]
SMALL = [
    Shape("layer norm", 2, 5, 24),
    Shape("residual", 2, 5, 24),
    Shape("modulate", 2, 5, 24),
    Shape("gate", 2, 5, 24),
    Shape("group norm", 2, 16, 24, 4),
]


class LayerNorm:
    """y = norm(x); dx, dgain, dbias."""

    moves = {"forward": 1 + 1, "backward": 4 + 1}

    def __init__(self, bench, s):
        self.s = s
        self.x, self.dy = bench.normal(s.B, s.N, s.C), bench.normal(s.B, s.N, s.C)
        self.gain, self.bias = bench.normal(s.C, mean=1.0, std=0.1), bench.normal(s.C)
        self.gain32, self.bias32 = self.gain.float(), self.bias.float()
        self.y, self.dx = torch.empty_like(self.x), torch.empty_like(self.x)
        self.mean, self.rstd = (bench.poisoned(s.rows, dtype=torch.float32) for _ in range(2))
        self.dgain, self.dbias = bench.zeros(s.C), bench.zeros(s.C)

    @staticmethod
    def function(x, gain, bias):
        return torch.nn.functional.layer_norm(x, x.shape[-1:], gain, bias, EPSILON)

    def leaves(self):
        return [self.x, self.gain, self.bias]

    def douts(self):
        return [self.dy]

    def forward(self, library):
        s = self.s
        library.layer_norm_forward(
            BFLOAT16, s.rows, s.C, EPSILON, self.x, self.gain32, self.bias32, self.y, self.mean, self.rstd
        )

    def backward(self, library, base=None):
        s, of = self.s, (self.mean, self.rstd, self.dy)
        library.layer_norm_backward(BFLOAT16, s.rows, s.C, self.x, self.gain32, *of, base, self.dx)
        library.layer_norm_backward_parameters(BFLOAT16, s.rows, s.C, self.x, *of, self.dgain, self.dbias)

    def outs(self):
        return [self.y]

    def gradients(self):
        return [self.dx, self.dgain, self.dbias]


class Residual(LayerNorm):
    """x = input + branch, y = norm(x); the gradient by either of the two, given those by x and y."""

    moves = {"forward": 2 + 1 + 1 + 1, "backward": 5 + 1}

    def __init__(self, bench, s):
        super().__init__(bench, s)
        self.input, self.branch, self.dpassing = (bench.normal(s.B, s.N, s.C) for _ in range(3))

    @staticmethod
    def function(x, branch, gain, bias):
        x = x + branch
        return x, LayerNorm.function(x, gain, bias)

    def leaves(self):
        return [self.input, self.branch, self.gain, self.bias]

    def douts(self):
        return [self.dpassing, self.dy]

    def forward(self, library):
        library.residual_forward(BFLOAT16, self.s.B, self.s.N * self.s.C, self.input, self.branch, None, self.x)
        super().forward(library)

    def backward(self, library, base=None):
        super().backward(library, self.dpassing)

    def outs(self):
        return [self.x, self.y]

    def gradients(self):
        return [self.dx, self.dx, self.dgain, self.dbias]


class Modulate:
    """y = norm(x) (1 + scale) + shift, both of the sample; shift and scale are two of six chunks."""

    moves = {"forward": 1 + 1, "backward": 2 + 1}
    chunks, shift, scale = 6, 0, 1

    def __init__(self, bench, s):
        self.s = s
        self.x, self.dy = bench.normal(s.B, s.N, s.C), bench.normal(s.B, s.N, s.C)
        self.modulation = bench.normal(s.B, self.chunks, s.C)
        self.y, self.dx = torch.empty_like(self.x), torch.empty_like(self.x)
        self.dmodulation = torch.zeros_like(self.modulation)
        self.mean, self.rstd = (bench.poisoned(s.rows, dtype=torch.float32) for _ in range(2))

    @classmethod
    def function(cls, x, modulation):
        shift, scale = modulation[:, cls.shift], modulation[:, cls.scale]
        y = torch.nn.functional.layer_norm(x, x.shape[-1:], eps=EPSILON)
        return y * (1 + scale[:, None]) + shift[:, None]

    def leaves(self):
        return [self.x, self.modulation]

    def douts(self):
        return [self.dy]

    def _shape(self):
        return BFLOAT16, self.s.B, self.s.N, self.s.C, self.chunks, self.shift, self.scale

    def forward(self, library):
        library.modulated_norm_forward(
            *self._shape(), EPSILON, self.x, self.modulation, self.y, self.mean, self.rstd
        )

    def backward(self, library):
        of = (self.x, self.modulation, self.mean, self.rstd, self.dy)
        library.modulated_norm_backward(*self._shape(), *of, None, self.dx, self.dmodulation)

    def outs(self):
        return [self.y]

    def gradients(self):
        return [self.dx, self.dmodulation]


class Gate:
    """y = x + gate branch, the gate of the sample being one of six chunks; the gradient by x is that by y."""

    moves = {"forward": 2 + 1, "backward": 2 + 1}
    chunks, gate = 6, 2

    def __init__(self, bench, s):
        self.s = s
        self.x, self.branch, self.dy = (bench.normal(s.B, s.N, s.C) for _ in range(3))
        self.modulation = bench.normal(s.B, self.chunks, s.C)
        self.y, self.dbranch = torch.empty_like(self.x), torch.empty_like(self.x)
        self.dmodulation = torch.zeros_like(self.modulation)

    @classmethod
    def function(cls, x, branch, modulation):
        return x + modulation[:, cls.gate][:, None] * branch

    def leaves(self):
        return [self.x, self.branch, self.modulation]

    def douts(self):
        return [self.dy]

    def _shape(self):
        return BFLOAT16, self.s.B, self.s.N, self.s.C, self.chunks, self.gate

    def forward(self, library):
        library.gate_forward(*self._shape(), self.x, self.branch, self.modulation, self.y)

    def backward(self, library):
        library.gate_backward(
            *self._shape(), self.dy, self.branch, self.modulation, self.dbranch, self.dmodulation
        )

    def outs(self):
        return [self.y]

    def gradients(self):
        return [self.dy, self.dbranch, self.dmodulation]


class GroupNorm:
    """y = silu(norm(x)) of maps (B,N,C), N = H W; dx, dgain, dbias."""

    moves = {"forward": 1 + 1, "backward": 4 + 1}
    silu = 1

    def __init__(self, bench, s):
        self.s = s
        side = round(s.N**0.5)
        self.x, self.dy = (bench.normal(s.B, side, side, s.C) for _ in range(2))
        self.gain, self.bias = bench.normal(s.C, mean=1.0, std=0.1), bench.normal(s.C)
        self.gain32, self.bias32 = self.gain.float(), self.bias.float()
        self.y, self.dx = torch.empty_like(self.x), torch.empty_like(self.x)
        self.mean, self.rstd = (bench.poisoned(s.B, s.G, dtype=torch.float32) for _ in range(2))
        self.dgain, self.dbias = bench.zeros(s.C), bench.zeros(s.C)

    def function(self, x, gain, bias):
        return torch.nn.functional.silu(torch.nn.functional.group_norm(x, self.s.G, gain, bias, EPSILON))

    def leaves(self):
        return [self._channels_first(self.x), self.gain, self.bias]

    def douts(self):
        return [self._channels_first(self.dy)]

    @staticmethod
    def _channels_first(maps):
        return maps.permute(0, 3, 1, 2).contiguous()

    def _shape(self):
        return BFLOAT16, self.s.B, self.s.N, self.s.C, self.s.G

    def forward(self, library):
        of = (self.x, self.gain32, self.bias32)
        library.group_norm_forward(*self._shape(), EPSILON, self.silu, *of, self.y, self.mean, self.rstd)

    def backward(self, library):
        of = (self.silu, self.x, self.gain32, self.bias32, self.mean, self.rstd, self.dy)
        library.group_norm_backward(*self._shape(), *of, None, self.dx)
        library.group_norm_backward_parameters(*self._shape(), *of, self.dgain, self.dbias)

    def outs(self):
        return [self._channels_first(self.y)]

    def gradients(self):
        return [self._channels_first(self.dx), self.dgain, self.dbias]


KINDS = {"layer norm": LayerNorm, "residual": Residual, "modulate": Modulate, "gate": Gate, "group norm": GroupNorm}


def ours(library, sets):
    for t in sets:
        t.forward(library)
        t.backward(library)
    outs, gradients = sets[0].outs(), [g.clone() for g in sets[0].gradients()]
    return (
        Contender([lambda t=t: t.forward(library) for t in sets], outs),
        Contender([lambda t=t: t.backward(library) for t in sets], gradients),
    )


def measure(bench, library, s, copy):
    sets = bench.sets(lambda: KINDS[s.kind](bench, s), 3 * BYTES * s.elements)
    function = sets[0].function
    passes = {"ours": ours(library, sets)}
    leaves = [[x.detach().requires_grad_() for x in t.leaves()] for t in sets]
    douts = [t.douts() for t in sets]
    expected = bench.reference(function, leaves[0], douts[0])
    passes["torch"] = bench.passes(f"{s.name}: torch cannot", function, leaves, douts)
    passes["compiled"] = bench.passes(f"{s.name}: torch.compile cannot", bench.compiled(function), leaves, douts)
    for i, direction in enumerate(("forward", "backward")):
        moved = BYTES * s.elements * sets[0].moves[direction]
        contenders = {name: both[i] for name, both in passes.items()}
        bench.row(s.name, direction, expected[i], contenders, moved=moved, copy=copy)


def main():
    return Bench(__doc__, PEERS).run(SHAPES, SMALL, measure, rates_count="each kernel of ours must move")


if __name__ == "__main__":
    sys.exit(main())
