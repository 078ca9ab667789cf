"""What the benchmarks share: options, timing, PyTorch's side, a table and its JSON.

Kernels are timed by CUDA events around each call, queued behind a kernel that sleeps, so that the GPU's work alone
counts; each call finds its inputs outside the second-level cache. Errors are relative, |out - ref| / |ref|, against
float64. Steps of whole networks are timed by the clock, from one loss on the host to the next (network_times.py).
"""

import argparse
import dataclasses
import json
import math
import pathlib
import shlex
import statistics
import sys
import time

try:
    import torch
except ImportError:
    torch = None

CACHE_BYTES = 60e6  # of the second-level cache of an H100 or H200
MOST_SETS = 64
SLEEP_CYCLES = 1_000_000  # about 0.6 ms, more than a call takes to be queued
WARM_UPS = 5
ACCURATE = 1e-5  # the bound of every float32 kernel


@dataclasses.dataclass
class Contender:
    """One way to do something: a call for each set of inputs, and what it made of the first set."""

    calls: list
    results: list


def spread(times):
    """Median and quartiles of times in milliseconds."""
    low, middle, high = statistics.quantiles(times, n=4, method="inclusive") if len(times) > 1 else times * 3
    return {"median_ms": middle, "quartiles_ms": [low, high]}


def relative_error(result, expected):
    return float((result.double() - expected).norm() / expected.norm())


def as_list(result):
    return list(result) if isinstance(result, (tuple, list)) else [result]


class Bench:
    """One program's run: its options, and the rows that it has measured."""

    def __init__(self, about, peers, width=30):
        parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
        parser.add_argument("--library", type=pathlib.Path, help="libautoprog_cuda.so")
        parser.add_argument("--java", type=shlex.split, help="how the Java side is started: java and its options")
        parser.add_argument("--json", type=pathlib.Path, help="writes all numbers there")
        parser.add_argument("--only", default="", help="what has this in its name, such as N197")
        parser.add_argument("--runs", type=int, default=50, help="runs of each, of which the median counts")
        parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda", help="cpu: with libautoprog.so")
        parser.add_argument("--small", action="store_true", help="small shapes, to try the programs out")
        self.options = parser.parse_args()
        if self.options.runs < 2:
            parser.error("--runs: a median takes at least 2")
        self.device = self.options.device
        self.peers = peers
        self.rows = []
        self.accurate = True
        self.complete = True  # but for what PyTorch cannot, and a Java side that nobody named
        self._width = width
        if torch is not None:
            torch.manual_seed(1)

    def run(self, shapes, small, measure, rates_count=None):
        """A benchmark of kernels from its heading to its exit code: measure(self, library, shape) for each shape.

        rates_count: what of a kernel's memory traffic its rate counts, in words; measure then is also told the
        bytes per second that copying reaches
        """
        chosen = self.selected(shapes, small)
        library = self.library()
        self.heading()
        copy = []
        if rates_count:
            copy = [self.copy_bytes_per_second()]
            print(f"copying memory: {copy[0] * 1e-9:.0f} GB/s; rates count what {rates_count}")
        for s in chosen:
            measure(self, library, s, *copy)
            self.forget()
        return self.exit_code()

    def selected(self, shapes, small):
        """The shapes that were asked for."""
        shapes = small if self.options.small else shapes
        chosen = [s for s in shapes if self.options.only in s.name]
        if not chosen:
            sys.exit(f"no name contains '{self.options.only}'; there are: {', '.join(s.name for s in shapes)}")
        return chosen

    def library(self):
        """Our library; it and PyTorch then work on one stream."""
        from library import Library

        if torch is None:
            sys.exit("this Python has no torch, beside which to time kernels")
        if self.device == "cuda" and not torch.cuda.is_available():
            sys.exit("PyTorch sees no GPU")
        if self.options.library is None:
            sys.exit("--library says where our library is")
        ours = Library(self.options.library.resolve(), torch.get_num_threads())
        if self.device == "cuda":
            torch.cuda.set_stream(torch.cuda.ExternalStream(ours.stream()))
        return ours

    # ---- inputs ------------------------------------------------------------------------------------------------

    def normal(self, *shape, dtype=None, mean=0.0, std=1.0):
        x = torch.empty(shape, device=self.device).normal_(mean, std)
        return x.to(dtype or torch.bfloat16)

    def poisoned(self, *shape, dtype=None):
        """What a kernel is to write all of."""
        return torch.full(shape, float("nan"), device=self.device, dtype=dtype or torch.bfloat16)

    def zeros(self, *shape, dtype=None):
        return torch.zeros(shape, device=self.device, dtype=dtype or torch.float32)

    def sets(self, make, bytes_of_one):
        """As many sets of inputs that when one's turn comes again, it is in no cache any more."""
        least = 2 if bytes_of_one < 4 * CACHE_BYTES else 1
        count = least if self.options.small else max(least, math.ceil(2 * CACHE_BYTES / bytes_of_one))
        return [make() for _ in range(min(MOST_SETS, count))]

    # ---- timing ------------------------------------------------------------------------------------------------

    def median_ms(self, calls):
        """Median and quartiles for calls[0], calls[1], ... in turn."""
        for i in range(WARM_UPS):
            calls[i % len(calls)]()
        timed = self._by_events if self.device == "cuda" else self._by_clock
        return spread(timed(calls))

    def _by_events(self, calls):
        events = []
        for i in range(self.options.runs):
            begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
            torch.cuda._sleep(SLEEP_CYCLES)
            begin.record()
            calls[i % len(calls)]()
            end.record()
            events.append((begin, end))
        torch.cuda.synchronize()
        return [begin.elapsed_time(end) for begin, end in events]

    def _by_clock(self, calls):
        times = []
        for i in range(self.options.runs):
            begin = time.perf_counter()
            calls[i % len(calls)]()
            times.append((time.perf_counter() - begin) * 1e3)
        return times

    def copy_bytes_per_second(self):
        """What copying memory reaches, read and written bytes together."""
        size = 1 << (24 if self.options.small else 30)
        x = torch.zeros(size, dtype=torch.uint8, device=self.device)
        y = torch.zeros_like(x)
        return 2 * size / self.median_ms([lambda: y.copy_(x)])["median_ms"] * 1e3

    # ---- PyTorch's side ----------------------------------------------------------------------------------------

    def attempt(self, what, make):
        """What make() gives, or None where this PyTorch or this machine cannot, which is said."""
        try:
            return make()
        except Exception as error:  # pylint: disable=broad-except
            print(f"{what}: {_first_line(error)}", file=sys.stderr, flush=True)
            return None

    def compiled(self, function):
        """What torch.compile makes of the function for these shapes alone; one can go back through it again."""
        torch._dynamo.reset()
        torch._functorch.config.donated_buffer = False
        return torch.compile(function, dynamic=False)

    def passes(self, what, function, leaves, gradients):
        """Forward and backward of function(*leaves[i]), whose results have gradients[i]; None for both if it fails."""

        def make():
            outs = [as_list(function(*x)) for x in leaves]

            def back(i):
                return torch.autograd.grad(outs[i], leaves[i], gradients[i], retain_graph=True)

            indices = range(len(leaves))
            forward = [lambda x=x: function(*x) for x in leaves]
            backward = [lambda i=i: back(i) for i in indices]
            return Contender(forward, [x.detach() for x in outs[0]]), Contender(backward, list(back(0)))

        return self.attempt(what, make) or (None, None)

    def reference(self, function, leaves, gradients):
        """What function makes of the leaves in float64, and the gradients by them."""
        leaves = [x.detach().double().requires_grad_() for x in leaves]
        outs = as_list(function(*leaves))
        by_leaves = torch.autograd.grad(outs, leaves, [g.double() for g in gradients])
        return [x.detach() for x in outs], list(by_leaves)

    # ---- rows --------------------------------------------------------------------------------------------------

    def heading(self):
        facts = self._facts()
        print(f"{facts['device']}, PyTorch {facts['torch']}; milliseconds, medians of {facts['runs']} runs")
        names = " ".join(f"{name:>9}" for name in ("ours", *self.peers))
        print(f"{'':{self._width}} {'':8} {names} {'rate':>16} {'x best':>7} {'error':>9} {'its error':>9}")

    def row(self, name, direction, expected, contenders, operations=0, moved=0, copy=None):
        """Times the contenders, `ours` and peers, and prints a line; a contender that is None is left out.

        expected: float64, for the results of each; operations or moved: of one call; copy: bytes per second at best
        """
        row = {"name": name, "direction": direction, "operations": operations, "bytes": moved}
        for who, contender in contenders.items():
            if contender is not None:
                errors = [relative_error(r, e) for r, e in zip(contender.results, expected)]
                row[who] = {**self.median_ms(contender.calls), "errors": errors}
        self.add(row, _rate(row, row["ours"]["median_ms"], copy))

    def add(self, row, rate):
        """Judges a row, prints its line, and writes what there is so far."""
        peers = [name for name in self.peers if name in row]
        row["best_peer"] = best = min(peers, key=lambda name: row[name]["median_ms"], default=None)
        row["speedup"] = row[best]["median_ms"] / row["ours"]["median_ms"] if best and "ours" in row else None
        row["accurate"] = _is_accurate(row, peers)
        self.accurate &= row["accurate"]
        self.rows.append(row)
        print(self._line(row, rate), flush=True)
        if self.options.json:
            self.options.json.write_text(json.dumps({**self._facts(), "rows": self.rows}, indent=1) + "\n")

    def _facts(self):
        on_gpu = torch is not None and self.device == "cuda" and torch.cuda.is_available()
        return {
            "device": torch.cuda.get_device_name() if on_gpu else self.device,
            "torch": torch.__version__ if torch else "missing",
            "runs": self.options.runs,
        }

    def _line(self, row, rate):
        def ms(name):
            return f"{row[name]['median_ms']:9.4f}" if name in row else f"{'-':>9}"

        def error(name):
            errors = row.get(name, {}).get("errors")
            return f"{max(errors):9.1e}" if errors else f"{'-':>9}"

        times = " ".join(ms(name) for name in ("ours", *self.peers))
        speedup = f"{row['speedup']:7.2f}" if row["speedup"] else f"{'-':>7}"
        return (
            f"{row['name']:{self._width}} {row['direction']:8} {times} {rate:>16} {speedup} "
            f"{error('ours')} {error(row['best_peer'])}{'' if row['accurate'] else '  INACCURATE'}"
        )

    def forget(self):
        """Gives back the memory of what is not used any more."""
        if torch is not None and self.device == "cuda":
            torch.cuda.empty_cache()

    def exit_code(self):
        return 0 if self.accurate and self.complete and self.rows else 1


def _first_line(error):
    lines = str(error).strip().splitlines() or [""]
    return f"{type(error).__name__}: {lines[0][:200]}"


def _is_accurate(row, peers):
    """In bfloat16, at most twice the error of the peer that is furthest off."""
    errors = row.get("ours", {}).get("errors", [])
    if not all(error == error for error in errors):
        return False
    for i, error in enumerate(errors):
        allowed = [row[name]["errors"][i] for name in peers if "errors" in row[name]]
        if allowed and error > max(2 * max(allowed), ACCURATE):
            return False
    return True


def _rate(row, ms, copy):
    if row["operations"]:
        return f"{row['operations'] / ms * 1e-9:.1f} TFLOP/s"
    rate = row["bytes"] / ms * 1e3
    share = f" {100 * rate / copy:.0f} %" if copy else ""
    return f"{rate * 1e-9:.0f} GB/s{share}"
