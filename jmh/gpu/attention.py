#!/usr/bin/env python3
"""Times the attention kernels of libautoprog_cuda.so beside PyTorch's, on one GPU, in one process.

attention.py LIBRARY [--json FILE] [--only TEXT] [--runs N]
  --json FILE   writes all numbers there
  --only TEXT   the shapes whose name contains it, such as N197
  --runs N      runs of each, of which the median counts (default 50)
Each run finds its inputs outside the second-level cache, and its kernels queued before the GPU gets to them, so that
what is timed is the GPU's work alone. Tensors are bfloat16; ours reads queries, keys and values packed (B,N,3,H,D),
PyTorch's kernels get views of the same memory. Errors are relative, |out - ref| / |ref|, against float64 on one sample
and at most two of its heads. Ends with 1 if one of ours is above twice the largest of PyTorch's.
"""

import argparse
import ctypes
import dataclasses
import json
import pathlib
import statistics
import sys

AP_BFLOAT16 = 1
CACHE_BYTES = 60e6  # of the second-level cache of an H100 or H200
SLEEP_CYCLES = 1_000_000  # about 0.6 ms, more than a call takes to be queued
WARM_UPS = 5


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


class Ours:
    """The library's two calls, on tensors of PyTorch."""

    def __init__(self, path):
        pointer, size = ctypes.c_void_p, ctypes.c_int64
        library = ctypes.CDLL(str(path))
        library.ap_context_create.restype = pointer
        library.ap_context_create.argtypes = [ctypes.c_int32]
        library.ap_context_stream.restype = pointer
        library.ap_context_stream.argtypes = [pointer]
        library.ap_last_error.restype = ctypes.c_char_p
        library.ap_last_error.argtypes = [pointer]
        shape = [pointer, ctypes.c_int32, size, size, size, size, ctypes.c_float]
        library.ap_attention_forward.argtypes = shape + [pointer] * 3
        library.ap_attention_backward.argtypes = shape + [pointer] * 5
        self.library = library
        self.context = library.ap_context_create(1)
        self.stream = library.ap_context_stream(self.context)
        if not self.stream:
            sys.exit(f"{path}: {library.ap_last_error(self.context).decode()}")

    def _check(self, code):
        if code != 0:
            sys.exit("the library says: " + self.library.ap_last_error(self.context).decode())

    def _arguments(self, s):
        return self.context, AP_BFLOAT16, s.B, s.N, s.H, s.D, s.D**-0.5

    def forward(self, s, qkv, out, log_sum_exp):
        self._check(
            self.library.ap_attention_forward(
                *self._arguments(s), qkv.data_ptr(), out.data_ptr(), log_sum_exp.data_ptr()
            )
        )

    def backward(self, s, qkv, out, log_sum_exp, dout, dqkv):
        self._check(
            self.library.ap_attention_backward(
                *self._arguments(s),
                qkv.data_ptr(),
                out.data_ptr(),
                log_sum_exp.data_ptr(),
                dout.data_ptr(),
                dqkv.data_ptr(),
            )
        )


class Tensors:
    """Inputs of one call, and what ours makes of them."""

    def __init__(self, s):
        def normal(*shape):
            return torch.randn(*shape, device="cuda", dtype=torch.bfloat16)

        def empty(*shape, dtype=torch.bfloat16):
            return torch.full(shape, float("nan"), device="cuda", dtype=dtype)

        self.qkv = normal(s.B, s.N, 3, s.H, s.D)
        self.dout = normal(s.B, s.N, s.H, s.D)
        self.out = empty(s.B, s.N, s.H, s.D)
        self.log_sum_exp = empty(s.B, s.H, s.N, dtype=torch.float32)
        self.dqkv = empty(s.B, s.N, 3, s.H, s.D)

    def views(self):
        """q, k, v (B,H,N,D) as leaves of a graph."""
        return [x.transpose(1, 2).detach().requires_grad_() for x in self.qkv.unbind(2)]


def median_ms(calls, runs):
    """Median and quartiles of the GPU's time for calls[0], calls[1], ... in turn."""
    for i in range(WARM_UPS):
        calls[i % len(calls)]()
    times = []
    for i in range(runs):
        begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        torch.cuda._sleep(SLEEP_CYCLES)
        begin.record()
        calls[i % len(calls)]()
        end.record()
        times.append((begin, end))
    torch.cuda.synchronize()
    times = [begin.elapsed_time(end) for begin, end in times]
    low, middle, high = statistics.quantiles(times, n=4)
    return {"median_ms": middle, "quartiles_ms": [low, high]}


def torch_backends():
    from torch.nn.attention import SDPBackend

    return {
        "flash": SDPBackend.FLASH_ATTENTION,
        "cudnn": SDPBackend.CUDNN_ATTENTION,
        "efficient": SDPBackend.EFFICIENT_ATTENTION,
    }


def torch_forward(backend, leaves):
    from torch.nn.attention import sdpa_kernel

    with sdpa_kernel(backend):
        return torch.nn.functional.scaled_dot_product_attention(*leaves)


def relative_errors(results, expected):
    return [float((r.double() - e).norm() / e.norm()) for r, e in zip(results, expected)]


def reference(s, tensors):
    """out, dq, dk, dv of the first sample's first heads, in float64."""
    heads = min(s.H, 2)
    leaves = [x[:1, :heads].detach().double().requires_grad_() for x in tensors.views()]
    q, k, v = leaves
    out = torch.softmax(q @ k.transpose(-2, -1) * s.D**-0.5, -1) @ v
    gradients = torch.autograd.grad(out, leaves, tensors.dout.transpose(1, 2)[:1, :heads].double())
    return [x.detach() for x in (out, *gradients)]


def measured(s, ours, runs):
    """A row for each direction: times and errors by who made them."""
    bytes_of_set = 2 * s.elements * (3 + 1)
    sets = [Tensors(s) for _ in range(max(2, round(2 * CACHE_BYTES / bytes_of_set)))]
    expected = reference(s, sets[0])
    heads = expected[0].shape[1]
    shape = dataclasses.asdict(s)
    rows = {direction: {"shape": shape, "direction": direction} for direction in ("forward", "backward")}

    def record(who, forward, backward, out, gradients):
        errors = relative_errors([x[:1, :heads] for x in (out, *gradients)], expected)
        rows["forward"][who] = {**median_ms(forward, runs), "errors": errors[:1]}
        rows["backward"][who] = {**median_ms(backward, runs), "errors": errors[1:]}

    def our_forward(t):
        ours.forward(s, t.qkv, t.out, t.log_sum_exp)

    def our_backward(t):
        ours.backward(s, t.qkv, t.out, t.log_sum_exp, t.dout, t.dqkv)

    for t in sets:
        our_forward(t)
        our_backward(t)
    record(
        "ours",
        [lambda t=t: our_forward(t) for t in sets],
        [lambda t=t: our_backward(t) for t in sets],
        sets[0].out.transpose(1, 2),
        [x.transpose(1, 2) for x in sets[0].dqkv.unbind(2)],
    )
    for name, backend in torch_backends().items():
        try:
            leaves = [t.views() for t in sets]
            outs = [torch_forward(backend, x) for x in leaves]
            douts = [t.dout.transpose(1, 2) for t in sets]
            gradients = torch.autograd.grad(outs[0], leaves[0], douts[0], retain_graph=True)
        except RuntimeError as error:
            print(f"{s.name}: {name} cannot: {str(error).splitlines()[0]}", file=sys.stderr)
            continue
        record(
            name,
            [lambda x=x: torch_forward(backend, x) for x in leaves],
            [
                lambda o=o, x=x, d=d: torch.autograd.grad(o, x, d, retain_graph=True)
                for o, x, d in zip(outs, leaves, douts)
            ],
            outs[0].detach(),
            gradients,
        )
    return list(rows.values())


def summarised(row):
    """Adds what the table shows; True if our errors are within the bound."""
    peers = [name for name in torch_backends() if name in row]
    ours = row["ours"]
    ours["tflops"] = Shape(**row["shape"]).operations(row["direction"]) / ours["median_ms"] * 1e-9
    row["best_peer"] = min(peers, key=lambda name: row[name]["median_ms"], default=None)
    row["speedup"] = row[row["best_peer"]]["median_ms"] / ours["median_ms"] if peers else None
    allowed = [2 * max(row[name]["errors"][i] for name in peers) for i in range(len(ours["errors"]))] if peers else []
    row["accurate"] = all(error <= bound for error, bound in zip(ours["errors"], allowed))
    return row["accurate"]


def line(row):
    def ms(name):
        return f"{row[name]['median_ms']:9.4f}" if name in row else f"{'-':>9}"

    ours, best = row["ours"], row["best_peer"]
    speedup = f"{row['speedup']:7.2f}" if best else f"{'-':>7}"
    peer_error = f"{max(row[best]['errors']):.1e}" if best else "-"
    times = " ".join(ms(name) for name in ("ours", *torch_backends()))
    return (
        f"{Shape(**row['shape']).name:20} {row['direction']:8} {times} {ours['tflops']:8.0f} {speedup} "
        f"{max(ours['errors']):9.1e} {peer_error:>9}{'' if row['accurate'] else '  INACCURATE'}"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library", type=pathlib.Path)
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("--only", default="")
    parser.add_argument("--runs", type=int, default=50)
    arguments = parser.parse_args()
    shapes = [s for s in SHAPES if arguments.only in s.name]
    if not shapes:
        parser.error(f"no shape's name contains '{arguments.only}'; there are: {', '.join(s.name for s in SHAPES)}")
    if not arguments.library.exists():
        parser.error(f"no file {arguments.library}; cuda-kernels/build.sh library makes it")
    if arguments.runs < 2:
        parser.error("--runs: a median takes at least 2")

    global torch
    import torch

    ours = Ours(arguments.library.resolve())
    torch.manual_seed(1)
    rows, accurate = [], True
    device = torch.cuda.get_device_name()
    print(f"{device}, PyTorch {torch.__version__}; milliseconds, medians of {arguments.runs} runs")
    heads = " ".join(f"{name:>9}" for name in ("ours", *torch_backends()))
    print(f"{'':20} {'':8} {heads} {'TFLOP/s':>8} {'x best':>7} {'error':>9} {'its error':>9}")
    with torch.cuda.stream(torch.cuda.ExternalStream(ours.stream)):
        for s in shapes:
            for row in measured(s, ours, arguments.runs):
                accurate &= summarised(row)
                rows.append(row)
                print(line(row), flush=True)
            torch.cuda.empty_cache()
    if arguments.json:
        report = {"device": device, "torch": torch.__version__, "runs": arguments.runs, "rows": rows}
        arguments.json.write_text(json.dumps(report, indent=1) + "\n")
    return 0 if accurate else 1


if __name__ == "__main__":
    sys.exit(main())
