"""Temperatures that calibrate the embedded model's confidence in values, fitted on the dev split of generated tasks.

Fitted by the least Brier score. Log loss would be all about the few values that the constraint forced upon the model:
their confidence is 1e-10 and less, and about half of them are right.

    python -m latticework.evaluation.tasks tasks.jsonl --count 200 --seed 1
    python benchmarks/calibration.py tasks.jsonl --out FOLDER

Writes ``calibration.json`` beside the weights: one temperature for soft and one for elastic canvases. Answers are kept
in ``FOLDER`` with their raw confidences, so that a run goes on where it was stopped.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from ablations import fits, spread

import latticework as lw
from latticework.diffusion.confidence import scaled
from latticework.evaluation.calibration import Rated, expected_calibration_error
from latticework.evaluation.dataset import read_tasks
from latticework.evaluation.running import Run, evaluate
from latticework.evaluation.summary import FITTED_ON, rated
from latticework.models.embedded.loading import CALIBRATION, WEIGHTS

KINDS = ("soft", "elastic")
_CANDIDATES = [tenths / 10 for tenths in range(5, 60)]


def brier(pairs: Rated, temperature: float) -> float:
    """Mean square of the distance of scaled confidences to what happened."""
    return sum((scaled(p, temperature) - right) ** 2 for p, right in pairs) / max(1, len(pairs))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tasks", type=Path)
    parser.add_argument("--documents", type=int, default=24)
    parser.add_argument("--room", type=int, default=256)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    model = lw.load("embedded")
    model.backend.confidence_temperatures = {}  # pyright: ignore[reportAttributeAccessIssue]
    own = [task for task in read_tasks(arguments.tasks, splits=[FITTED_ON]) if fits(model, task, arguments.room)]
    arguments.out.mkdir(parents=True, exist_ok=True)
    temperatures: dict[str, float] = {}
    for kind in KINDS:
        runs = [Run.of("constrained", "embedded", {"scaffold": kind}, f"raw {kind}")]
        pairs = rated(evaluate(model, spread(own, arguments.documents), runs, arguments.out / "results.jsonl"))
        temperatures[kind] = min(_CANDIDATES, key=lambda temperature: brier(pairs, temperature))
        before = expected_calibration_error(pairs)
        after = expected_calibration_error([(scaled(p, temperatures[kind]), right) for p, right in pairs])
        print(f"{kind}: {len(pairs)} values, temperature {temperatures[kind]}, error {before:.3f} -> {after:.3f}")
    source = f"benchmarks/calibration.py --documents {arguments.documents}, split {FITTED_ON}"
    found = {"fitted_by": source, "temperatures": temperatures}
    (WEIGHTS / CALIBRATION).write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
