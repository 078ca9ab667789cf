#!/usr/bin/env python3
"""Times our kernels and networks on a GPU beside PyTorch: each part in a process of its own, one table, one JSON file.

  attention                   beside the kernels of scaled_dot_product_attention
  norms                       layer norm, modulation, gate, group norm with SiLU
  linear                      linear layers and MLPs with their epilogues
  optimizer                   AdamW with moving averages, the gradients' norm, ZiCo's statistics
  step, step-dit, step-xl     a training step of ViT-S/16, DiT-S/2, DiT-XL/2
  step-unet                   a training step of the UNet of Stable Diffusion 1.5
  ntk, ntk-dit, ntk-xl        the neural tangent kernel and ZiCo of the transformers
Without names, all of them. What of PyTorch is missing is said, and the rest is timed. Options that do not stand below
go to each part: --runs N, --only TEXT (what has it in its name), --small (small shapes, to try it out), --device cpu
(beside --library libautoprog.so). Ends with 1 if a part failed.
"""

import argparse
import os
import pathlib
import signal
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
PARTS = {
    "attention": ["attention.py"],
    "norms": ["norms.py"],
    "linear": ["linear.py"],
    "optimizer": ["optimizer.py"],
    "step": ["step.py", "--only", "vit-s"],
    "step-dit": ["step.py", "--only", "dit-s"],
    "step-xl": ["step.py", "--only", "dit-xl"],
    "step-unet": ["step.py", "--only", "unet"],
    "ntk": ["ntk.py", "--only", "vit-s"],
    "ntk-dit": ["ntk.py", "--only", "dit-s"],
    "ntk-xl": ["ntk.py", "--only", "dit-xl"],
}


def run(part, results, seconds, options):
    """What became of a part, in a few words; None if all is well."""
    program, *own = PARTS[part]
    command = [sys.executable, str(HERE / program), *own, "--json", str(results / f"{part}.json"), *options]
    with subprocess.Popen(command, start_new_session=True) as process:
        try:
            code = process.wait(seconds)
        except BaseException as reason:
            os.killpg(process.pid, signal.SIGKILL)  # the Java side, too
            if isinstance(reason, subprocess.TimeoutExpired):
                return f"stopped after {seconds} s"
            raise
    return f"ended with {code}" if code else None


def main():
    count = next((i for i, word in enumerate(sys.argv[1:]) if word.startswith("-")), len(sys.argv) - 1)
    parts, rest = sys.argv[1 : 1 + count], sys.argv[1 + count :]
    parser = argparse.ArgumentParser(
        usage="bench [PART...] [OPTION...]",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--results", type=pathlib.Path, default=pathlib.Path("results"), help="a folder for the JSON")
    parser.add_argument("--seconds", type=int, default=180, help="the most that one part may take")
    arguments, options = parser.parse_known_args(rest)
    unknown = [part for part in parts if part not in PARTS]
    if unknown:
        sys.exit(f"bench: no part is called {', '.join(unknown)}; there are: {', '.join(PARTS)}")
    arguments.results.mkdir(parents=True, exist_ok=True)
    failed = 0
    for part in parts or PARTS:
        print(f"---- {part}", flush=True)
        begin = time.monotonic()
        problem = run(part, arguments.results, arguments.seconds, options)
        failed += problem is not None
        print(f"---- {part}: {problem or 'done'}, {time.monotonic() - begin:.0f} s\n", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
