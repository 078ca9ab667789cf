"""Whole networks: our Java program NetworkTimes in a process of its own, and PyTorch's side in this one.

Either time ends when a result is on the host: a step's loss, or a kernel's matrix.
"""

import dataclasses
import json
import subprocess
import sys
import time

from measure import spread, torch

CONTEXT_TOKENS = 77  # of Stable Diffusion's text encoder
PROGRAM = "dev.autoprog.testing.NetworkTimes"


@dataclasses.dataclass(frozen=True)
class Subject:
    """A network's name in networks.py and in the Java program, and the batch."""

    network: str
    batch: int

    @property
    def name(self):
        return f"{self.network} B{self.batch}"

    def is_vit(self):
        return self.network.startswith("vit")


def ours(bench, work, subject, runs):
    """Times of our program; None, and said why, if it cannot."""
    if not bench.options.java:
        print("--java says how the Java side is started; it is left out", file=sys.stderr)
        return None
    command = [*bench.options.java, PROGRAM, work, subject.network, str(subject.batch), str(runs), bench.device]
    run = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if run.returncode != 0:
        print(f"{subject.name} {work}: the Java side ended with {run.returncode}", file=sys.stderr, flush=True)
        bench.complete = False
        return None
    found = json.loads(run.stdout.splitlines()[-1])
    return {**spread(found["milliseconds"]), "bytes": found["bytes"]}


class Peer:
    """The network in PyTorch, under autocast to bfloat16, with inputs.

    told: what belongs to the images: labels (batch), or of a UNet a context (batch, tokens, width)
    """

    def __init__(self, bench, subject):
        from networks import NETWORKS

        self.bench = bench
        torch.manual_seed(1)
        self.network = NETWORKS[subject.network]().to(bench.device)
        channels, side = self.network.inputs
        self.batch = subject.batch
        self.images = bench.normal(self.batch, channels, side, side, dtype=torch.float32)
        self.is_vit = subject.is_vit()
        if subject.network.startswith("unet"):
            self.told = bench.normal(self.batch, CONTEXT_TOKENS, self.network.context_width)
        else:
            self.told = torch.randint(self.network.classes, (self.batch,), device=bench.device)
        if not self.is_vit:
            self.noise = torch.randn_like(self.images)
            self.timesteps = torch.randint(1000, (self.batch,), device=bench.device)
            self.alpha_bars = torch.cumprod(1 - torch.linspace(1e-4, 0.02, 1000, device=bench.device), 0)

    def autocast(self):
        return torch.autocast(self.bench.device, torch.bfloat16)

    def noisy(self):
        signal = self.alpha_bars[self.timesteps].view(-1, 1, 1, 1)
        return signal.sqrt() * self.images + (1 - signal).sqrt() * self.noise

    def inputs(self):
        """What the network reads, a tensor of all samples for each argument."""
        return (self.images,) if self.is_vit else (self.noisy(), self.timesteps.float(), self.told)

    def loss(self, answers):
        if self.is_vit:
            return torch.nn.functional.cross_entropy(answers.float(), self.told, label_smoothing=0.1)
        return torch.nn.functional.mse_loss(answers.float(), self.noise)

    def milliseconds(self, work, runs, warm_ups):
        """Times of work(), which ends on the host."""
        for _ in range(warm_ups):
            work()
        times = []
        for _ in range(runs):
            begin = time.perf_counter()
            work()
            times.append((time.perf_counter() - begin) * 1e3)
        return times

    def peak_bytes(self):
        return torch.cuda.max_memory_allocated() if self.bench.device == "cuda" else 0


def timed(bench, subject, prepare, runs, warm_ups):
    """Times of the work that prepare(peer) gives; the peer's memory is given back."""
    if bench.device == "cuda":
        torch.cuda.reset_peak_memory_stats()
    peer = Peer(bench, subject)
    times = peer.milliseconds(prepare(peer), runs, warm_ups)
    return {**spread(times), "bytes": peer.peak_bytes()}


def measure(bench, work, subject, peers, runs, rate):
    """A row of ours beside peers: name to (prepare, runs, warm-ups). rate(row): what the table says of ours."""
    row = {"name": subject.name, "direction": work}

    def tell(who):
        """At once: the table's line comes last, and a part that takes too long is stopped before it."""
        print(f"{subject.name} {work}: {who} {row[who]['median_ms']:.4f} ms", file=sys.stderr, flush=True)

    mine = ours(bench, work, subject, runs)
    if mine:
        row["ours"] = mine
        tell("ours")
    for name, (prepare, peer_runs, warm_ups) in peers.items() if torch else ():
        found = bench.attempt(
            f"{subject.name} {work}: {name} cannot",
            lambda p=prepare, n=peer_runs, w=warm_ups: timed(bench, subject, p, n, w),
        )
        if found:
            row[name] = found
            tell(name)
        bench.forget()
    bench.add(row, rate(row) if mine else "-")
