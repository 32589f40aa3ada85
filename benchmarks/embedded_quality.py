"""Field accuracy of the embedded model on held-out records, constrained beside unconstrained.

``python benchmarks/embedded_quality.py --pools FOLDER/pools.json``: FOLDER is the working folder of
``python -m latticework.models.embedded.training``; Faker draws the pools where the file is missing.

Same model, same prompts (the schema is described in both), same canvases and policy; the constraint is the only
difference. A field is right when its parsed value and its type equal the gold value; a key that should be left out is
right when it is left out. The floor is a model that always writes null.
"""

from __future__ import annotations

import argparse
import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from common import RESULTS, machine, table, write_result

import latticework as lw
from latticework.bench.documents import decode, records_of
from latticework.diffusion.loop import Options
from latticework.diffusion.policy import Threshold
from latticework.diffusion.row import Row
from latticework.models.embedded.training.generator import SPLITS

MODES = ("constrained", "constrained, nothing forced", "unconstrained")


@contextlib.contextmanager
def without_forced_slots() -> Iterator[None]:
    """Slots with one admissible token wait for the model like all others."""
    settle = Row.settle
    Row.settle = lambda self: np.empty(0, dtype=np.int64)
    try:
        yield
    finally:
        Row.settle = settle


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pools", type=Path, required=True)
    parser.add_argument("--records", type=int, default=64, help="documents per split")
    parser.add_argument("--spare", type=int, default=24, help="slots of the canvas beyond the gold response")
    parser.add_argument("--threshold", type=float, default=0.9)
    parser.add_argument("--block-length", type=int)
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--model", default="embedded")
    parser.add_argument("--modes", nargs="+", choices=MODES, default=MODES)
    arguments = parser.parse_args()

    options = Options(
        policy=Threshold(arguments.threshold), block_length=arguments.block_length, batch_size=arguments.batch_size
    )
    model = lw.load(arguments.model)
    results: dict[str, Any] = {"machine": machine(), "options": {**vars(arguments), "pools": None}, "splits": {}}
    rows = []
    for split in SPLITS:
        drawn = records_of(split, arguments.records, arguments.pools)
        results["splits"][split] = {}
        for mode in arguments.modes:
            asked = without_forced_slots() if mode.endswith("forced") else contextlib.nullcontext()
            with asked:
                tally = decode(model, drawn, mode != "unconstrained", options, arguments.spare)
            results["splits"][split][mode] = tally.as_dict()
            rows.append(
                [
                    split,
                    mode,
                    f"{tally.valid / tally.documents:.3f}",
                    f"{tally.exact():.3f}",
                    tally.total.total(),
                    f"{tally.total['null'] / tally.total.total():.2f}",
                    f"{tally.forwards / tally.documents:.1f}",
                    f"{1e3 * tally.seconds / tally.documents:.0f}",
                ]
            )
            print(split, mode, json.dumps(results["splits"][split][mode]), flush=True)
    header = ["split", "mode", "valid", "field exact match", "fields", "null floor", "forwards", "ms per document"]
    by_kind = [
        [split, mode, *(f"{kind} {share:.2f} ({n})" for kind, (share, n) in done["by_kind"].items())]
        for split, both in results["splits"].items()
        for mode, done in both.items()
    ]
    kinds = "\n".join(f"- {split}, {mode}: " + ", ".join(cells) for split, mode, *cells in by_kind)
    (RESULTS / "embedded_quality.json").write_text(json.dumps(results, indent=1) + "\n")
    write_result(
        "embedded_quality",
        f"# The embedded model on held-out records\n\n{machine()}; {arguments.records} documents per split, "
        f"threshold {arguments.threshold}, block length {arguments.block_length}, batch {arguments.batch_size}, "
        f"{arguments.spare} spare slots.\n\n{table(header, rows)}\n\nBy kind of value:\n\n{kinds}",
    )


if __name__ == "__main__":
    main()
