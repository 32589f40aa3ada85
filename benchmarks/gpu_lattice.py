"""Best fillings, sums and confidences on a GPU: checked against the host's kernels, then timed beside them.

Each line is one schema and one canvas: edges of a slot, the tiles that the device makes of the largest group, a
proposal of the host (logits reduced on the device, statistics copied, lattice on the host), one of the device (all of
it there, one copy), and *passes*, the device time of its kernels alone; then a batch of canvases with different
schemas by one launch of each kernel. Run on a machine with a GPU: ``python benchmarks/gpu_lattice.py``; with
``--device cpu`` and ``TRITON_INTERPRET=1`` it checks itself on tiny canvases.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from common import RESULTS, machine, reference_schemas, table, vocabulary_of_size, write_result
from gpu_scoring import device_times, summary, wall_times

import latticework as lw
from latticework.lattice import lattice_device, session
from latticework.lattice.constraint import Constraint
from latticework.lattice.lattice_device import DeviceCanvas
from latticework.lattice.scoring_device import DeviceLogits
from latticework.lattice.session import Session

SCHEMAS = ("s1_flat5", "s6_nested", "s7_arr2_10", "s8_heavy")
SHAPES = ((256, 126464), (512, 126464), (256, 262144))
TINY = {"pairs": "([0-9]{1,9}:){2,4}", "words": "[ab]{2,3}c?|x(yz)*"}


def constraints(width: int, options: argparse.Namespace) -> dict[str, Constraint]:
    """Reference schemas over a vocabulary of true size; without a GPU, two patterns over bytes."""
    if options.device == "cpu":
        vocabulary = lw.Vocabulary([*(bytes([byte]) for byte in range(128)), b""], {128: "eos"})
        found: dict[str, Any] = {name: lw.compile(lw.regex(own), vocabulary) for name, own in TINY.items()}
        return found
    vocabulary = vocabulary_of_size(width, options.vocabulary)
    return {name: lw.compile(lw.json_schema(reference_schemas()[name]), vocabulary) for name in SCHEMAS}


class Canvas:
    """A session whose proposals are made by the host or by the device, as asked."""

    def __init__(self, constraint: Constraint, logits: torch.Tensor, half: bool) -> None:
        slots = len(logits)
        tokens, free = np.zeros(slots, np.int64), np.ones(slots, np.bool_)
        if half:
            tokens = constraint.session(tokens, free).best(logits.float().cpu()).tokens
            free = np.arange(slots) % 2 == 0
        self.constraint, self.logits = constraint, logits
        self.session: Session = constraint.session(tokens, free)
        self.session.prepare()
        self.reader = DeviceLogits(logits, free, constraint.class_table)

    def placed(self) -> DeviceCanvas:
        return self.session.on_device(self.reader)

    def propose(self, there: bool) -> Any:
        kept = lattice_device.serves, session.open_logits
        lattice_device.serves, session.open_logits = (lambda *_: there), DeviceLogits
        try:
            return self.session.propose(self.logits, entropy=True)
        finally:
            lattice_device.serves, session.open_logits = kept


def check(canvas: Canvas) -> float:
    """Largest difference of confidences; the best fillings and sums must agree."""
    found, expected = canvas.propose(True), canvas.propose(False)
    np.testing.assert_allclose(found.log_prob, expected.log_prob, rtol=1e-5, atol=1e-3)
    np.testing.assert_allclose(found.log_z, expected.log_z, rtol=1e-5, atol=1e-3)
    if not np.array_equal(found.tokens, expected.tokens):
        return 0.0  # equally likely fillings
    return float(np.abs(found.confidence - expected.confidence).max())


def lines(options: argparse.Namespace, device: torch.device) -> Iterator[list[Any]]:
    for slots, width in SHAPES if options.device != "cpu" else ((6, 129),):
        made = constraints(width, options)
        for half in (False, True):
            canvases: list[Canvas] = []
            for name, constraint in made.items():
                logits = 2 * torch.randn((slots, len(constraint.vocabulary)), device=device)
                canvas = Canvas(constraint, logits.bfloat16(), half)
                worst = check(canvas)
                layout = constraint.layout(slots, True)
                placed, reduction = canvas.placed(), canvas.reader.reduce()
                alone = device_times(
                    lambda p=placed, r=reduction: lattice_device.run([p], [r], best=True, ratios=True),
                    device,
                    options.repeat,
                )
                ours = wall_times(lambda c=canvas: c.propose(True), device, options.repeat)
                theirs = wall_times(lambda c=canvas: c.propose(False), device, options.repeat)
                state = "half fixed" if half else "all free"
                tiles = max(placed.table.tiles(group) for group in ("backward", "forward"))
                shape = f"{slots} x {len(constraint.vocabulary)}"
                edges = layout.edge_count()
                yield [name, state, shape, edges, tiles, worst, summary(theirs), summary(ours), summary(alone)]
                canvases += [canvas, Canvas(constraint, logits.bfloat16(), half)]
            batch = [canvas.placed() for canvas in canvases]
            readers = [canvas.reader for canvas in canvases]
            tokens = [canvas.session.tokens for canvas in canvases]
            times = wall_times(
                lambda b=batch, r=readers, t=tokens: lattice_device.propose(b, r, t), device, options.repeat
            )
            name, state = f"all, {len(batch)} canvases", "half fixed" if half else "all free"
            yield [name, state, f"{slots} x {width}", *[""] * 4, summary(times), ""]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--out", type=Path, default=RESULTS)
    parser.add_argument("--vocabulary", type=Path, help="file written by common.py, instead of mistral-common")
    parser.add_argument("--repeat", type=int, default=30)
    options = parser.parse_args()
    device = torch.device(options.device)
    header = [
        "schema",
        "canvas",
        "logits",
        "edges of a slot",
        "tiles",
        "confidence differs by",
        "host",
        "device",
        "passes",
    ]
    found: list[list[Any]] = []
    for line in lines(options, device):
        found.append(line)
        print(*line, sep=" | ", flush=True)
        title = (
            f"# Proposals by the host and on the device, milliseconds (median / 99th percentile of {options.repeat})"
        )
        write_result("gpu_lattice", f"{title}\n\n{machine()}\n\n{table(header, found)}", options.out)


if __name__ == "__main__":
    main()
