#!/usr/bin/env python3
"""Times an AdamW step with moving averages, the gradients' norm, and ZiCo's statistics beside PyTorch and a copy.

AdamW: torch.optim.AdamW(fused=True) and torch._foreach_lerp_ for each average, on one tensor of all weights (`torch`),
which is their best case, and on as many tensors as a ViT-S has (`tensors`). Ours also writes the weights in bfloat16,
for the next step's products. Errors are those of the weights, or of the statistics, in float32.
"""

import ctypes
import dataclasses
import math
import sys

from measure import Bench, Contender, torch

PEERS = ("torch", "tensors", "compiled")
FLOAT = 4  # bytes
TENSORS = 150
RATE, BETAS, EPSILON, DECAY, EMA_DECAY = 1e-3, (0.9, 0.999), 1e-8, 0.05, 0.99
BATCHES = 2.0  # that ZiCo has seen with the one that comes in


@dataclasses.dataclass(frozen=True)
class Shape:
    kind: str
    n: int
    averages: int = 0

    @property
    def name(self):
        return f"{self.kind} {self.n / 1e6:.1f} M" + (f", {self.averages} EMA" if self.averages else "")


SHAPES = [
    Shape("AdamW", 22_050_664, 4),  # ViT-S/16
    Shape("AdamW", 130_455_872, 1),  # DiT-B/2
    Shape("norm", 22_050_664),
    Shape("ZiCo", 22_050_664),
    Shape("ZiCo", 130_455_872),
]
SMALL = [Shape("AdamW", 1000, 4), Shape("norm", 1000), Shape("ZiCo", 1000)]


class AdamW:
    """One step from moments of 0."""

    def __init__(self, bench, s):
        self.s = s
        f = torch.float32
        self.w, self.g = bench.normal(s.n, dtype=f), bench.normal(s.n, dtype=f, std=0.01)
        self.emas = [bench.normal(s.n, dtype=f) for _ in range(s.averages)]
        self.m, self.v, self.squared_norm = bench.zeros(s.n), bench.zeros(s.n), bench.zeros(1)
        self.rounded = bench.poisoned(s.n)
        self.addresses = (ctypes.c_int64 * s.averages)(*(x.data_ptr() for x in self.emas))
        corrections = [1 / (1 - beta) for beta in BETAS]  # of the first step
        self.rates = torch.tensor([RATE, *corrections, *[EMA_DECAY] * s.averages], device=bench.device)

    @staticmethod
    def moved(s):
        return ((7 + 2 * s.averages) * FLOAT + 2) * s.n

    def expected(self):
        w, g = self.w.double(), self.g.double()
        w = w - RATE * (g / (g.abs() + EPSILON) + DECAY * w)
        return [w, *(EMA_DECAY * x.double() + (1 - EMA_DECAY) * w for x in self.emas)]

    def ours(self, library):
        step = (*BETAS, EPSILON, DECAY, math.inf, self.rates)
        state = (self.w, self.g, self.m, self.v, self.squared_norm)
        averages = (self.s.averages, self.addresses)
        return lambda: library.adam_w(self.s.n, *step, *state, *averages, self.rounded), self.results

    def results(self):
        return [self.w, *self.emas]

    def torch(self, pieces):
        """Fused AdamW and foreach on `pieces` tensors."""

        def cut(x):
            return list(x.chunk(pieces))

        weights = [torch.nn.Parameter(x) for x in cut(self.w)]
        for weight, gradient in zip(weights, cut(self.g)):
            weight.grad = gradient
        emas = [cut(x) for x in self.emas]
        adam_w = torch.optim.AdamW(weights, RATE, BETAS, EPSILON, DECAY, fused=True)

        def step():
            adam_w.step()
            with torch.no_grad():
                for ema in emas:
                    torch._foreach_lerp_(ema, weights, 1 - EMA_DECAY)

        return step, self.results

    @staticmethod
    def peers(bench):
        return {"torch": lambda t: t.torch(1), "tensors": lambda t: t.torch(TENSORS)}


class Norm:
    """The sum of squares."""

    def __init__(self, bench, s):
        self.s = s
        self.g, self.sum = bench.normal(s.n, dtype=torch.float32), bench.zeros(1)

    @staticmethod
    def moved(s):
        return FLOAT * s.n

    def expected(self):
        return [self.g.double().square().sum()[None]]

    def ours(self, library):
        return lambda: library.sum_of_squares(self.s.n, self.g, self.sum), lambda: [self.sum]

    def torch(self):
        def norm():
            self.sum = torch.linalg.vector_norm(self.g)

        return norm, lambda: [self.sum.square()]

    @staticmethod
    def peers(bench):
        return {"torch": lambda t: t.torch()}


class ZiCo:
    """Mean, mean magnitude and squared deviations with the gradient of one batch more."""

    def __init__(self, bench, s):
        self.s = s
        f = torch.float32
        self.g, self.mean = bench.normal(s.n, dtype=f), bench.normal(s.n, dtype=f)
        self.magnitude, self.squares = self.mean.abs(), bench.zeros(s.n)

    @staticmethod
    def moved(s):
        return 7 * FLOAT * s.n

    def expected(self):
        g, mean, magnitude = self.g.double(), self.mean.double(), self.magnitude.double()
        after = mean + (g - mean) / BATCHES
        return [after, magnitude + (g.abs() - magnitude) / BATCHES, (g - mean) * (g - after)]

    def ours(self, library):
        def update():
            library.zico_update(self.s.n, int(BATCHES), self.g, self.mean, self.magnitude, self.squares)

        return update, self.results

    def results(self):
        return [self.mean, self.magnitude, self.squares]

    @staticmethod
    def update(g, mean, magnitude, squares):
        before = g - mean
        mean.lerp_(g, 1 / BATCHES)
        squares.addcmul_(before, g - mean)
        magnitude.lerp_(g.abs(), 1 / BATCHES)

    def torch(self, update):
        return lambda: update(self.g, self.mean, self.magnitude, self.squares), self.results

    @classmethod
    def peers(cls, bench):
        compiled = bench.compiled(cls.update)
        return {"torch": lambda t: t.torch(cls.update), "compiled": lambda t: t.torch(compiled)}


KINDS = {"AdamW": AdamW, "norm": Norm, "ZiCo": ZiCo}


def contender(bench, s, make):
    """Of the calls that make(inputs) gives, on inputs of its own, the same ones for each."""
    torch.manual_seed(1)
    kind = KINDS[s.kind]
    sets = bench.sets(lambda: kind(bench, s), kind.moved(s))
    both = [make(inputs) for inputs in sets]
    both[0][0]()
    return Contender([call for call, _ in both], [x.detach().clone() for x in both[0][1]()])


def measure(bench, library, s, copy):
    kind = KINDS[s.kind]
    torch.manual_seed(1)
    expected = kind(bench, s).expected()
    contenders = {"ours": contender(bench, s, lambda inputs: inputs.ours(library))}
    for name, make in kind.peers(bench).items():
        contenders[name] = bench.attempt(
            f"{s.name}: {name} cannot", lambda make=make: contender(bench, s, make)
        )
    bench.row(s.name, "", expected, contenders, moved=kind.moved(s), copy=copy)


def main():
    return Bench(__doc__, PEERS).run(SHAPES, SMALL, measure, rates_count="each must read and write")


if __name__ == "__main__":
    sys.exit(main())
