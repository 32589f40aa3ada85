"""Temperatures that calibrate the embedded model's confidence in values, fitted on the dev split of generated tasks.

    python -m latticework.evaluation.tasks tasks.jsonl --count 200 --seed 1
    python benchmarks/calibration.py tasks.jsonl --documents 40 --out FOLDER

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
from latticework.evaluation.calibration import expected_calibration_error, fit_temperature
from latticework.evaluation.dataset import read_tasks
from latticework.evaluation.running import Run, evaluate
from latticework.evaluation.summary import FITTED_ON, rated
from latticework.models.embedded.loading import CALIBRATION, WEIGHTS

KINDS = ("soft", "elastic")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tasks", type=Path)
    parser.add_argument("--documents", type=int, default=40)
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
        temperatures[kind] = round(fit_temperature(pairs), 2)
        before = expected_calibration_error(pairs)
        after = expected_calibration_error([(scaled(p, temperatures[kind]), right) for p, right in pairs])
        print(f"{kind}: {len(pairs)} values, temperature {temperatures[kind]}, error {before:.3f} -> {after:.3f}")
    source = f"benchmarks/calibration.py --documents {arguments.documents}, split {FITTED_ON}"
    found = {"fitted_by": source, "temperatures": temperatures}
    (WEIGHTS / CALIBRATION).write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
