"""Scaffolds of the embedded model on held-out records: field accuracy and forwards.

``python benchmarks/scaffold.py --pools FOLDER/pools.json``: as ``embedded_quality.py``. Canvases get the lengths that
``Model.generate`` chooses: nothing about the gold answer goes into them.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

from common import machine, table, write_result

import latticework as lw
from latticework.bench.documents import Tally, records_of, schema_of, score
from latticework.models.embedded.training.generator import SPLITS

WAYS = ("soft", "soft/8", "soft/32", "elastic", "elastic/8", "elastic/32", "none")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pools", type=Path)
    parser.add_argument("--records", type=int, default=32, help="documents per split")
    parser.add_argument("--model", default="embedded")
    parser.add_argument(
        "--ways",
        nargs="+",
        choices=WAYS,
        default=("soft", "elastic", "elastic/8", "elastic/32"),
        help="a scaffold, and the block length where it is not that of the model",
    )
    parser.add_argument("--splits", nargs="+", choices=list(SPLITS), default=list(SPLITS))
    arguments = parser.parse_args()

    model = lw.load(arguments.model)
    rows = []
    for split in arguments.splits:
        records = records_of(split, arguments.records, arguments.pools)
        schemas = [schema_of(record.leaves) for record in records]
        for way in arguments.ways:
            kind, _, block = way.partition("/")
            begun = time.perf_counter()
            results = model.generate(
                [record.text for record in records],
                schemas,
                scaffold=kind,
                block_length=int(block) if block else None,
            )
            tally = Tally(seconds=time.perf_counter() - begun)
            for record, result in zip(records, results, strict=True):
                score(tally, record, result.text, result.error is None)
                tally.forwards += result.forwards
            kinds = ", ".join(
                f"{name} {tally.right[name] / count:.2f} ({count})" for name, count in sorted(tally.total.items())
            )
            rows.append(
                [
                    split,
                    way,
                    f"{tally.valid / tally.documents:.2f}",
                    f"{tally.exact():.3f}",
                    tally.total.total(),
                    f"{tally.forwards / tally.documents:.1f}",
                    f"{sum(result.slots for result in results) / tally.documents:.0f}",
                    kinds,
                ]
            )
            print(*rows[-1], sep=" | ", flush=True)
            report(arguments.records, rows)


def report(records: int, rows: list[list[Any]]) -> None:
    header = ["split", "scaffold/block", "valid", "fields right", "fields", "forwards", "slots", "by kind"]
    write_result(
        "scaffold",
        "# Scaffolds of the embedded model on held-out records\n\n"
        f"`python benchmarks/scaffold.py {' '.join(sys.argv[1:])}`; {machine()}; threshold policy, blocks of 3 slots "
        "that reach on unless the way says otherwise, lengths as `Model.generate` chooses them (nothing of the gold "
        "answer is used); "
        f"{records} documents a row, one field is about 0.016.\n\n{table(header, rows)}",
    )


if __name__ == "__main__":
    main()
