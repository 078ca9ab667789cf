#!/usr/bin/env python3
"""Plants the faults of mutations.txt in a copy of the CUDA kernels, one at a time, and looks whether the tests see them.

mutate.py BUILD_DIR [--only TEXT] [--sanitizers] [--table FILE]
  --only TEXT    the faults whose file or description contains it; several times: any of them
  --sanitizers   what the optimised build does not see is tested with the sanitizers, too
  --table FILE   writes what was found into a table in Markdown; the rows of faults that were not planted now stay
Ends with 1 if a fault was not seen.
"""

import argparse
import dataclasses
import os
import pathlib
import re
import shutil
import subprocess
import sys
import threading
import time

TESTS = pathlib.Path(__file__).resolve().parent
ROOT = TESTS.parent.parent
SECONDS = 600  # the most that a program may take


@dataclasses.dataclass
class Fault:
    file: str
    families: list
    what: str
    count: int
    old: str
    new: str


def faults(path):
    for entry in re.split(r"\n\s*\n", path.read_text()):
        lines = [line for line in entry.splitlines() if not line.startswith("#")]
        if not lines:
            continue
        head = re.fullmatch(r"(\S+)(?: \((.*?)\))?: (.*?)(?: x (\d+))?", lines[0])
        old = "\n".join(line[1:] for line in lines[1:] if line.startswith("-"))
        new = "\n".join(line[1:] for line in lines[1:] if line.startswith("+"))
        if head is None or not old:
            sys.exit(f"{path.name}: not an entry:\n{entry}")
        file, families, what, count = head.groups()
        families = families.split(", ") if families else [pathlib.Path(file).stem]
        yield Fault(file, families, what, int(count or 1), old, new)


def copied(build):
    """A tree like the repository's, as far as the build needs it."""
    shutil.rmtree(build, ignore_errors=True)
    tree = build / "tree"
    for folder in ("cuda-kernels", "tests/native"):
        shutil.copytree(ROOT / folder, tree / folder)
    (tree / "src/main/native").mkdir(parents=True)
    for file in ("autoprog.h", "incremental.sh"):
        shutil.copy2(ROOT / "src/main/native" / file, tree / "src/main/native")
    return tree


def compiled(tree, build, target):
    command = ["bash", str(tree / "tests/native/build.sh"), str(build), target]
    environment = os.environ | {"CXXFLAGS": "-w"}  # a fault may leave a variable without use
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


def seen_by(build, target, family):
    """The first thing that the family's tests say; None if all is well with them."""
    program = build / target / f"{family}_test"
    with subprocess.Popen([program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
        end = threading.Timer(SECONDS, run.kill)
        end.start()
        for line in run.stdout:
            if line.startswith("FAIL"):
                run.kill()
                end.cancel()
                return re.sub(r"^FAIL ", "", line)
        errors = run.stderr.read()
        in_time = not end.finished.is_set()
        end.cancel()
    if run.returncode == 0:
        return None
    report = re.search(r"ERROR: (AddressSanitizer: \S+)|runtime error: (.*)", errors)
    return report.group(0) if report else f"ended with {run.returncode}" if in_time else "no end"


def planted(fault, tree, build, targets):
    """(target, what its tests say), or (None, "") if the fault was not seen."""
    path = tree / "cuda-kernels" / fault.file
    text = path.read_text()
    if text.count(fault.old) != fault.count:
        sys.exit(f"{fault.file}: stands {text.count(fault.old)} times, not {fault.count}: {fault.old}")
    path.write_text(text.replace(fault.old, fault.new))
    try:
        for target in targets:
            result = compiled(tree, build, target)
            if result.returncode != 0:
                print(result.stderr, file=sys.stderr)
                return None, "does not compile"
            for family in fault.families:
                seen = seen_by(build, target, family)
                if seen:
                    return target, f"{family}: {seen}".replace(f"{tree}/", "")
        return None, ""
    finally:
        path.write_text(text)


def key(fault):
    return f"| `{fault.file}` | {fault.what} |"


def row(fault, target, seen):
    # a cell has one line, and no bar
    first = re.sub(r"\s+", " ", seen).replace("|", "\\|")[:140] or "**not seen**"
    return f"{key(fault)} {target or ''} | {first} |"


def table(path, all_faults, results):
    """The table with these results, and with the rows that it had of other faults."""
    rows = {key(fault): row(fault, target, seen) for fault, target, seen in results}
    for line in path.read_text().splitlines() if path.exists() else ():
        known = re.match(r"\| `[^`]*` \| [^|]* \|", line)
        if known:
            rows.setdefault(known.group(), line)
    missing = "not planted yet"
    lines = [rows.get(key(fault), f"{key(fault)} | {missing} |") for fault in all_faults]
    waiting = sum(missing in line for line in lines)
    unseen = sum("**not seen**" in line or "does not compile" in line for line in lines)
    rest = f"; {waiting} {missing}" if waiting else ""
    return "\n".join(
        [
            "# Faults planted in the CUDA kernels",
            "",
            "Each was planted alone in a copy of the kernels, which then ran on the CPU (`tests/native/mutate.py`): the first",
            "thing that the tests said. Build `asan`: only the address and undefined-behaviour sanitizers saw it.",
            "",
            f"{len(lines) - waiting - unseen} of {len(lines) - waiting} seen{rest}.",
            "",
            "| file | fault | build | first seen by |",
            "|---|---|---|---|",
            *lines,
            "",
        ]
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--only", action="append")
    parser.add_argument("--sanitizers", action="store_true")
    parser.add_argument("--table", type=pathlib.Path)
    arguments = parser.parse_args()
    build = arguments.build.resolve()
    tree = copied(build)
    results = []
    all_faults = list(faults(TESTS / "mutations.txt"))
    for fault in all_faults:
        if not any(text in f"{fault.file}: {fault.what}" for text in arguments.only or [""]):
            continue
        begin = time.monotonic()
        target, seen = planted(fault, tree, build, ("plain", "asan") if arguments.sanitizers else ("plain",))
        results.append((fault, target, seen))
        state = "seen" if target else "NOT SEEN"
        print(f"{state:8} {fault.file}: {fault.what} ({time.monotonic() - begin:.0f} s) {seen[:100]}", flush=True)
        if arguments.table:
            arguments.table.write_text(table(arguments.table, all_faults, results))
    missed = sum(target is None for _, target, _ in results)
    print(f"{len(results) - missed} of {len(results)} faults seen")
    return missed > 0


if __name__ == "__main__":
    sys.exit(main())
