"""All that wants an accelerator, by one command of at most nine minutes: ``python benchmarks/gpu_all.py``.

Each part is a process with a limit of its own, the more important first; one that fails or is cut off keeps what it has
written, and the others run all the same. Results go to ``--out`` as their scripts name them, with ``gpu_all.md`` for
what ran and how long, and ``gpu_all_NAME.log`` for what a part printed. A machine without ``mistral-common`` takes the
vocabulary from a file (``--vocabulary``, written by ``common.py``). ``--device cpu --small`` tries all of it on a CPU.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

from common import HERE, RESULTS, machine, table, write_result

# Name, arguments on a device, arguments of a trial on a CPU, seconds. Those without a trial take a GPU to say anything.
PARTS: tuple[tuple[str, list[str], list[str] | None, int], ...] = (
    ("scoring", ["gpu_scoring.py", "--repeat", "20"], None, 60),
    ("lattice", ["gpu_lattice.py", "--repeat", "15"], None, 90),
    ("steps", ["gpu_loop.py", "--part", "steps"], ["gpu_loop.py", "--part", "steps"], 100),
    ("stages", ["step_overhead.py", "--seconds", "60"], ["step_overhead.py", "--seconds", "5", "--repeat", "5"], 85),
    ("batches", ["gpu_loop.py", "--part", "batches"], ["gpu_loop.py", "--part", "batches"], 60),
    ("policies", ["gpu_loop.py", "--part", "policies"], ["gpu_loop.py", "--part", "policies"], 80),
    ("long", ["gpu_loop.py", "--part", "long"], ["gpu_loop.py", "--part", "long"], 45),
)
GEMMA = ["diffusion_gemma_generate.py", "--width", "262144", "--canvas", "256", "--kinds", "leaning:2"]
GEMMA += ["--grammars", "JSON Schema, flat", "--name", "gpu_diffusion_gemma"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--small", action="store_true", help="tiny models; parts that only measure a GPU are left out")
    parser.add_argument("--out", type=Path, default=RESULTS)
    parser.add_argument("--vocabulary", type=Path, help="file written by common.py, instead of mistral-common")
    parser.add_argument("--seconds", type=float, default=530.0, help="for everything")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    shared = ["--device", given.device, "--out", str(given.out)]
    shared += ["--vocabulary", str(given.vocabulary)] if given.vocabulary else []
    parts = [
        (name, [*arguments, *shared, *(["--small"] if given.small else [])], limit)
        for name, device, trial, limit in PARTS
        if (arguments := trial if given.small else device) is not None
    ]
    gemma = GEMMA if not given.small else [*GEMMA[:1], "--kinds", "leaning:1", *GEMMA[-4:]]
    parts.insert(4, ("DiffusionGemma", [*gemma, "--device", given.device, "--out", str(given.out)], 60))
    end = time.monotonic() + given.seconds
    rows: list[list[str]] = []
    for name, arguments, limit in parts:
        left = min(limit, end - time.monotonic())
        begun = time.monotonic()
        how = run(arguments, left, given.out / f"gpu_all_{name}.log") if left > 5 else "no time left"
        rows.append([name, " ".join(arguments), how, f"{time.monotonic() - begun:.0f}"])
        header = ["part", "command", "ended", "seconds"]
        write_result("gpu_all", f"# One run of all parts\n\n{machine()}\n\n{table(header, rows)}", given.out)


def run(arguments: list[str], seconds: float, log: Path) -> str:
    """How a script ended, of which the log keeps what it printed."""
    command = [sys.executable, str(HERE / arguments[0]), *arguments[1:]]
    with log.open("w") as file:
        try:
            done = subprocess.run(command, stdout=file, stderr=subprocess.STDOUT, timeout=seconds, check=False)
        except subprocess.TimeoutExpired:
            return "cut off"
    return "well" if done.returncode == 0 else f"exit status {done.returncode}"


if __name__ == "__main__":
    main()
